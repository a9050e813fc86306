// Parts of the running stack die while a partner is in control and the box at a level. Each comes back by itself;
// the box does what the design's table says (section 6), read off its own log.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { monotonic } from '../lib/boxlog.mjs';
import { Compose, skip } from '../lib/compose.mjs';
import { sleep, until } from '../lib/proc.mjs';

const HOLD = 5000; // the default
const LEVEL = 8;
const BACK = 15000; // from the fault to healthy again
const AGE = 21; // s, of the log: seven days turned down
const stack = new Compose({ after }, { name: 'restart', env: { TETHER_LOG_AGE: `${AGE}s` } });
let partner;
let link;
let box;

before(async () => {
  if (skip) return;
  await stack.up();
  link = await stack.link();
  box = stack.box();
}, { timeout: 1200000 });
after(() => partner?.close());

// In control and at the level: joins as often as it is sent away, as the page does.
async function control(ms = 20000) {
  let joined = 0;
  await until(async () => {
    if (!partner || partner.closed !== undefined) {
      if (Date.now() - joined > 500) { partner = await stack.partner(link); joined = Date.now(); }
      return false;
    }
    const { guard, page } = partner.state ?? {};
    if (guard === 'live' && page === partner.mark) return true;
    if (guard === 'waiting') partner.send('hello');
    await sleep(100);
    return false;
  }, ms, () => `control; last state ${JSON.stringify(partner?.state)}, gateway ${JSON.stringify(partner?.gw)}`);
  await partner.raise('A', LEVEL, 5000);
  assert.equal(box.now().a, LEVEL, 'the box is at a level');
}

// Who keeps a part's log, and started it: with it all that is in the container ends.
const keeper = (part) => stack.processes(part).find(({ args }) => /^\S*tether-logkeep /.test(args)).pid;
// Not waited for in place: the partner lives in this process and has to go on answering.
const restart = (part) => promisify(execFile)('docker', ['restart', '--time', '5', stack.id(part)]);

// Causes it, and waits until the part is well: { since, back } in ms.
async function fault(part, cause) {
  const [since, moment] = [monotonic(), Date.now()];
  await cause();
  await stack.healthy(part, BACK, moment);
  return { since, back: monotonic() - since };
}

test('the key service may die, whichever of its processes, and nobody in control notices', { skip, timeout: 120000 }, async (t) => {
  await control();
  const before = box.levels().length;
  const rounds = [];
  for (const which of ['part', 'first child', 'second child', 'keeper of its log', 'restart']) {
    const own = stack.processes('keysvc').filter(({ args }) => args.includes('tether-keysvc') && !args.includes('logkeep'));
    assert.equal(own.length, 3, `the key service's processes: ${JSON.stringify(own)}`);
    await sleep(100); // the partner's turn
    const victim = { part: own[0].pid, 'first child': own[1].pid, 'second child': own[2].pid, 'keeper of its log': keeper('keysvc') }[which];
    const { back } = await fault('keysvc', () => (victim ? stack.kill('keysvc', victim) : restart('keysvc')));
    t.diagnostic(`keysvc, ${which}: healthy after ${(back / 1000).toFixed(1)} s`);
    rounds.push(back);
  }
  assert.ok(rounds.every((back) => back <= BACK), `${rounds}`);
  assert.equal(partner.closed, undefined, 'the partner is still there');
  assert.deepEqual([partner.state.guard, partner.state.why, partner.state.a], ['live', 'none', LEVEL]);
  assert.equal(box.levels().length, before, 'the box kept its level all the time');
  await partner.raise('A', LEVEL + 2, 5000);
});

for (const part of ['gateway', 'broker']) {
  const kinds = {
    killed: () => stack.kill(part),
    'killed with the keeper of its log': () => stack.kill(part, keeper(part)),
    restarted: () => restart(part),
  };
  for (const [kind, cause] of Object.entries(kinds)) {
    test(`${part} ${kind}: zero within the hold, back by itself, control again`, { skip, timeout: 90000 }, async (t) => {
      await control();
      const { since, back } = await fault(part, cause);
      const zero = await box.zeroAfter(since, HOLD + 3000);
      await control();
      const again = monotonic() - since;
      t.diagnostic(`${part} ${kind}: zero after ${(zero / 1000).toFixed(2)} s, healthy ${(back / 1000).toFixed(1)} s, `
        + `at a level again ${(again / 1000).toFixed(1)} s`);
      assert.ok(zero <= HOLD + 500, `zero after ${zero} ms`);
      assert.ok(back <= BACK, `healthy after ${back} ms`);
    });
  }
}

test('what a part has said is gone from its volume when its age is over, though it says nothing more', { skip, timeout: 90000 }, async (t) => {
  const kept = () => stack.exec('keysvc', 'sh', '-c', 'cat /var/log/tether/keysvc/* 2>/dev/null || true').split('\n').filter(Boolean);
  await restart('keysvc');
  const line = await until(() => kept().find((l) => / ready$/.test(l)), BACK, () => `ready in ${kept().join('\n')}`);
  const said = Date.parse(line.slice(0, 20));
  let lived; // until the last moment at which it was there; what the engine takes to look does not count
  await until(() => {
    const at = Date.now();
    if (!kept().includes(line)) return true;
    lived = (at - said) / 1000;
    return false;
  }, (AGE + 5) * 1000, () => `${line} is gone`);
  t.diagnostic(`a line lived ${lived.toFixed(1)} s of ${AGE}`);
  assert.ok(lived > AGE * 5 / 7 && lived <= AGE + 2, `${lived} s`);
});
