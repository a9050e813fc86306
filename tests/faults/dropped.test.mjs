// A server that drops what takes the levels down and lets signs of life through: these carry the wish too. The least
// that this takes is most of its bound, so it runs with nothing beside it.
import { after, test } from 'node:test';
import { monotonic } from '../lib/boxlog.mjs';
import { between, printTimes } from '../lib/hostile.mjs';
import { sleep } from '../lib/proc.mjs';

test('stop and level 0 dropped, alive passed: down with the next sign of life', { timeout: 60000 }, (t) =>
  between(t, async (rig, partner, channel) => {
    const isDown = (text) => { const { op, val } = JSON.parse(text); return op === 'stop' || (op === 'level' && val === 0); };
    channel.handle = (text) => { if (!isDown(text)) channel.pass(text); };
    await rig.at(20);
    let since = monotonic();
    partner.stop();
    await rig.zeroWithin(1200, since, 'stop dropped, alive passed');
    await sleep(200);
    await rig.at(20);
    since = monotonic();
    partner.level('A', 0);
    await rig.zeroWithin(1200, since, 'level 0 dropped, alive passed');
    await rig.nothingRises(1000);
  }));

after(printTimes);
