// A box process whose guard has died and whose box does not answer: it goes on, and the next tether
// takes the port over from it, from nobody else.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { monotonic } from '../lib/boxlog.mjs';
import { Partner } from '../lib/partner.mjs';
import { folder, sleep, until } from '../lib/proc.mjs';
import { Agent, startStack } from '../lib/stack.mjs';

const LEVEL = 8;

const isAlive = (pid) => existsSync(`/proc/${pid}/stat`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));

// In control at a level, with the pid of the box process, which outlives its guard on purpose.
async function startAtLevel(t, agentArgs = []) {
  const stack = await startStack(t, { agentArgs });
  const partner = new Partner(stack.link, { ca: stack.tls.ca });
  t.after(() => partner.close());
  await partner.takeControl();
  await partner.raise('A', LEVEL);
  const box = stack.agent.children().box;
  t.after(() => { if (isAlive(box)) process.kill(box, 'SIGKILL'); });
  return { stack, partner, box };
}

// What the box has been sent since, though its menu may have kept it from hearing it.
const sentSince = (stack, ms) => stack.log.lines().filter((l) => l.ms >= ms && (l.what === 'lost' || l.what === 'in'))
  .map((l) => JSON.parse(l.text.replace(/\\x([0-9a-f]{2})/g, '\\u00$1'))).join('');

test('an orphan writes K for as long as the menu is open; a new tether takes the port over and confirms zero', async (t) => {
  const { stack, box } = await startAtLevel(t);
  stack.box.write('menu open\n');
  await until(() => stack.log.lines().some((l) => l.what === 'hand'), 2000, 'the menu is open');
  process.kill(stack.agent.pid, 'SIGKILL');
  await sleep(4000);
  const first = stack.agent;
  assert.ok(isAlive(box), 'the orphan lives');
  assert.equal(first.program.err().match(/tether has gone and the box does not answer/g)?.length, 1, first.program.err());
  const from = monotonic();
  await sleep(2000);
  const sent = sentSince(stack, from);
  assert.match(sent, /^(K\r|\r?K)+/, 'K goes on');
  assert.match(sent, /^[K\r]+$/, `and nothing but K: ${JSON.stringify(sent)}`);
  assert.ok(sent.split('K').length > 5, `four times a second: ${JSON.stringify(sent)}`);
  process.kill(box, 'SIGTERM');

  const second = stack.startAgent();
  await until(() => !isAlive(box), 5000, 'the orphan has let go');
  await until(() => second.children().box && second.last('state')?.box === 'silent', 5000, 'the new box process is at work');
  assert.equal(stack.log.now().a, LEVEL, 'the box has heard nothing yet');
  assert.notEqual(second.last('state').zero, true, 'nobody says zero before it is');
  const closed = monotonic();
  stack.box.write('menu close\n');
  await stack.log.zeroAfter(closed, 2000);
  await until(() => second.last('state')?.zero === true && second.last('state').box === 'ok', 3000, 'zero is confirmed');
  assert.equal(first.program.err().match(/tether has gone/g).length, 1, 'said once');
});

test('replies that get lost keep the orphan at it, and end it when they come again', async (t) => {
  const { stack, box } = await startAtLevel(t);
  stack.box.write('mute 16\n');
  const since = monotonic();
  process.kill(stack.agent.pid, 'SIGKILL');
  assert.ok(await stack.log.zeroAfter(since, 3000) <= 1500);
  await sleep(1500);
  assert.ok(isAlive(box), 'zero, but not confirmed');
  await until(() => !isAlive(box), 6000, 'confirmed at last');
  assert.ok(stack.log.commands().filter((c) => c.ms >= since && c.command === 'K').length > 16);
});

for (const signal of ['SIGKILL', 'SIGSTOP']) {
  test(`${signal} of the guard in Step, where zero is felt late: zero, then Pulse, and never up again`, async (t) => {
    const { stack, partner, box } = await startAtLevel(t, ['--modes', 'all']);
    partner.send('mode', { mode: 'step' });
    await partner.when((s) => s.mode === 'step', 5000, 'Step');
    await partner.raise('A', LEVEL);
    const since = monotonic();
    process.kill(stack.agent.pid, signal);
    assert.ok(await stack.log.zeroAfter(since, 3000) <= 1500);
    const calm = () => stack.log.commands().find((c) => c.ms >= since && c.command === 'M0');
    await until(calm, 3000, 'Pulse');
    console.log(`${signal} in Step: Pulse after ${(calm().ms - since).toFixed(0)} ms`);
    assert.ok(calm().ms - since <= 2500);
    if (signal === 'SIGKILL') {
      await until(() => !isAlive(box), 2000, 'nothing is left to do');
    } else {
      await sleep(1000);
      process.kill(stack.agent.pid, 'SIGCONT');
      await partner.when((s) => s.guard === 'waiting', 3000, 'the guard is back');
      await sleep(500);
      await partner.takeControl();
      await partner.raise('A', 3);
      assert.equal(partner.state.mode, 'pulse');
    }
    const sent = stack.log.commands().filter((c) => c.ms >= since && c.command !== '').map((c) => c.command);
    assert.equal(sent.filter((c) => c === 'M0').length, 1, sent.join(' '));
    assert.ok(sent.every((c) => /^(K|M0|A[123])$/.test(c)), sent.join(' '));
  });
}

// Everything was killed with -9, say, and the box went on; or the wearer has turned it up by hand.
test('a box that is up in Step when tether starts: zero, then Pulse; a mode that is turned on after that stays', async (t) => {
  const stack = await startStack(t, { agent: false });
  for (const line of ['mode step', 'knob A 20', 'knob B 12']) stack.box.write(`${line}\n`);
  await until(() => stack.log.now().b === 12, 2000, 'the box is turned up');
  const since = monotonic();
  const agent = stack.startAgent();
  await stack.log.zeroAfter(since, 8000);
  const sent = () => stack.log.commands().filter((c) => c.ms >= since && c.command !== '').map((c) => c.command);
  await until(() => sent().includes('M0'), 3000, 'Pulse');
  await until(() => agent.last('state')?.mode === 'pulse', 3000, 'and it is told');
  stack.box.write('mode step\n');
  await until(() => agent.last('state')?.mode === 'step', 3000, 'Step by hand');
  await sleep(1500);
  assert.equal(agent.last('state').mode, 'step', 'nobody fights the hand');
  assert.match(sent().join(' '), /^K( K)+ M0$/);
});

test('the signal means nothing to a box process that has a guard, not even later', async (t) => {
  const { stack, partner, box } = await startAtLevel(t);
  process.kill(box, 'SIGUSR2');
  await sleep(500);
  assert.equal(stack.agent.children().box, box);
  assert.equal(partner.state.guard, 'live');
  assert.equal(stack.log.now().a, LEVEL);
  const since = monotonic();
  process.kill(stack.agent.pid, 'SIGKILL');
  assert.ok(await stack.log.zeroAfter(since, 3000) <= 1500);
});

test('a second tether does not get the port of one that runs', async (t) => {
  const { stack, partner, box } = await startAtLevel(t);
  const dir = folder(t);
  const second = new Agent(t, stack.agentArgs, { XDG_RUNTIME_DIR: dir, XDG_CONFIG_HOME: dir });
  await until(() => /another program is using the serial port/.test(second.program.err()), 8000, 'it says so');
  assert.equal(stack.agent.children().box, box);
  assert.equal(partner.state.guard, 'live');
  assert.equal(stack.log.now().a, LEVEL);
});
