// Starting and ending programs in tests: every one is ended by its own pid, none outlives its test.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
// Where the programs under test are: build/dev/bin unless TETHER_BIN says otherwise.
export const bin = process.env.TETHER_BIN ?? path.join(root, 'build/dev/bin');

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// A folder of its own, removed at the end of test context `t`.
export function folder(t) {
  const dir = mkdtempSync(path.join(tmpdir(), 'tether-'));
  t?.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

const PORTS = 80; // for each process
let given = 0;

const isFree = (port) => new Promise((done, fail) => {
  const server = createServer();
  server.once('error', (error) => (error.code === 'EADDRINUSE' ? done(false) : fail(error)));
  server.listen(port, '127.0.0.1', () => server.close(() => done(true)));
});

// A free TCP port on 127.0.0.1, which nobody else gets meanwhile: each of the processes that run at once takes
// its own in turn, and all are below those that the system gives to connections.
export async function freePort() {
  for (let i = 0; i < PORTS; i += 1) {
    const port = 11000 + (process.pid % 250) * PORTS + given++ % PORTS;
    if (await isFree(port)) return port;
  }
  throw new Error(`none of ${PORTS} ports is free`);
}

// CA and server certificate in `dir`: { ca, cert, key } as paths.
export function certs(dir, ...names) {
  execFileSync(path.join(root, 'compose/certs'), [dir, ...names]);
  return { ca: `${dir}/ca.pem`, cert: `${dir}/server.pem`, key: `${dir}/server.key` };
}

// Polls until check() is truthy and returns that value; throws after ms with `what`
// (a text, or a function that makes one then).
export async function until(check, ms, what) {
  const end = Date.now() + ms;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (Date.now() > end) throw new Error(`after ${ms} ms still not: ${typeof what === 'function' ? what() : what}`);
    await sleep(20);
  }
}

// Runs a program. Returns { pid, out(), err(), lines(), write(text), exited, stop() }; stopped at
// the end of test context `t` (if given) by SIGTERM to its pid, after 3 s by SIGKILL.
export function start(t, file, args = [], options = {}) {
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'], ...options });
  let out = '';
  let err = '';
  child.stdout?.on('data', (d) => { out += d; });
  child.stderr?.on('data', (d) => { err += d; });
  child.stdin?.on('error', () => {});
  const exited = new Promise((done) => {
    child.once('error', (error) => { err += error; done({ code: -1, signal: null }); });
    child.once('exit', (code, signal) => done({ code, signal }));
  });
  const over = () => child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
  const stop = async (signal = 'SIGTERM') => {
    if (over()) return exited;
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), 3000);
    const result = await exited;
    clearTimeout(timer);
    return result;
  };
  t?.after(() => stop());
  return {
    pid: child.pid,
    child,
    exited,
    stop,
    over,
    out: () => out,
    err: () => err,
    lines: () => out.split('\n').filter(Boolean),
    write: (text) => child.stdin.write(text),
    // Resolves with the first match of `pattern` in standard output or error. A busy machine takes seconds to start one.
    match: (pattern, ms = 20000) =>
      until(() => {
        const found = out.match(pattern) ?? err.match(pattern);
        if (!found && over()) throw new Error(`${file} ended without ${pattern}\n${out}${err}`);
        return found;
      }, ms, () => `${path.basename(file)} says ${pattern}\n${out}${err}`),
  };
}

// In front of a command: it and its children see no other processes. Where `tether stop` finds no tether
// in its usual places it looks at all processes, and there may be others under test. Empty where that can't be had.
export const alone = [['unshare', '-pf', '--kill-child', '--mount-proc'], ['unshare', '-Urpf', '--kill-child', '--mount-proc']]
  .find(([file, ...args]) => spawnSync(file, [...args, 'true']).status === 0) ?? [];

// A copy of `tether`, and of its simulated box, for another user: the build may be where only its own user may enter.
export function copyProgram(dir) {
  mkdirSync(`${dir}/bin`);
  for (const name of ['tether', 'tether-box']) copyFileSync(path.join(bin, name), `${dir}/bin/${name}`);
  return `${dir}/bin/tether`;
}

// The tool's standard output; throws when it fails.
export const run = (file, args = [], options = {}) =>
  execFileSync(file, args, { encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'], ...options });

export const read = (file) => readFileSync(file, 'utf8');
