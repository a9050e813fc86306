// Ten thousand connections that say nothing, or a byte a second, beside one session that goes on.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import path from 'node:path';
import { memory, now, percentile } from '../lib/bench.mjs';
import { COMMAND, inside, joined, world } from '../lib/gwworld.mjs';
import { freePort, read, root, sleep, start, until } from '../lib/proc.mjs';

const CROWD = 10000;
const limit = (name) => Number(read(path.join(root, 'gateway/limits.h')).match(new RegExp(`#define ${name} (\\d+)`))[1]);
const MAX = limit('MAX_CONNECTIONS');
const descriptors = Number(read('/proc/self/limits').match(/^Max open files +\d+ +(\d+)/m)[1]);
const tooFew = descriptors < CROWD + 1000 && `only ${descriptors} descriptors are allowed here`;

// Commands at an even pace, each timed from the page to the wearer's side; what stop() returns.
function pace({ s, page }) {
  const sent = new Map();
  const times = [];
  let n = 0;
  const arrived = (topic, payload) => times.push(now() - sent.get(JSON.parse(payload).n));
  s.agent.raw.on('message', arrived);
  const timer = setInterval(() => {
    n += 1;
    sent.set(n, now());
    page.ws.send(JSON.stringify({ ...COMMAND, n }));
  }, 50);
  return async () => {
    clearInterval(timer);
    await until(() => times.length >= n, 5000, () => `${n} commands arrive; ${times.length} did`);
    s.agent.raw.off('message', arrived);
    assert.equal(times.length, n);
    return times;
  };
}

test('ten thousand silent or slow connections neither stop nor slow a live session', { skip: tooFew, timeout: 90000 }, async (t) => {
  const port = await freePort();
  const w = await world(t, { extra: ['--metrics', `127.0.0.1:${port}`] });
  const live = await joined(t, w);
  const metric = async (name) => Number((await inside(port, '/metrics')).body.match(new RegExp(`^tether_gateway_${name} (\\d+)`, 'm'))[1]);

  const alone = pace(live);
  await sleep(3000);
  const calm = await alone();
  const before = memory(w.gateway.pid);

  const crowded = pace(live);
  const crowd = start(t, process.execPath, [path.join(root, 'tests/lib/crowd.mjs'), w.port, CROWD].map(String));
  let [most, memoryMost] = [0, 0];
  const watch = async () => {
    most = Math.max(most, await metric('connections'));
    memoryMost = Math.max(memoryMost, memory(w.gateway.pid));
  };
  await until(async () => { await watch(); await sleep(200); return crowd.out().includes('open '); }, 45000, 'all have knocked');
  const turned = await metric('turned_away_total');
  // Whoever was let in and said nothing that makes sense is shown out, however slowly it talks.
  await until(async () => { await watch(); await sleep(200); return await metric('connections') === 1; }, 30000, 'the crowd is gone');
  const times = await crowded();

  const figures = (list) => `p50 ${percentile(list, 50).toFixed(1)} ms, p99 ${percentile(list, 99).toFixed(1)} ms, most ${Math.max(...list).toFixed(0)} ms`;
  t.diagnostic(`alone: ${figures(calm)}; in the crowd: ${figures(times)}`);
  t.diagnostic(`${most} connections at most, ${turned} turned away, ${before.toFixed(0)} MB before and ${memoryMost.toFixed(0)} MB at most`);
  assert.ok(most > MAX / 4 && most <= MAX, `${most} connections`);
  assert.ok(turned >= CROWD - MAX * 2, `${turned} turned away`);
  assert.equal(live.page.ws.readyState, live.page.ws.constructor.OPEN);
  // After 1.5 s without a word from the page the wearer's side goes to zero.
  assert.ok(percentile(times, 50) < 100 && Math.max(...times) < 1500, figures(times));
  assert.ok(memoryMost - before < MAX * 0.07, `${(memoryMost - before).toFixed(0)} MB`); // limits.h: about 70 kB each
});
