// What the gateway tells a monitoring server: of all parts, in numbers only, each caused here.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { renameSync } from 'node:fs';
import { test } from 'node:test';
import { COMMAND, inside, joined, newKey, Page, session, STATE, world } from '../lib/gwworld.mjs';
import { certs, freePort, run, sleep, until } from '../lib/proc.mjs';
import { startStack } from '../lib/stack.mjs';

// The text format read strictly: Map of sample (name with labels) to number, and of metric to its type.
function parse(body) {
  const samples = new Map();
  const types = new Map();
  const helps = new Set();
  assert.ok(body.endsWith('\n'));
  for (const line of body.slice(0, -1).split('\n')) {
    const [, help, name] = line.match(/^# (HELP) ([a-z_]+) [A-Z0-9].*\.$/) ?? [];
    const [, typed, type] = line.match(/^# TYPE ([a-z_]+) (counter|gauge|histogram)$/) ?? [];
    if (help) {
      assert.ok(!helps.has(name), `two HELP lines of ${name}: its samples do not stand together`);
      helps.add(name);
      continue;
    }
    if (typed) { types.set(typed, type); continue; }
    const sample = line.match(/^([a-z_]+)(\{[a-z]+="[A-Za-z0-9.+]+"\})? (-?\d+(?:\.\d+)?)$/);
    assert.ok(sample, `not a sample: ${line}`);
    const of = types.has(sample[1]) ? sample[1] : sample[1].replace(/_(bucket|sum|count)$/, '');
    assert.ok(types.has(of) && helps.has(of), `${sample[1]} has no HELP and TYPE`);
    if (of !== sample[1]) assert.equal(types.get(of), 'histogram');
    assert.equal(types.get(of) === 'counter', sample[1].endsWith('_total'), `the name of ${sample[1]}`);
    assert.ok(!samples.has(sample[1] + (sample[2] ?? '')), `${line} stands twice`);
    samples.set(sample[1] + (sample[2] ?? ''), Number(sample[3]));
  }
  return { samples, types };
}

async function watched(t, options = {}) {
  const port = await freePort();
  const w = await world(t, { ...options, extra: ['--metrics', `127.0.0.1:${port}`] });
  const all = async () => parse((await inside(port, '/metrics')).body).samples;
  const now = async (name) => (await all()).get(name);
  const becomes = (name, value) => until(async () => await now(name) === value, 5000, `${name} is ${value}`);
  return { w, port, all, now, becomes };
}

test('refusals are counted by reason, and every reason is there from the start', async (t) => {
  const { w, all, becomes } = await watched(t);
  const reason = (name) => `tether_gateway_refused_total{reason="${name}"}`;
  const known = ['forged', 'expired', 'revoked', 'limited', 'busy', 'away', 'late', 'protocol', 'failed'];
  const before = await all();
  assert.deepEqual([...before.keys()].filter((k) => k.startsWith('tether_gateway_refused_total')), known.map(reason));
  for (const why of ['forged', 'expired', 'revoked', 'busy', 'failed']) {
    const key = newKey();
    w.answers.set(key, () => ({ ok: false, why, text: 'no', retry: 1 }));
    const page = new Page(t, w);
    await page.join(key);
    await page.heard('refused');
    await becomes(reason(why), 1);
  }
  const rude = new Page(t, w);
  await rude.say('nonsense');
  await rude.heard('refused');
  await becomes(reason('protocol'), 1);
  const late = new Page(t, w);
  await late.heard('refused', 8000);
  await becomes(reason('late'), 1);
  // Ten attempts and one more every six seconds: however slow this machine is, they run out.
  const hurry = async () => {
    const page = new Page(t, w);
    await page.say('again');
    return (await page.heard('refused')).why;
  };
  let whys = [];
  for (let i = 0; i < 10 && !whys.includes('limit'); i++) whys = await Promise.all(Array.from({ length: 8 }, hurry));
  const limited = whys.filter((why) => why === 'limit').length;
  assert.ok(limited > 0);
  await becomes(reason('limited'), limited);
  assert.equal((await all()).get('tether_gateway_joined_total'), 0);
});

test('sessions, commands, stops, faults of the box and round trips are counted', async (t) => {
  const { w, all, now, becomes } = await watched(t);
  const { s, page } = await joined(t, w);
  await becomes('tether_gateway_sessions', 1);
  await page.say(COMMAND);
  await page.say({ v: 1, op: 'stop' });
  await page.say({ v: 1, op: 'nonsense' });
  await becomes('tether_gateway_commands_refused_total', 1);
  assert.equal(await now('tether_gateway_commands_total'), 2);
  assert.equal(await now('tether_gateway_stops_total'), 1);

  const say = async (beacon, box) => {
    const have = page.states.length;
    await s.say(`${randomBytes(16).toString('base64url')}.{"v":1,"beacon":${beacon},"box":"${box}"}`);
    await until(() => page.states.length > have, 3000, 'the state');
  };
  const alive = async (beacon, n) => page.say({ v: 1, op: 'alive', a: 0, b: 0, page: COMMAND.page, n, beacon, mac: COMMAND.mac });
  await say(1, 'ok');
  await sleep(150);
  await alive(1, 10);
  await becomes('tether_gateway_round_trip_seconds_count', 1);
  let seen = await all();
  const took = seen.get('tether_gateway_round_trip_seconds_sum');
  assert.ok(took >= 0.15 && took < 1, `${took} s`);
  assert.equal(seen.get('tether_gateway_round_trip_seconds_bucket{le="0.1"}'), 0);
  assert.equal(seen.get('tether_gateway_round_trip_seconds_bucket{le="1"}'), 1);
  assert.equal(seen.get('tether_gateway_round_trip_seconds_bucket{le="+Inf"}'), 1);
  const bounds = [...seen.keys()].filter((k) => k.includes('_bucket')).map((k) => k.match(/le="(.+)"/)[1]);
  assert.deepEqual(bounds, ['0.01', '0.025', '0.05', '0.1', '0.25', '0.5', '1', '2.5', '5', '+Inf']);

  // An answer to a state that nobody waits for, or twice, is no round trip.
  await alive(1, 11);
  await alive(99, 12);
  for (const box of ['silent', 'silent', 'ok', 'starting', 'gone', 'off']) await say(20, box);
  await becomes('tether_gateway_box_faults_total', 2);
  seen = await all();
  assert.equal(seen.get('tether_gateway_round_trip_seconds_count'), 1);
  assert.equal(seen.get('tether_gateway_states_total'), 7);
  page.ws.close();
  await becomes('tether_gateway_sessions', 0);
});

test('expiry and loss of the broker are ends of sessions, not refusals', async (t) => {
  const { w, becomes, now } = await watched(t);
  const short = await joined(t, w, { left: 4 });
  await short.page.heard('ended');
  await becomes('tether_gateway_ended_total{reason="expired"}', 1);
  const other = await joined(t, w);
  await w.broker.stop();
  await other.page.heard('away');
  await becomes('tether_gateway_ended_total{reason="away"}', 1);
  await becomes('tether_gateway_broker_up', 0);
  const late = new Page(t, w);
  await late.join(newKey());
  await late.heard('away');
  await becomes('tether_gateway_refused_total{reason="away"}', 1);
  assert.equal(await now('tether_gateway_refused_total{reason="expired"}'), 0);
});

test('the certificate that is told of is the one in use', async (t) => {
  const { w, now } = await watched(t);
  const days = async () => (await now('tether_gateway_certificate_remaining_seconds')) / 86400;
  assert.ok(await days() > 29.9 && await days() <= 30, `${await days()} days`);
  const tls = w.gatewayOptions.tls;
  run('openssl', ['req', '-x509', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
    '-subj', '/CN=localhost', '-keyout', `${tls}/next.key`, '-out', `${tls}/next.pem`]);
  renameSync(`${tls}/next.pem`, `${tls}/server.pem`);
  renameSync(`${tls}/next.key`, `${tls}/server.key`);
  process.kill(w.gateway.pid, 'SIGHUP');
  await until(async () => await days() < 2, 5000, 'the new certificate');
  assert.ok(await days() > 1.9);
});

test('all parts of a running server are told of in one place, and a silent one is not called alive', { timeout: 120000 }, async (t) => {
  const port = await freePort();
  const stack = await startStack(t, { metrics: port });
  const body = async () => (await inside(port, '/metrics')).body;
  const now = async (name) => parse(await body()).samples.get(name);
  await until(async () => await now('tether_keysvc_issued_total') === 1 && await now('tether_auth_guests_total{result="in"}') === 1,
    25000, 'both parts have reported');
  const { samples } = parse(await body());
  assert.equal(samples.get('tether_keysvc_sessions'), 1);
  assert.equal(samples.get('tether_keysvc_signer_failures_total'), 0);
  assert.equal(samples.get('tether_part_up{part="keysvc"}'), 1);
  assert.equal(samples.get('tether_part_up{part="auth"}'), 1);
  for (const secret of [stack.link.match(/#(.{48})/)[1], '127.0.0.1', 'localhost']) assert.ok(!(await body()).includes(secret), secret);
  await stack.keysvc.stop();
  const stopped = Date.now();
  await until(async () => await now('tether_part_up{part="keysvc"}') === 0, 45000, 'the key service is called silent');
  console.log(`silent key service told of after ${Math.round((Date.now() - stopped) / 1000)} s`);
  assert.equal(await now('tether_keysvc_sessions'), undefined);
  assert.ok(await now('tether_part_silent_seconds{part="keysvc"}') > 30);
  assert.equal(await now('tether_part_up{part="auth"}'), 1);
});

test('metrics are told at the address that a name has, and nowhere else; a name that nobody has is an error', async (t) => {
  const port = await freePort();
  await world(t, { extra: ['--metrics', `localhost:${port}`] });
  const { address: own } = await lookup('localhost', { verbatim: true });
  assert.equal((await inside(port, '/healthz', own)).status, 200);
  const others = ['127.0.0.1', '127.0.0.2', '::1'].filter((a) => a !== own);
  for (const other of others) await assert.rejects(inside(port, '/healthz', other), /ECONNREFUSED|EADDRNOTAVAIL|ENETUNREACH/, other);
  const nobody = await world(t, { extra: ['--metrics', `nobody.invalid:${port}`], reach: false }).catch((error) => String(error));
  assert.match(nobody, /the metrics' address is no address, and no name that can be looked up/);
});
