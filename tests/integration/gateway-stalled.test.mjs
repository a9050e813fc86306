// A gateway that stood still while keys ran out, as on a paused virtual machine: those pages are over, the others go on.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { joined, Page, session, STATE, world } from '../lib/gwworld.mjs';
import { sleep, until } from '../lib/proc.mjs';

test('a gateway that stood still over the end of keys goes on for everybody else', async (t) => {
  const w = await world(t);
  const lasting = await joined(t, w);
  for (let round = 0; round < 2; round += 1) {
    const short = [];
    for (let i = 0; i < 8; i += 1) {
      const s = await session(t, w, { left: 4 });
      const page = new Page(t, w, { localAddress: `127.0.${round + 1}.${i + 1}` });
      await page.join(s.key);
      await page.heard('joined');
      short.push({ s, page });
    }
    await sleep(1000);
    process.kill(w.gateway.pid, 'SIGSTOP');
    await sleep(600);
    // When it goes on, its timer comes first, which finds the keys at their end, and then sockets with something to read.
    for (const { s } of short) await s.say(STATE);
    await sleep(4400);
    process.kill(w.gateway.pid, 'SIGCONT');
    for (const { page } of short) assert.equal((await page.heard('ended', 3000)).why, 'expired');
    const before = lasting.page.states.length;
    await lasting.s.say(STATE);
    await until(() => lasting.page.states.length > before, 3000, 'a state for the page that lasts');
  }
});
