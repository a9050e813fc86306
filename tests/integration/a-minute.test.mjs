// What an operator meets in years: a clock that is set while the servers run, a broker that comes back elsewhere.
// Some of it takes a minute or two, so all of it runs at once, and before the others.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { unixNow } from '../lib/broker.mjs';
import { startGateway } from '../lib/gateway.mjs';
import { world } from '../lib/gwworld.mjs';
import { keysvc, program, setUp, startKeysvc } from '../lib/keysvc.mjs';
import { bin, folder, freePort, sleep, start, until } from '../lib/proc.mjs';

describe('in years', { concurrency: true }, () => {
  test('the clock of the server is set: the gateways get new tokens at once, not in an hour', async (t) => {
    const shift = `${folder(t)}/shift`;
    writeFileSync(shift, '0');
    const { daemon: keysvc } = await setUp(t, { env: { ...process.env, LD_PRELOAD: path.join(bin, 'clock_shift.so'), CLOCK_SHIFT: shift } });
    for (const seconds of [18000, -7200]) {
      const before = readFileSync(keysvc.tokens[0], 'utf8');
      writeFileSync(shift, `${seconds}`);
      await until(() => readFileSync(keysvc.tokens[0], 'utf8') !== before, 20000, `another token after ${seconds} s`);
    }
    assert.equal(keysvc.log().match(/the clock was set/g).length, 2);
  });

  test('a long list is whole also behind a pager that nobody turns for a while', async (t) => {
    const dir = folder(t);
    await keysvc(['--dir', dir, 'init']);
    const [sid, now] = ['0123456789abcdef'.repeat(2), unixNow()];
    const rows = Array.from({ length: 3000 }, (_, i) => `${sid.slice(4)}${1000 + i} ${now} ${now + 14000} issued\n`);
    writeFileSync(`${dir}/state/journal`, rows.join(''));
    await startKeysvc(t, { dir, brokerPort: 1, ca: '', connected: false });
    const pager = start(t, 'sh', ['-c', '"$0" --dir "$1" list | (sleep 12; wc -l)', program, dir]);
    await pager.exited;
    assert.deepEqual([pager.out().trim(), pager.err()], ['3001', '']);
  });

  test('a gateway that starts before its broker waits for it', async (t) => {
    const w = await world(t);
    await w.broker.stop();
    const port = await freePort();
    const early = await startGateway(t, { ...w.gatewayOptions, port, origin: `https://localhost:${port}`, reach: false });
    await sleep(5000);
    assert.equal(early.over(), false, early.err());
  });

  test('a token that is renewed after more than a minute does not end the gateway', async (t) => {
    const w = await world(t);
    await sleep(61000);
    w.renew();
    await until(() => w.gateway.err().match(/connected to the broker/g).length === 2, 70000, 'it has taken the new one');
    await sleep(2000);
    assert.equal(w.gateway.over(), false, w.gateway.err());
  });

  test('a broker that is not at its address for a minute: the gateway ends, so that another start looks it up', async (t) => {
    const w = await world(t);
    const began = Date.now();
    await w.broker.stop();
    await until(() => w.gateway.over(), 90000, 'the gateway ends');
    const took = (Date.now() - began) / 1000;
    assert.ok(took >= 59 && took < 75, `after ${took.toFixed(1)} s`);
    assert.match(w.gateway.err(), /nobody answers at the broker's address: another start looks it up/);
  });
});
