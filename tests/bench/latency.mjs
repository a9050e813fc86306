// From the partner's hand to the box and back: time from a level sent to its first byte on the serial line, and to
// the state that confirms it, beside a bare relay of messages of the same size over the same broker in the same run.
//   node tests/bench/latency.mjs [runs]
import { readFileSync, readdirSync } from 'node:fs';
import { monotonic } from '../lib/boxlog.mjs';
import { bench, ms, percentile, print, times } from '../lib/bench.mjs';
import { connect, hexId, identity, keyFromPem } from '../lib/broker.mjs';
import { Partner } from '../lib/partner.mjs';
import { sleep, until } from '../lib/proc.mjs';
import { startStack } from '../lib/stack.mjs';

const RUNS = Number(process.argv[2] ?? 200);
const COMMAND = 'x'.repeat(190);
const STATE = 'x'.repeat(640);

// Two independent clients in a session of their own: { there, back } in ms, once.
async function startRelay(t, stack) {
  const file = readdirSync(`${stack.data}/secrets`).find((f) => f.startsWith('sign-'));
  const key = keyFromPem(file.slice(5, -4), readFileSync(`${stack.data}/secrets/${file}`, 'utf8'));
  const sid = hexId();
  const enter = (role) => connect(t, { port: stack.mqttPort, ca: stack.tls.ca, who: identity(key, role, { sid }) });
  const [agent, partner] = [await enter('agent'), await enter('partner')];
  for (const client of [agent, partner]) client.raw.stream.setNoDelay(true);
  await agent.subscribe(`s/${sid}/cmd`, { qos: 0 });
  await partner.subscribe(`s/${sid}/state`, { qos: 0 });
  return () => new Promise((done) => {
    const begin = monotonic();
    let there;
    agent.raw.once('message', () => { there = monotonic() - begin; agent.raw.publish(`s/${sid}/state`, STATE); });
    partner.raw.once('message', () => done({ there, back: monotonic() - begin }));
    partner.raw.publish(`s/${sid}/cmd`, COMMAND);
  });
}

// One step of A, up or down by one percent (a longer way up is the rise, which takes its time on purpose).
async function step(stack, partner, value) {
  const begin = monotonic();
  const confirmed = new Promise((done) => {
    const look = (s) => { if (s.a === value) { partner.off('state', look); done(monotonic()); } };
    partner.on('state', look);
  });
  partner.level('A', value);
  const back = await confirmed - begin;
  const lines = stack.log.lines().filter((l) => l.ms >= begin);
  const at = lines.findIndex((l) => l.what === 'in' && /A/.test(l.text));
  const answer = lines.slice(at).find((l) => l.what === 'out');
  return { there: lines[at].ms - begin, box: answer.ms - lines[at].ms, back };
}

await bench(async (t) => {
  const stack = await startStack(t);
  const relay = await startRelay(t, stack);
  const partner = new Partner(stack.link, { ca: stack.tls.ca });
  t.after(() => partner.close());
  await partner.takeControl();
  await partner.raise('A', 20);
  const [ours, bare] = [[], []];
  for (let i = 0; i < RUNS; i += 1) {
    bare.push(await relay());
    await sleep(50 + Math.random() * 100); // at any point of the box's polling
    ours.push(await step(stack, partner, i % 2 ? 20 : 19));
    await until(() => partner.state.ta === partner.state.a, 2000, 'the step is over');
  }
  const row = (name, list, floor) => [50, 99].reduce((cells, p) => {
    const value = percentile(list, p);
    return [...cells, ms(value), floor ? times(value, percentile(floor, p)) : ''];
  }, [name]);
  const take = (list, what) => list.map((x) => x[what]);
  console.log(`\n${RUNS} steps of one percent, and as many messages of the same size relayed by the broker alone\n`);
  print([['', 'p50', 'of floor', 'p99', 'of floor'],
    row('floor: one way, MQTT.js over TLS', take(bare, 'there')),
    row('slider to the first byte at the box', take(ours, 'there'), take(bare, 'there')),
    row('floor: there and back', take(bare, 'back')),
    row('slider to the confirmed state', take(ours, 'back'), take(bare, 'back')),
    row('  of that, the box\'s own answer', take(ours, 'box'))]);
});
