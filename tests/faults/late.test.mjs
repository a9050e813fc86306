// What comes late: a guard that stands still or dies while levels rise, a clock that jumps, and the two
// modes in which the box takes a new level at its next step only, or a mode that may be one of them.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { monotonic } from '../lib/boxlog.mjs';
import { Partner } from '../lib/partner.mjs';
import { bin, sleep, until } from '../lib/proc.mjs';
import { Agent, startStack } from '../lib/stack.mjs';

const GOAL = 55;
const KILLS = 5;

async function inControl(t, stack) {
  const partner = new Partner(stack.link, { ca: stack.tls.ca });
  t.after(() => partner.close());
  await partner.takeControl();
  return partner;
}

// Both levels on their way up, neither there yet.
async function ramping(stack, partner) {
  partner.level('A', GOAL);
  partner.level('B', GOAL);
  await until(() => stack.log.now().a > 2 && stack.log.now().b > 2, 5000, 'levels rise');
}

test(`a guard killed while levels rise, ${KILLS} times at random moments: zero within 1.5 s each`, async (t) => {
  const stack = await startStack(t, { agent: false });
  for (let i = 0; i < KILLS; i += 1) {
    const agent = stack.startAgent();
    stack.link = await agent.link();
    const partner = await inControl(t, stack);
    await ramping(stack, partner);
    const wait = Math.random() * 2500;
    await sleep(wait);
    assert.ok(stack.log.now().a < GOAL, 'still rising');
    const since = monotonic();
    process.kill(agent.pid, 'SIGKILL');
    const took = await stack.log.zeroAfter(since, 4000);
    assert.ok(took <= 1500, `${took.toFixed(0)} ms, killed after ${wait.toFixed(0)} ms`);
    await sleep(500);
    assert.deepEqual([stack.log.now().a, stack.log.now().b], [0, 0]);
    partner.close();
  }
});

test('a guard stopped for three seconds while levels rise: zero within 1.5 s, and what was sent meanwhile is dropped', async (t) => {
  const stack = await startStack(t);
  const partner = await inControl(t, stack);
  await ramping(stack, partner);
  const { pid } = stack.agent;
  const since = monotonic();
  process.kill(pid, 'SIGSTOP');
  t.after(() => { try { process.kill(pid, 'SIGCONT'); } catch { /* it has ended */ } });
  for (let i = 0; i < 10; i += 1) {
    partner.level('A', GOAL);
    await sleep(300);
  }
  const zero = stack.log.levels().find((l) => l.ms >= since && l.a === 0 && l.b === 0);
  assert.ok(zero && zero.ms - since <= 1500, `zero after ${zero && (zero.ms - since).toFixed(0)} ms`);
  process.kill(pid, 'SIGCONT');
  await partner.when((s) => s.guard === 'waiting' && s.why === 'clock', 3000, 'the partner is told');
  await sleep(1500);
  assert.ok(stack.log.levels().filter((l) => l.ms > zero.ms).every((l) => l.a === 0 && l.b === 0), 'and stays there');
  await partner.takeControl();
  await partner.raise('A', 3);
});

test('a clock that is set by more than five seconds is a stop, one that is corrected is not', async (t) => {
  const stack = await startStack(t, { agent: false });
  const shift = `${stack.dir}/shift`;
  writeFileSync(shift, '0');
  stack.agent = new Agent(t, stack.agentArgs, { XDG_RUNTIME_DIR: stack.dir, XDG_CONFIG_HOME: stack.dir,
    LD_PRELOAD: path.join(bin, 'clock_shift.so'), CLOCK_SHIFT: shift });
  stack.link = await stack.agent.link();
  const partner = await inControl(t, stack);
  for (const seconds of [3600, 3590]) {
    await partner.raise('A', 8);
    const since = monotonic();
    writeFileSync(shift, `${seconds}`);
    const took = await stack.log.zeroAfter(since, 2000);
    assert.ok(took <= 500, `${took.toFixed(0)} ms`);
    await partner.when((s) => s.guard === 'waiting' && s.why === 'clock', 2000, 'the partner is told');
    await partner.takeControl();
  }
  await partner.raise('A', 8);
  writeFileSync(shift, '3593');
  await sleep(1000);
  assert.equal(stack.log.now().a, 8);
  assert.equal(partner.state.guard, 'live');
});

for (const [firmware, numbers] of [['2.106', { step: 12, training: 13 }], ['2.131B', { step: 15, training: 16 }]]) {
  test(`firmware ${firmware}: a stop in Step or Training is K, then M0 once zero is confirmed`, async (t) => {
    const stack = await startStack(t, { firmware, agentArgs: ['--modes', 'all'] });
    const partner = await inControl(t, stack);
    const stops = { step: () => partner.stop(), training: () => stack.agent.say({ cmd: 'stop' }) };
    for (const [mode, stop] of Object.entries(stops)) {
      partner.send('mode', { mode });
      await partner.when((s) => s.mode === mode, 5000, mode);
      await partner.raise('A', 6);
      const since = monotonic();
      stop();
      await until(() => stack.log.commands().some((c) => c.ms >= since && c.command === 'M0'), 3000, 'M0');
      await partner.when((s) => s.mode === 'pulse' && s.a === 0, 2000, 'the partner sees both');
      const sent = stack.log.commands().filter((c) => c.ms >= since && c.command !== '').map((c) => c.command);
      const calm = sent.indexOf('M0');
      assert.ok(calm >= 4, `at least four K come first: ${sent}`);
      const first = sent.findIndex((c) => c === 'K');
      assert.ok(sent.slice(first, calm).every((c) => c === 'K'), `nothing between: ${sent}`);
      assert.deepEqual(sent.slice(calm + 1), [], `and nothing after: ${sent}`);
      const [zero] = stack.log.levels().filter((l) => l.ms >= since && l.a === 0);
      assert.ok(zero.ms - since <= 250, `zero after ${(zero.ms - since).toFixed(0)} ms`);
    }
    const modes = stack.log.lines().filter((l) => l.what === 'mode').map((l) => Number(l.text));
    assert.deepEqual(modes, [numbers.step, 0, numbers.training, 0]);
  });
}

test('firmware that is in no table, in a mode that may be Step: a stop is K, then M0 once zero is confirmed', async (t) => {
  const stack = await startStack(t, { firmware: '2.116B' });
  const partner = await inControl(t, stack);
  stack.box.write('mode 12\n'); // by hand
  await partner.when((s) => s.mode === 'other', 3000, 'the mode is told');
  await partner.takeControl();
  await partner.raise('A', 6);
  const since = monotonic();
  stack.agent.say({ cmd: 'stop' });
  await partner.when((s) => s.mode === 'pulse' && s.a === 0, 3000, 'the partner sees both');
  const sent = stack.log.commands().filter((c) => c.ms >= since && c.command !== '').map((c) => c.command);
  const calm = sent.indexOf('M0');
  assert.ok(calm >= 4, `at least four K come first: ${sent}`);
  assert.deepEqual(sent.slice(calm + 1), [], `and nothing after: ${sent}`);
});
