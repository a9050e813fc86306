// The compose stack as an operator brings it up: own project, own ports, images built when the sources have
// changed since they were last built. Everything is taken down again at the end of its test context.
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, openSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { BoxLog } from './boxlog.mjs';
import { Partner } from './partner.mjs';
import { folder, freePort, root, start, until } from './proc.mjs';

const works = (...args) => spawnSync('docker', args, { stdio: 'ignore' }).status === 0;
const engine = works('compose', 'version') && works('info') && works('image', 'inspect', 'debian:trixie-slim');

// For the option `skip` of a test: false, or why it can't run here.
export const skip = engine ? false : 'no Docker engine with compose and the image debian:trixie-slim here';
// Of all images that tests build.
export const TAG = process.env.TETHER_TAG ?? 'test';
export const compose = path.join(root, 'compose');
const quick = path.join(root, 'tests/compose/quick.yaml');

// What the images are made of, as one number.
function sources() {
  const hash = createHash('sha256');
  const take = (file) => {
    if (statSync(file).isDirectory()) readdirSync(file).sort().forEach((name) => take(path.join(file, name)));
    else hash.update(`${file}\0`).update(readFileSync(file));
  };
  for (const name of ['CMakeLists.txt', 'CMakePresets.json', 'LICENSE', 'CHANGELOG.md', 'tests/functions.cmake', 'agent',
    'broker-conf', 'common', 'compose', 'gateway', 'keysvc', 'web']) take(path.join(root, name));
  return hash.digest('hex');
}

// docker, or docker compose of a Compose: standard output; throws with standard error when it fails.
export function docker(args, options = {}) {
  return execFileSync('docker', args, { encoding: 'utf8', maxBuffer: 1 << 26, timeout: 600000,
    stdio: ['ignore', 'pipe', 'pipe'], ...options });
}

// A prefix of private IPv6 addresses (the first 48 bits) that no other project of this machine has.
function prefix(name) {
  const hex = createHash('sha256').update(name).digest('hex');
  return `fd${hex.slice(0, 2)}:${hex.slice(2, 6)}:${hex.slice(6, 10)}`;
}

export class Compose {
  // name: of the project, "tether-<name>-<pid>". env: for compose.yaml. profiles: ['demo'] has the agent with a
  // simulated box. files: further compose files (absolute paths). soon: health is asked for more often than an operator
  // has it. `t` may be { after } of node:test: one stack for a file.
  constructor(t, { name = 'test', env = {}, profiles = ['demo'], files = [], soon = false } = {}) {
    this.undo = [];
    // Now, while `t` is whom the caller means: in a hook, `after` of node:test would be that of the first test.
    this.t = { after: (what) => this.undo.push(what) };
    t?.after(async () => { for (const what of this.undo.reverse()) await what(); });
    this.project = `tether-${name}-${process.pid}`;
    this.files = [path.join(compose, 'compose.yaml'), ...(soon ? [quick] : []), ...files];
    this.env = { ...process.env, COMPOSE_PROJECT_NAME: this.project, COMPOSE_PROFILES: profiles.join(','),
      TETHER_TAG: TAG, TETHER_BIND: '127.0.0.1', TETHER_NET6: prefix(this.project), DOCKER_BUILDKIT: '0', ...env };
  }

  // docker compose ARGS; standard output.
  docker(args, options = {}) { return docker(this.args(args), { env: this.env, ...options }); }
  args(args) { return ['compose', ...this.files.flatMap((f) => ['-f', f]), ...args]; }
  // The same without holding up this process: { stdout, stderr }, rejects when it fails.
  async run(args, options = {}) {
    return promisify(execFile)('docker', this.args(args), { env: this.env, maxBuffer: 1 << 26, ...options });
  }

  // Once for all files of a test run, and again when a source has changed (unless TETHER_IMAGES=keep).
  build() {
    if (process.env.TETHER_IMAGES === 'keep' && works('image', 'inspect', `tether/agent:${TAG}`)) return;
    const stamp = path.join(tmpdir(), `tether-images-${TAG}`);
    const of = sources();
    const [last, ...built] = existsSync(stamp) ? readFileSync(stamp, 'utf8').split('\n') : [];
    const these = this.files.filter((file) => file !== quick).join();
    if (last === of && built.includes(these) && works('image', 'inspect', `tether/agent:${TAG}`)) return;
    const all = [...new Set(this.docker(['config', '--profiles']).split('\n').filter(Boolean))];
    this.docker(['build', '-q'], { env: { ...this.env, COMPOSE_PROFILES: all.join(','), COMPOSE_PARALLEL_LIMIT: '1' }, timeout: 1200000 });
    writeFileSync(stamp, [of, ...(last === of ? built : []), these].join('\n'));
  }

  // Ports that are free (unless env has them), images, and `up -d`. `args`: further ones of `up`.
  async up(...args) {
    const { env } = this;
    env.TETHER_HTTPS_PORT ??= String(await freePort());
    env.TETHER_MQTT_PORT ??= String(await freePort());
    env.TETHER_HTTP_PORT ??= String(await freePort());
    env.TETHER_ORIGIN ??= `https://localhost:${env.TETHER_HTTPS_PORT}`;
    this.httpsPort = Number(env.TETHER_HTTPS_PORT);
    this.mqttPort = Number(env.TETHER_MQTT_PORT);
    this.httpPort = Number(env.TETHER_HTTP_PORT);
    if (!this.begun) this.t.after(() => this.down());
    this.begun = true;
    this.build();
    try {
      await this.run(['up', '-d', ...args]);
    } catch (error) {
      throw new Error(`${error.stderr}\n${this.logs()}`);
    }
    return this;
  }

  down() {
    this.docker(['--profile', '*', 'down', '--volumes', '--remove-orphans', '--timeout', '5']);
  }

  // The container's id; of one that has ended too.
  id(service) {
    const labels = { project: this.env.COMPOSE_PROJECT_NAME, service, oneoff: 'False' };
    return docker(['ps', '-aq', ...Object.entries(labels).flatMap(([k, v]) => ['--filter', `label=com.docker.compose.${k}=${v}`])]).trim();
  }
  inspect(service) { return JSON.parse(docker(['inspect', this.id(service)]))[0]; }
  // 'starting', 'healthy' or 'unhealthy'; undefined where there is no check or no such container.
  health(service) {
    const id = this.id(service);
    return id ? JSON.parse(docker(['inspect', id]))[0].State.Health?.Status : undefined;
  }

  // `since`: only a check made after this moment (Date.now()) counts.
  async healthy(service, ms = 30000, since = 0) {
    return until(() => {
      const { Running, Health } = this.inspect(service).State;
      const last = Health?.Log?.at(-1);
      return Running && Health?.Status === 'healthy' && last?.ExitCode === 0 && Date.parse(last.Start) > since;
    }, ms, () => `${service} is healthy: ${JSON.stringify(this.inspect(service).State)}`);
  }

  logs(...services) { return this.docker(['logs', '--no-log-prefix', ...services]); }
  // Runs a program inside; its standard output.
  exec(service, ...command) { return this.docker(['exec', '-T', service, ...command]); }

  // The processes inside, oldest first, the container's init being the first: [{ pid (the host's), args }].
  processes(service) {
    return docker(['top', this.id(service), '-o', 'pid,args']).split('\n').slice(1).filter(Boolean)
      .map((line) => line.trim().match(/^(\d+)\s+(.*)$/)).map(([, pid, args]) => ({ pid: Number(pid), args }))
      .sort((one, other) => one.pid - other.pid);
  }

  pids(service) { return this.processes(service).map(({ pid }) => pid); }
  // The part's own: neither the init nor who keeps its log.
  main(service) { return this.processes(service).find(({ args }) => !/^\S*(init|tether-logkeep) /.test(args)).pid; }

  // As a crash would: the engine takes `docker kill` for an order and starts nothing again after it.
  kill(service, pid = this.main(service)) { process.kill(pid, 'SIGKILL'); }

  // The newest link that the demo's agent has told.
  async link(ms = 60000) {
    return until(() => [...this.logs('agent').matchAll(/"link":"(https:[^"]+)"/g)].at(-1)?.[1], ms,
      () => `a link in the agent's log:\n${this.logs()}`);
  }

  // What reaches the demo's simulated box, as a BoxLog; followed until the end of the test.
  box() {
    if (!this.boxlog) {
      const file = path.join(folder(this.t), 'box.log');
      start(this.t, 'docker', this.args(['exec', '-T', 'agent', 'tail', '-n', '+1', '-F', '/tmp/box.log']),
        { env: this.env, stdio: ['ignore', openSync(file, 'w'), 'ignore'] });
      this.boxlog = new BoxLog(file);
    }
    return this.boxlog;
  }

  // The CA of the certificate as a file.
  ca() {
    if (!this.caFile) {
      this.caFile = path.join(folder(this.t), 'ca.pem');
      writeFileSync(this.caFile, this.exec('broker', 'cat', '/etc/tether/tls/ca.pem'));
    }
    return this.caFile;
  }

  // A partner who has joined by the demo's link (or `link`); not yet in control.
  async partner(link, options = {}) { return new Partner(link ?? await this.link(), { ca: this.ca(), ...options }); }
}
