// How long a key takes in a real terminal under traffic, from the press to the box's line. Runs with nothing beside it.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { monotonic } from '../lib/boxlog.mjs';
import { folder, read, sleep, until } from '../lib/proc.mjs';
import { Rig } from '../lib/rig.mjs';
import { startStack } from '../lib/stack.mjs';
import { Terminal } from '../lib/terminal.mjs';

const BOUND = 100; // ms from the key to what the box gets
const TIMES = 20;

async function startRig(t) {
  const rig = new Rig(t, { screen: true, stack: await startStack(t, { agent: false, agentArgs: ['--rise', '20'] }) });
  t.after(() => rig.close());
  return rig;
}

// tmux alone: to a program that only notes when a byte came.
async function floor(t) {
  const file = `${folder(t)}/times`;
  const terminal = new Terminal(t, ['sh', '-c', `stty raw -echo; exec perl -MTime::HiRes=clock_gettime,CLOCK_MONOTONIC -e '
    open F, ">>", "${file}"; F->autoflush(1); print F "ready\\n"; printf F "%.3f\\n", clock_gettime(CLOCK_MONOTONIC) * 1000 while sysread STDIN, $c, 1'`]);
  await until(() => existsSync(file) && read(file).includes('ready'), 3000, 'the echo program');
  const took = [];
  for (let i = 0; i < TIMES; i += 1) {
    const since = monotonic();
    terminal.key('Space');
    took.push(await until(() => read(file).split('\n').slice(1, -1)[i], 1000, 'an echo') - since);
    await sleep(20);
  }
  terminal.close();
  return took;
}

const figures = (all) => {
  const sorted = [...all].sort((a, b) => a - b);
  return { median: sorted[sorted.length >> 1], worst: sorted.at(-1), text: `median ${sorted[sorted.length >> 1].toFixed(1)}, worst ${sorted.at(-1).toFixed(1)} ms of ${all.length}` };
};

// From just before tmux is told to the first `K` that the box acted on.
async function keyToKill(rig, traffic) {
  const took = [];
  for (let i = 0; i < TIMES; i += 1) {
    await rig.ready();
    const stop = traffic(rig);
    await sleep(250);
    const since = monotonic();
    rig.agent.terminal.key('Space');
    await rig.log.zeroAfter(since, 2000);
    took.push(rig.log.lines().find((l) => l.what === 'in' && l.ms >= since && l.text.includes('K')).ms - since);
    stop();
  }
  return took;
}

const commands = (rig) => {
  let n = 0;
  const timer = setInterval(() => { n += 1; rig.partner.level('A', 8 + (n % 3)); }, 33);
  return () => clearInterval(timer);
};
// Each save says a line in the log, and so does each cap that is lowered.
const scrolling = (rig) => {
  const stop = commands(rig);
  const timer = setInterval(() => rig.agent.terminal.bytes('w'), 100);
  return () => { stop(); clearInterval(timer); };
};

test(`Space is a K on the line within ${BOUND} ms, also under traffic`, { timeout: 200000 }, async (t) => {
  const rig = await startRig(t);
  const alone = figures(await floor(t));
  for (const [what, traffic] of [['30 commands a second', commands], ['30 commands a second, and a log that scrolls', scrolling]]) {
    await t.test(what, async () => {
      const result = figures(await keyToKill(rig, traffic));
      console.log(`Space to K, ${what}: ${result.text}; tmux alone: ${alone.text}`);
      assert.ok(result.worst <= BOUND, result.text);
    });
  }
});

// Other keys that make things safer act as quickly: a lower cap takes the level down, the end of the session is zero.
test(`a lowered cap and a disconnect reach the box within ${BOUND} ms under traffic`, { timeout: 120000 }, async (t) => {
  const rig = await startRig(t);
  await rig.ready();
  await rig.partner.raise('A', 60, 20000);
  const timer = setInterval(() => rig.partner.level('A', 90 + Date.now() % 10), 33); // all of it above the cap
  const caps = [];
  for (let cap = 55; cap >= 10; cap -= 5) {
    await sleep(250 + Math.random() * 100);
    const since = monotonic();
    rig.agent.terminal.key('a');
    caps.push(await until(() => rig.log.levels().find((l) => l.ms > since && l.a === cap)?.ms, 2000, `A at ${cap} %`) - since);
  }
  clearInterval(timer);
  const ends = [];
  for (let i = 0; i < 5; i += 1) {
    rig.stops = undefined;
    await rig.ready();
    const stop = commands(rig);
    await sleep(250);
    const since = monotonic();
    rig.agent.terminal.key('d');
    ends.push(await rig.log.zeroAfter(since, 2000));
    stop();
    const old = rig.link;
    await until(async () => { rig.link = await rig.agent.link(); return rig.link !== old; }, 15000, 'a new link');
  }
  for (const [what, took] of [['a lowered cap', caps], ['a disconnect', ends]]) {
    const result = figures(took);
    console.log(`${what} to the box, 30 commands a second: ${result.text}`);
    assert.ok(result.worst <= BOUND, `${what}: ${result.text}`);
  }
});
