// Before the computer sleeps both outputs are at zero: the real agent beside a stand-in for logind on a
// bus of the test's own. What happened when is read off the simulated box's log and the stand-in's.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { monotonic } from '../lib/boxlog.mjs';
import { Partner } from '../lib/partner.mjs';
import { bin, folder, sleep, start, until } from '../lib/proc.mjs';
import { Agent, startStack } from '../lib/stack.mjs';

const SENTENCE = /^No warning before this computer sleeps: /;

async function startBus(t, dir) {
  const address = `unix:path=${dir}/bus`;
  writeFileSync(`${dir}/bus.conf`, `<busconfig><listen>${address}</listen><auth>EXTERNAL</auth>
    <policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy>
    </busconfig>`);
  const daemon = start(t, 'dbus-daemon', [`--config-file=${dir}/bus.conf`, '--nofork', '--print-address']);
  await daemon.match(/^unix:/m);
  return { address, daemon };
}

async function startLogind(t, address, delay = 5000000) {
  const logind = start(t, path.join(bin, 'logind_standin'), [address, `${delay}`]);
  await logind.match(/^ready/m);
  logind.happened = () => logind.lines().filter((l) => l !== 'ready').map((line) => {
    const [ms, what, ...rest] = line.split(' ');
    return { ms: Number(ms), what, rest: rest.join(' ') };
  });
  logind.held = () => logind.happened().at(-1)?.what === 'inhibit';
  return logind;
}

// A stack whose agent sees that bus, and a partner.
async function startAsleep(t, address) {
  const stack = await startStack(t, { agent: false });
  stack.agent = new Agent(t, stack.agentArgs, { XDG_RUNTIME_DIR: stack.dir, XDG_CONFIG_HOME: stack.dir,
    DBUS_SYSTEM_BUS_ADDRESS: address });
  stack.link = await stack.agent.link();
  stack.sentences = () => stack.agent.events().filter((e) => SENTENCE.test(e.text));
  const partner = new Partner(stack.link, { ca: stack.tls.ca });
  t.after(() => partner.close());
  return { stack, partner };
}

async function startAll(t, { delay } = {}) {
  const { address, daemon } = await startBus(t, folder(t));
  const logind = await startLogind(t, address, delay);
  return { ...(await startAsleep(t, address)), logind, daemon };
}

test('the computer waits until both outputs are confirmed at zero, and nobody raises them meanwhile', async (t) => {
  const { stack, partner, logind } = await startAll(t);
  await sleep(1000);
  assert.deepEqual(logind.happened(), [], 'no lock while nobody is in control');
  await partner.takeControl();
  const [taken] = await until(() => logind.happened().length > 0 && logind.happened(), 5000, 'a lock');
  assert.deepEqual([taken.what, taken.rest], ['inhibit', 'sleep delay']);
  assert.match(readFileSync(`/proc/${stack.agent.children().sleep}/status`, 'utf8'), /^Seccomp:\t2$/m);
  await partner.raise('A', 8);
  await partner.raise('B', 4);
  assert.ok(logind.held());

  const since = monotonic();
  logind.write('sleep\n');
  const released = await until(() => logind.happened().find((e) => e.what === 'released'), 3000, 'the lock is let go');
  const zero = stack.log.levels().find((l) => l.ms >= since && l.a === 0 && l.b === 0);
  assert.ok(zero && zero.ms < released.ms, `zero ${zero?.ms} before the release ${released.ms}`);
  const confirmed = stack.log.lines().filter((l) => l.what === 'out' && l.ms > zero.ms && l.ms < released.ms && /:0:0:/.test(l.text));
  assert.ok(confirmed.length >= 2, `two answers said zero before the release, ${confirmed.length} did`);
  assert.ok(released.ms - since < 1500, `after ${(released.ms - since).toFixed(0)} ms`);

  await partner.when((s) => s.why === 'clock', 2000, 'the partner is told why');
  partner.send('hello');
  partner.level('A', 8);
  await sleep(1500);
  assert.deepEqual([stack.log.now().a, stack.log.now().b, partner.state.guard !== 'live'], [0, 0, true], 'no control while the computer is about to sleep');
  assert.ok(!logind.held());

  logind.write('wake\n');
  await partner.takeControl();
  await until(() => logind.held(), 5000, 'a new lock');
  await partner.raise('A', 3);
});

test('the lock is let go when control ends, whoever ends it', async (t) => {
  const { stack, partner, logind } = await startAll(t);
  await partner.takeControl();
  await until(() => logind.held(), 5000, 'a lock');
  await partner.raise('A', 5);
  const since = monotonic();
  stack.agent.say({ cmd: 'stop' });
  const released = await until(() => logind.happened().find((e) => e.what === 'released'), 5000, 'let go');
  const zero = stack.log.levels().find((l) => l.ms >= since && l.a === 0);
  assert.ok(zero.ms < released.ms, 'but not before zero');
  stack.agent.say({ cmd: 'resume' });
  await partner.takeControl();
  await until(() => logind.held(), 5000, 'a lock again');
  process.kill(stack.agent.pid, 'SIGKILL');
  await until(() => !logind.held(), 5000, 'it dies with the guard');
});

test('a box that does not answer holds the sleep up for two seconds, not for ever', async (t) => {
  const { stack, partner, logind } = await startAll(t);
  await partner.takeControl();
  await partner.raise('A', 5);
  stack.box.write('menu open\n');
  const since = monotonic();
  logind.write('sleep\n');
  const released = await until(() => logind.happened().find((e) => e.what === 'released'), 4000, 'let go');
  assert.ok(released.ms - since > 1900 && released.ms - since < 2500, `after ${(released.ms - since).toFixed(0)} ms`);
});

test('a sleep process that hangs is replaced, and control goes on', async (t) => {
  const { stack, partner, logind } = await startAll(t);
  await partner.takeControl();
  await until(() => logind.held(), 5000, 'a lock');
  const first = stack.agent.children().sleep;
  process.kill(first, 'SIGSTOP');
  await until(() => !logind.held(), 8000, 'it is ended');
  await until(() => logind.held(), 8000, 'the next one has a lock');
  assert.notEqual(stack.agent.children().sleep, first);
  assert.equal(partner.state.guard, 'live');
});

test('where there is no bus, no logind, or none that waits, the wearer is told so once and control works', async (t) => {
  const dir = folder(t);
  const { stack, partner } = await startAsleep(t, `unix:path=${dir}/none`);
  await partner.takeControl();
  await partner.raise('A', 3);
  assert.deepEqual(stack.sentences().map((e) => e.text.replace(SENTENCE, '')), ['there is no system bus (D-Bus).']);
  await stack.agent.program.stop();

  const { address } = await startBus(t, dir);
  const alone = await startAsleep(t, address);
  await until(() => alone.stack.sentences().length > 0, 5000, 'the sentence');
  assert.match(alone.stack.sentences()[0].text, /no logind answers/);
  await alone.stack.agent.program.stop();

  await startLogind(t, address, 0);
  const hasty = await startAsleep(t, address);
  await until(() => hasty.stack.sentences().length > 0, 5000, 'the sentence');
  assert.match(hasty.stack.sentences()[0].text, /set not to wait/);
});

test('a refused lock is told, and so is a bus that goes away', async (t) => {
  const { stack, partner, logind } = await startAll(t);
  assert.deepEqual(stack.sentences(), []);
  logind.write('refuse\n');
  await partner.takeControl();
  await until(() => stack.sentences().length === 1, 5000, 'the refusal');
  assert.match(stack.sentences()[0].text, /refuses/);
  assert.equal(partner.state.guard, 'live');

  const other = await startAll(t);
  await other.partner.takeControl();
  await until(() => other.logind.held(), 5000, 'a lock');
  assert.deepEqual(other.stack.sentences(), []);
  await other.daemon.stop();
  await until(() => other.stack.sentences().length === 1, 5000, 'the loss');
  assert.match(other.stack.sentences()[0].text, /went away/);
  assert.equal(other.partner.state.guard, 'live');
});
