// System calls made by another process as if its code had been taken over (tests/unit/inject.c).
import { execFile, execFileSync } from 'node:child_process';
import path from 'node:path';
import { bin, start } from './proc.mjs';

const program = path.join(bin, 'inject');

// { killed: signal } or { returned: value }; throws where the process can't be traced.
export function inject(pid, call, ...args) {
  const text = execFileSync(program, [pid, call, ...args].map(String), { encoding: 'utf8', timeout: 10000, stdio: ['ignore', 'pipe', 'pipe'] });
  const [what, value] = text.trim().split(' ');
  return { [what]: Number(value) };
}

// The same call again and again, until the process is killed or `times` is over.
export const injectMany = (times, pid, call, ...args) =>
  execFile(program, ['-n', times, pid, call, ...args].map(String), { timeout: 20000 }, () => {});

// Why processes can't be traced here, or false.
export function noInject(t) {
  const victim = start(t, 'sleep', ['5']);
  try {
    inject(victim.pid, 'getppid');
    return false;
  } catch (error) {
    return `processes can't be traced here: ${(error.stderr || error.message).trim()}`;
  } finally {
    victim.child.kill('SIGKILL');
  }
}
