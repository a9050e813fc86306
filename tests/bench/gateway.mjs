// Two thousand pages on one gateway: memory of a page, and the gateway's processor time for a message beside that of
// the broker, which handles the same messages in the same run.
//   node tests/bench/gateway.mjs [pages [seconds]]
import { readFileSync } from 'node:fs';
import tls from 'node:tls';
import { bench, inBatches, memory, now, print, spent, times } from '../lib/bench.mjs';
import { COMMAND, Page, STATE, session, world } from '../lib/gwworld.mjs';
import { sleep, until } from '../lib/proc.mjs';

const PAGES = Number(process.argv[2] ?? 2000);
const SECONDS = Number(process.argv[3] ?? 10);
const AT_ONCE = 50;
const PER_ADDRESS = 8; // 10 joins a minute are allowed

// Every second one command and one state for each page, evenly spread, as far as this program keeps up. Returns how
// many there were of each and the seconds until all had arrived.
async function traffic(all) {
  const counted = { commands: 0, states: 0 };
  for (const { s, page } of all) {
    s.agent.raw.on('message', () => { counted.commands += 1; });
    page.ws.on('message', () => { counted.states += 1; });
  }
  const state = STATE.padEnd(640, ' ').replace(/}( *)$/, '$1}');
  const from = now();
  let n = 0;
  while (n < all.length * SECONDS) {
    const due = Math.min(all.length * SECONDS, (now() - from) / 1000 * all.length);
    for (; n < due; n += 1) {
      const { s, page } = all[n % all.length];
      page.ws.send(JSON.stringify({ ...COMMAND, n }));
      s.agent.raw.publish(`s/${s.sid}/state`, state);
    }
    await sleep(5);
  }
  await until(() => counted.commands >= n && counted.states >= n, 20000,
    () => `${n} of each arrive: ${counted.commands} commands and ${counted.states} states did`);
  return { sent: n, seconds: (now() - from) / 1000 };
}

await bench(async (t) => {
  const w = await world(t);
  const secureContext = tls.createSecureContext({ ca: readFileSync(w.ca) });
  const before = { gateway: memory(w.gateway.pid), broker: memory(w.broker.pid) };
  const all = new Array(PAGES);
  const from = now();
  await inBatches(PAGES, AT_ONCE, async (i) => { all[i] = { s: await session(t, w, { options: { secureContext, ca: undefined } }) }; });
  const agents = memory(w.broker.pid);
  const start = { gateway: spent(w.gateway.pid), broker: spent(w.broker.pid) };
  await inBatches(PAGES, AT_ONCE, async (i) => {
    const nth = Math.floor(i / PER_ADDRESS);
    const page = new Page(t, w, { secureContext, localAddress: `127.0.${2 + Math.floor(nth / 250)}.${1 + nth % 250}` });
    await page.join(all[i].s.key);
    await page.heard('joined', 20000);
    all[i].page = page;
  });
  const after = { gateway: memory(w.gateway.pid), broker: memory(w.broker.pid) };
  const joined = { gateway: spent(w.gateway.pid) - start.gateway, broker: spent(w.broker.pid) - start.broker };
  console.log(`\n${PAGES} sessions stand after ${((now() - from) / 1000).toFixed(0)} s`);

  const begin = { gateway: spent(w.gateway.pid), broker: spent(w.broker.pid) };
  const { sent, seconds } = await traffic(all);
  const used = { gateway: spent(w.gateway.pid) - begin.gateway, broker: spent(w.broker.pid) - begin.broker };

  const kb = (mb) => `${(mb * 1024 / PAGES).toFixed(1)} kB`;
  const us = (value, count) => `${(value * 1000 / count).toFixed(0)} us`;
  console.log(`${sent} commands of ${JSON.stringify(COMMAND).length} B and as many states of 640 B in ${SECONDS} s; the broker has two `
    + 'connections for each page, the gateway too\n');
  const [g, b] = [after.gateway - before.gateway, after.broker - before.broker];
  print([['', 'gateway', 'broker', 'gateway of broker'],
    ['memory of a page with its session', kb(g), kb(b), times(g, b)],
    ['  of the broker\'s, the wearer\'s half', '', kb(agents - before.broker), ''],
    ['processor time of a join', us(joined.gateway, PAGES), us(joined.broker, PAGES), times(joined.gateway, joined.broker)],
    ['processor time of a message', us(used.gateway, 2 * sent), us(used.broker, 2 * sent), times(used.gateway, used.broker)]]);
  console.log('\nmemory is the processes\' own: the kernel\'s for the sockets is not in it\n');
});
