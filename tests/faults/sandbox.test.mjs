// The sealed children of a running agent, taken over: each is made to do one thing that an attacker inside
// it would try. The kernel kills it at once (SIGSYS), also for what would fail here by itself, and the outputs
// are at zero in the bound of that loss.
import assert from 'node:assert/strict';
import { readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { after, test } from 'node:test';
import { monotonic } from '../lib/boxlog.mjs';
import { inject, noInject } from '../lib/inject.mjs';
import { until } from '../lib/proc.mjs';
import { LEVEL, Rig } from '../lib/rig.mjs';

const SIGSYS = 31;
const BOUND = { box: 2500, link: 1500, ui: 1500 };
const AT_FDCWD = -100;
const [AF_UNIX, AF_INET, SOCK_STREAM] = [1, 2, 1];
const [PTRACE_ATTACH, PTRACE_SEIZE] = [16, 0x4206];
const [TIOCSTI, TIOCLINUX, TIOCSETD, TIOCCONS] = [0x5412, 0x541c, 0x5423, 0x541d];
const PROT_ALL = 7;
const results = [];

// 127.0.0.1:port as a struct sockaddr_in.
const loopback = (port) => `x:0200${port.toString(16).padStart(4, '0')}7f000001${'00'.repeat(8)}`;

// What is tried in each child: name, call, arguments; { guard, serial, port, tty } say who and what is around.
const everywhere = [
  ['a file is opened', 'openat', () => [AT_FDCWD, '=/etc/passwd', 0]],
  ['a file is opened by another call', 'openat2', () => [AT_FDCWD, '=/etc/passwd', `x:${'00'.repeat(24)}`, 24]],
  ['a program is started', 'execve', () => ['=/bin/sh', 0, 0]],
  ['a process is made', 'clone', () => [17, 0, 0, 0, 0]],
  ['an internet socket', 'socket', () => [AF_INET, SOCK_STREAM, 0]],
  ['a local socket', 'socket', () => [AF_UNIX, SOCK_STREAM, 0]],
  ['the guard is killed', 'kill', ({ guard }) => [guard, 9]],
  ['a thread of the guard is killed', 'tgkill', ({ guard }) => [guard, guard, 9]],
  ['the guard is stopped through a handle', 'pidfd_open', ({ guard }) => [guard, 0]],
  ['the guard is traced', 'ptrace', ({ guard }) => [PTRACE_ATTACH, guard, 0, 0]],
  ['the guard is traced quietly', 'ptrace', ({ guard }) => [PTRACE_SEIZE, guard, 0, 0]],
  ['the guard\'s memory is read', 'process_vm_readv', ({ guard }) => [guard, `x:${'00'.repeat(16)}`, 1, `x:${'00'.repeat(16)}`, 1, 0]],
  ['the guard\'s memory is written', 'process_vm_writev', ({ guard }) => [guard, `x:${'00'.repeat(16)}`, 1, `x:${'00'.repeat(16)}`, 1, 0]],
  ['a descriptor of the guard is taken', 'pidfd_getfd', () => [3, 3, 0]],
  ['the serial port is opened', 'openat', ({ serial }) => [AT_FDCWD, `=${serial}`, 2]],
  ['keys are typed into the terminal', 'ioctl', () => [0, TIOCSTI, '=x']],
  ['the terminal\'s line discipline is changed', 'ioctl', () => [0, TIOCSETD, 'x:00000000']],
  ['the console is taken', 'ioctl', () => [0, TIOCCONS, 0]],
  ['the console\'s clipboard is pasted', 'ioctl', () => [0, TIOCLINUX, 'x:03']],
  ['memory is made executable', 'mmap', () => [0, 4096, PROT_ALL, 0x22, -1, 0]],
  ['a BPF program is loaded', 'bpf', () => [5, `x:${'00'.repeat(64)}`, 64]],
  ['io_uring is set up', 'io_uring_setup', () => [8, `x:${'00'.repeat(120)}`]],
  ['a limit is raised', 'prlimit64', () => [0, 7, `x:${'ff'.repeat(16)}`, 0]],
  ['the guard\'s limit is changed', 'prlimit64', ({ guard }) => [guard, 2, `x:${'00'.repeat(16)}`, 0]],
  ['another user is taken on', 'setuid', () => [0]],
];
const own = {
  box: [['a connection is made', 'connect', ({ port }) => [3, loopback(port), 16]]],
  link: [
    ['a second connection is made', 'connect', ({ port }) => [4, loopback(port), 16]],
    ['a server is opened', 'listen', () => [4, 1]],
    ['a signal handler is set', 'rt_sigaction', () => [10, `x:${'00'.repeat(32)}`, 0, 8]],
  ],
  ui: [['a connection is made', 'connect', ({ port }) => [3, loopback(port), 16]]],
};
// A ui that dies takes the agent with it, and each new one costs seconds: the filter's half that all three
// share is tried in the others.
const shared = new Set(['openat2', 'tgkill', 'process_vm_writev', 'bpf', 'io_uring_setup', 'setuid', 'prlimit64', 'pidfd_open', 'clone']);
const attempts = (role) => [...everywhere.filter(([, call]) => role !== 'ui' || !shared.has(call)), ...own[role]];

const status = (pid, name) => readFileSync(`/proc/${pid}/status`, 'utf8').match(new RegExp(`^${name}:\\s+(.*)$`, 'm'))[1];
const limit = (pid, name) => readFileSync(`/proc/${pid}/limits`, 'utf8').match(new RegExp(`^${name}\\s+(\\S+)\\s+(\\S+)`, 'm')).slice(1);

// One attempt in one child, from a box at a level.
async function attempt(rig, role, [name, call, args], around) {
  await rig.ready();
  const pid = rig.agent.children()[role];
  const since = monotonic();
  const end = inject(pid, call, ...args({ ...around(rig), guard: rig.agent.pid }));
  assert.ok(!rig.agent.over(), 'the guard lives');
  assert.deepEqual(end, { killed: SIGSYS }, name);
  const worst = await rig.log.zeroAfter(since, BOUND[role] + 3000);
  assert.ok(worst <= BOUND[role], `zero took ${worst.toFixed(0)} ms`);
  return worst;
}

async function escapes(t, role, rig, around) {
  let worst = 0;
  t.after(() => rig.close());
  for (const one of attempts(role)) {
    await t.test(`${role}: ${one[0]}`, { timeout: 40000 }, async () => {
      worst = Math.max(worst, await attempt(rig, role, one, around));
      if (role === 'ui') await rig.agent.stop();
    });
  }
  results.push({ role, tried: attempts(role).length, worst });
}

// Somebody listens, so that a connection would succeed if it could be tried.
async function listener(t) {
  const server = createServer(() => {});
  await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
  t.after(() => server.close());
  return server.address().port;
}

test('sealed children of a running agent', { skip: noInject(), concurrency: true }, async (t) => {
  const port = await listener(t);
  const around = ({ stack }) => ({ port, serial: readlinkSync(`${stack.dir}/box`) });
  await Promise.all(['box', 'link', 'ui'].map((role) =>
    t.test(role, (one) => escapes(one, role, new Rig(one), around))));
});

test('every child is sealed, may not gain anything, leaves no core; the guard is closed to debuggers', async (t) => {
  const rig = new Rig(t);
  await rig.ready();
  const children = rig.agent.children();
  assert.deepEqual(Object.keys(children).filter((role) => BOUND[role]).sort(), ['box', 'link', 'ui']);
  for (const role of Object.keys(BOUND)) {
    const pid = children[role];
    assert.equal(status(pid, 'Seccomp'), '2', `${role}: filtered`);
    assert.equal(status(pid, 'NoNewPrivs'), '1', `${role}: no new privileges`);
    assert.deepEqual(limit(pid, 'Max core file size'), ['0', '0'], `${role}: no core`);
  }
  assert.deepEqual(limit(children.link, 'Max data size'), [`${64 << 20}`, `${64 << 20}`], 'the link\'s memory is bounded');
  if (!noInject()) {
    const PR_GET_DUMPABLE = 3;
    assert.deepEqual(inject(rig.agent.pid, 'prctl', PR_GET_DUMPABLE), { returned: 0 }, 'the guard is not dumpable');
    await until(() => rig.log.now().a === LEVEL, 1000, 'and was not disturbed by this look');
  }
  await rig.close();
});

after(() => {
  console.log('\nThings that a child taken over tried:\n');
  for (const { role, tried, worst } of results) {
    console.log(`  ${role.padEnd(5)} ${tried} tried, each killed for it; zero after at most ${worst.toFixed(0)} ms (bound ${BOUND[role]} ms)`);
  }
});
