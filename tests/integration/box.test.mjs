// The real box process, sealed, on the simulated box's pty. A stand-in for the guard (box_parent)
// gives the orders; what happened is read from the simulator's own log, by its own clock.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import { bin, folder, read, sleep, start, until } from '../lib/proc.mjs';

const KILL = 1, LEVEL_A = 2, LEVEL_B = 3, PARAM_C = 4, MODE = 6, POWER = 7;
const WAVE = 6;

// { at, what, text } of each line of the simulator's log.
const events = (file) =>
  read(file).split('\n').filter(Boolean).map((line) => {
    const [, at, what, text] = line.match(/^(\S+) (\S+) ?(.*)$/);
    return { at: Number(at), what, text };
  });

// The moment that the simulator's log calls "now": it answers a harmless turn of its hand.
async function mark(sim) {
  const before = events(sim.log).length;
  sim.write('battery 540\n');
  const found = await until(() => events(sim.log).slice(before).find((e) => e.what === 'hand'), 2000, 'a mark');
  return found.at;
}

const commands = (sim, from = 0) =>
  events(sim.log).filter((e) => e.what === 'in' && e.at >= from).map((e) => JSON.parse(e.text));

// Milliseconds from `from` to the first moment when both outputs are at zero.
const zeroAfter = (sim, from, ms = 4000) =>
  until(() => events(sim.log).find((e) => e.at >= from && e.what === 'level' && e.text === 'A=0 B=0'),
    ms, 'zero').then((e) => e.at - from);

async function simulator(t, ...args) {
  const dir = folder(t);
  const sim = start(t, path.join(bin, 'tether-box'), ['--link', `${dir}/port`, '--log', `${dir}/log`, ...args]);
  await sim.match(/^ready/m);
  return Object.assign(sim, { port: `${dir}/port`, log: `${dir}/log` });
}

async function guard(t, port, ...args) {
  const g = start(t, path.join(bin, 'box_parent'), [port, ...args]);
  g.box = Number((await g.match(/^box pid=(\d+)/m))[1]);
  // The box outlives its guard on purpose; a test that failed must not leave it behind.
  t.after(() => { if (isAlive(g.box)) process.kill(g.box, 'SIGKILL'); });
  g.reports = () => g.lines().filter((l) => l.startsWith('report ')).map(fields);
  g.last = () => g.reports().at(-1);
  g.reported = (check, ms, what) => until(() => g.last() && check(g.last()), ms ?? 3000, what ?? `${check}`)
    .catch((error) => { throw new Error(`${error.message}\n${g.lines().slice(-3).join('\n')}\n${g.err()}`); });
  // Sends an order; resolves when the report says that it is done. Sent again when it is not: on a
  // machine so busy that heartbeats come late, the box rightly goes to zero and drops it.
  g.order = async (act, value) => {
    for (let left = 3; ; left--) {
      const before = ordered(g).length;
      g.write(`order ${act} ${value}\n`);
      const seq = await until(() => ordered(g)[before]?.seq, 2000, 'the order was sent');
      try {
        return await g.reported((r) => r.done >= seq, 1500, `order ${act} ${value} is done`);
      } catch (error) {
        if (left === 1) throw error;
      }
    }
  };
  return g;
}

const ordered = (g) => g.lines().filter((l) => l.startsWith('ordered ')).map(fields);

// "report seq=1 port=ok" -> { seq: 1, port: 'ok' }
const fields = (line) => Object.fromEntries(line.split(' ').slice(1).map((pair) => {
  const [name, value] = pair.split('=');
  return [name, /^\d+$/.test(value) ? Number(value) : value];
}));

function isAlive(pid) {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

async function ready(t, ...args) {
  const sim = await simulator(t, ...args);
  const g = await guard(t, sim.port);
  await g.reported((r) => r.zero === 1 && r.port === 'ok', 3000);
  await sleep(150);
  return { sim, g };
}

async function live(t, ...args) {
  const { sim, g } = await ready(t, ...args);
  await g.order(LEVEL_A, 40);
  await g.order(LEVEL_B, 30);
  return { sim, g };
}

test('it begins with K, three times within 150 ms, before anything else', async (t) => {
  const { sim } = await ready(t);
  const ins = events(sim.log).filter((e) => e.what === 'in');
  assert.deepEqual(commands(sim).slice(0, 5), ['K\r', 'K\r', 'K\r', 'K\r', 'K\r']);
  assert.ok(ins[2].at - ins[0].at < 150, `${ins[2].at - ins[0].at} ms`);
});

test('orders arrive and the report follows, on every firmware', async (t) => {
  for (const [firmware, count, wave] of [['2.106', 9, 'M5\r'], ['2.118B', 10, 'M6\r'], ['2.119B', 11, 'M6\r'], ['2.131B', 13, 'M6\r']]) {
    const { sim, g } = await ready(t, '--firmware', firmware);
    await g.order(MODE, WAVE);
    await g.order(POWER, 1);
    await g.order(PARAM_C, 70);
    await g.order(LEVEL_A, 25);
    const { a, c, power, fields: n, version } = g.last();
    assert.deepEqual({ a, c, power, n, version }, { a: 50, c: 140, power: 1, n: count, version: firmware });
    assert.ok(commands(sim).includes(wave), firmware);
    await g.stop();
  }
});

test('a firmware whose numbering nobody knows is never sent a mode above 2', async (t) => {
  const { sim, g } = await ready(t, '--firmware', '2.116B');
  assert.equal(g.last().modes, 7);
  g.write(`order ${MODE} ${WAVE}\n`);
  await sleep(400);
  assert.deepEqual(commands(sim).filter((c) => c.startsWith('M')), []);
});

test('a kill is at the box within 150 ms, also with a reply lost', async (t) => {
  const { sim, g } = await live(t);
  sim.write('mute 1\n');
  await mark(sim);
  const from = await mark(sim);
  g.write(`order ${KILL} 0\n`);
  const ms = await zeroAfter(sim, from);
  t.diagnostic(`zero after ${ms.toFixed(1)} ms`);
  assert.ok(ms < 150, `${ms} ms`);
  await g.reported((r) => r.zero === 1, 1500);
});

test('guard killed -9: zero within 1.5 s, confirmed, then the box ends', async (t) => {
  const { sim, g } = await live(t);
  const from = await mark(sim);
  process.kill(g.pid, 'SIGKILL');
  const ms = await zeroAfter(sim, from);
  t.diagnostic(`zero after ${ms.toFixed(1)} ms`);
  assert.ok(ms < 1500, `${ms} ms`);
  await until(() => !isAlive(g.box), 2000, 'the box process has ended');
  assert.ok(commands(sim, from).filter((c) => c === 'K\r').length >= 3);
});

test('guard stopped (SIGSTOP): zero within 1.5 s', async (t) => {
  const { sim, g } = await live(t);
  const from = await mark(sim);
  process.kill(g.pid, 'SIGSTOP');
  t.after(() => { try { process.kill(g.pid, 'SIGCONT'); } catch { /* has gone */ } });
  const ms = await zeroAfter(sim, from);
  t.diagnostic(`zero after ${ms.toFixed(1)} ms`);
  assert.ok(ms < 1500, `${ms} ms`);
  await sleep(1000);
  assert.deepEqual(new Set(commands(sim, from + ms)), new Set(['K\r']));
  process.kill(g.pid, 'SIGCONT');
});

test('heartbeats stop: zero within 1.5 s, and nothing but K until they come back', async (t) => {
  const { sim, g } = await live(t);
  g.write('hush\n');
  const from = await mark(sim);
  const ms = await zeroAfter(sim, from);
  t.diagnostic(`zero after ${ms.toFixed(1)} ms`);
  assert.ok(ms < 1500, `${ms} ms`);
  await sleep(1000);
  assert.deepEqual(new Set(commands(sim, from + ms)), new Set(['K\r']));
  g.write('beat\n');
  await sleep(600);
  await g.order(LEVEL_A, 3);
});

test('a guard that reads no reports does not keep the box from obeying it', async (t) => {
  const { sim, g } = await live(t);
  g.write('deaf\n');
  await sleep(4000);
  const from = await mark(sim);
  g.write(`order ${KILL} 0\n`);
  assert.ok(await zeroAfter(sim, from) < 150);
});

test('a frame that is none ends the guard for the box: zero', async (t) => {
  for (const bytes of ['00', '01010000', '0101000e' + '00'.repeat(13), '02010000', '01ff0000']) {
    const { sim, g } = await live(t);
    const from = await mark(sim);
    g.write(`raw ${bytes}\n`);
    assert.ok(await zeroAfter(sim, from) < 1500, bytes);
    assert.deepEqual(await g.exited, { code: 0, signal: null });
    assert.match(g.out(), /^exit code=0$/m);
  }
});

test('signals do not end it', async (t) => {
  const { sim, g } = await live(t);
  const from = await mark(sim);
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGTSTP', 'SIGUSR1', 'SIGUSR2', 'SIGALRM']) {
    process.kill(g.box, signal);
  }
  await g.order(LEVEL_A, 20);
  assert.ok(isAlive(g.box));
  assert.ok(!commands(sim, from).includes('K\r'));
});

test('it is sealed, in its own session, and holds its socket and the port only', async (t) => {
  const { sim, g } = await ready(t);
  const status = read(`/proc/${g.box}/status`);
  assert.match(status, /^Seccomp:\s+2$/m);
  assert.match(status, /^NoNewPrivs:\s+1$/m);
  assert.equal(read(`/proc/${g.box}/stat`).replace(/^.*\) /, '').split(' ')[3], String(g.box));
  const held = readdirSync(`/proc/${g.box}/fd`).map(Number).sort((a, b) => a - b);
  const names = held.map((n) => readlinkSync(`/proc/${g.box}/fd/${n}`));
  assert.equal(held.length, 6, names.join(' '));
  assert.match(names[3], /^socket:/);
  assert.equal(names[4], 'anon_inode:[signalfd]');
  assert.equal(names[5], readlinkSync(sim.port));
});

test('menu open: silent, K until two answers say zero, and the old order is not obeyed after it', async (t) => {
  const { sim, g } = await live(t);
  sim.write('menu open\n');
  await g.reported((r) => r.port === 'silent', 1500);
  assert.equal(g.last().zero, 0);
  g.write(`order ${LEVEL_A} 60\n`);
  await sleep(1500);
  assert.equal(g.last().zero, 0);
  sim.write('menu close\n');
  await g.reported((r) => r.port === 'ok' && r.zero === 1, 2000);
  assert.ok(!commands(sim).includes('A60\r'));
  await g.order(LEVEL_A, 1);
});

test('guard gone while the menu is open: the box process goes on with K until another one takes the port', async (t) => {
  const { sim, g } = await live(t);
  sim.write('menu open\n');
  await g.reported((r) => r.port === 'silent', 1500);
  process.kill(g.pid, 'SIGKILL');
  await sleep(2500);
  assert.ok(isAlive(g.box));
  const second = await guard(t, sim.port);
  await until(() => !isAlive(g.box), 3000, 'the first box process has let go');
  await second.reported((r) => r.port === 'silent', 2000);
  assert.ok(isAlive(second.box));
  sim.write('menu close\n');
  await second.reported((r) => r.zero === 1, 3000);
});

test('a port in use by a box process that has a guard is left to it', async (t) => {
  const { sim, g } = await live(t);
  const second = await guard(t, sim.port);
  await second.match(/^exit code=1$/m, 6000);
  assert.equal(second.last().port, 'busy');
  assert.match(second.err(), /another program is using the serial port/);
  assert.ok(isAlive(g.box));
  assert.equal(g.last().a, 80);
});

test('a box process killed -9 is followed by one that begins with K', async (t) => {
  const { sim, g } = await live(t);
  const from = await mark(sim);
  process.kill(g.box, 'SIGKILL');
  await g.match(/^exit signal=9$/m);
  const next = await guard(t, sim.port);
  const ms = await zeroAfter(sim, from);
  t.diagnostic(`zero after ${ms.toFixed(1)} ms`);
  assert.equal(commands(sim, from).find((c) => c !== '\r'), 'K\r');
  await next.reported((r) => r.zero === 1, 3000);
});

test('cable pulled: said to be gone, and the process ends', async (t) => {
  const { sim, g } = await live(t);
  sim.write('unplug\n');
  await g.match(/^exit code=2$/m, 2000);
  assert.equal(g.last().port, 'gone');
  sim.write('plug\n');
  await until(() => existsSync(sim.port), 2000, 'plugged in');
  const next = await guard(t, sim.port);
  await next.reported((r) => r.zero === 1, 3000);
});

test('ERR, cut, extra and late lines cost no stop', async (t) => {
  const { sim, g } = await live(t);
  const from = await mark(sim);
  for (const [i, mood] of ['err', 'cut line', 'extra line', 'late 150', 'late 0', 'err'].entries()) {
    sim.write(`${mood}\n`);
    await g.order(LEVEL_A, 41 + i);
    await sleep(200);
  }
  assert.deepEqual(commands(sim, from).filter((c) => c === 'K\r'), []);
  assert.ok(g.last().faults >= 2);
  assert.equal(g.last().a, 92);
});

test('a turn of the knob is reported', async (t) => {
  const { sim, g } = await ready(t);
  sim.write('knob B 12.5\n');
  await g.reported((r) => r.b === 25 && r.zero === 0, 1000);
});

test('after 16 replies there is an element of the session id, each time another', async (t) => {
  const { g } = await ready(t);
  const elements = () => g.lines().filter((l) => l.startsWith('element ')).map(fields);
  await until(() => elements().length >= 2, 9000, 'two elements');
  const [one, two] = elements();
  assert.ok(one.polls >= 16 && two.polls >= 16);
  assert.match(one.bytes, /^[0-9a-f]{64}$/);
  assert.notEqual(one.bytes, two.bytes);
});

test('no port: said to be gone, at once', async (t) => {
  const g = await guard(t, `${folder(t)}/none`);
  await g.match(/^exit code=1$/m);
  assert.equal(g.last().port, 'gone');
  assert.match(g.err(), /no such serial port/);
});

test('the port of a chosen adapter is not taken when another device is there', async (t) => {
  const sim = await simulator(t);
  const g = await guard(t, sim.port, 'FTGD2KUC');
  await g.match(/^exit code=1$/m);
  assert.match(g.err(), /not the one that was chosen/);
  assert.deepEqual(commands(sim), []);
});
