// The wearer's hand at the box while levels rise: it wins, whatever is on its way to the box.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { monotonic } from '../lib/boxlog.mjs';
import { Partner } from '../lib/partner.mjs';
import { sleep, until } from '../lib/proc.mjs';
import { startStack } from '../lib/stack.mjs';

const TURNS = 5;
const STEP_MS = 100; // a step takes 144 ms

// In a ramp of A to 50 that has just passed 12.
async function ramping(t, agentArgs = []) {
  const stack = await startStack(t, { agentArgs });
  const partner = new Partner(stack.link, { ca: stack.tls.ca });
  t.after(() => partner.close());
  const ramp = async () => {
    await partner.takeControl();
    partner.level('A', 50);
    await until(() => stack.log.now().a >= 12, 15000, 'levels rise');
    await sleep(Math.random() * 200);
  };
  return { stack, partner, ramp };
}
const since = (stack, ms) => stack.log.levels().filter((l) => l.ms >= ms).map((l) => l.a);
// Once, and once more for each pause in which a whole step has room: then the hand has let go, as far as anybody can see.
const allowed = (stack, ms) => {
  const at = stack.log.lines().filter((l) => l.what === 'hand' && l.ms >= ms).map((l) => l.ms);
  return at.reduce((sum, when, i) => sum + (i > 0 ? Math.floor((when - at[i - 1]) / STEP_MS) : 0), 1);
};
const raises = (levels) => levels.filter((a, i) => i > 0 && a > levels[i - 1]).length;

test(`knob A turned down in a ramp, ${TURNS} times: it stays down, and is raised against once at most`, async (t) => {
  const { stack, partner, ramp } = await ramping(t);
  for (let i = 0; i < TURNS; i += 1) {
    await ramp();
    const from = monotonic();
    for (const raw of [10, 8, 6, 4, 2, 0]) { // within 0.3 s, as a hand in a hurry does
      stack.box.write(`knob A ${raw}\n`);
      await sleep(50);
    }
    await sleep(1500);
    const levels = since(stack, from);
    assert.equal(stack.log.now().a, 0, `A was at ${levels}`);
    assert.ok(raises(levels) <= allowed(stack, from), `raised against the hand: ${levels}`);
    assert.equal(partner.state.ta, 0, 'and is shown to the partner as the hand has it');
    assert.equal(partner.state.guard, 'live', 'control stays');
    partner.level('A', 0);
    await partner.when((s) => s.a === 0, 2000, 'zero');
  }
});

for (const [what, line, seen] of [['mode', 'mode random', (s) => s.mode === 'random'], ['power', 'power high', (s) => s.power === 'high']]) {
  test(`${what} changed at the box in a ramp: zero, one write at most comes after it, and levels start anew`, async (t) => {
    const { stack, partner, ramp } = await ramping(t, ['--high-cap-a', '20', '--high-cap-b', '20']);
    for (let i = 0; i < 3; i += 1) {
      await ramp();
      const from = monotonic();
      stack.box.write(`${line}\n`);
      await partner.when(seen, 2000, `the partner sees ${line}`);
      await sleep(1500);
      const levels = since(stack, from);
      assert.equal(stack.log.now().a, 0, `A was at ${levels}`);
      assert.ok(raises(levels) <= 1, `raised after the change: ${levels}`);
      stack.box.write(what === 'mode' ? 'mode pulse\n' : 'power low\n');
      await partner.when((s) => s.mode === 'pulse' && s.power === 'low', 2000, 'as before');
      await sleep(300);
    }
  });
}
