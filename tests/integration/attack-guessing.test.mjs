// Guessing a key: what docs/THREATS.md calculates from is what the code has, and the rates are held.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import WebSocket from 'ws';
import { connect, identity, keyFromPem, startBroker, unixNow } from '../lib/broker.mjs';
import { startGateway } from '../lib/gateway.mjs';
import { connectGateway, keysvc, startKeysvc } from '../lib/keysvc.mjs';
import { certs, folder, freePort, read, root, sleep } from '../lib/proc.mjs';

const limit = (file, name) => Number(read(path.join(root, file)).match(new RegExp(`^#define ${name}\\s+(\\d+)`, 'm'))[1]);
const JOINS = { burst: limit('gateway/limits.h', 'JOINS_BURST'), every: limit('gateway/limits.h', 'JOINS_EVERY_MS') / 1000 };
const REDEEMS = { burst: limit('keysvc/limits.h', 'REDEEM_BURST'), rate: limit('keysvc/limits.h', 'REDEEM_RATE') };
const GW = { burst: limit('keysvc/limits.h', 'GW_BURST'), rate: limit('keysvc/limits.h', 'GW_RATE') };
const LIFE = limit('common/max.h', 'MAX_LIFE');

// A key of the right form, expiring when a real one would.
function guess() {
  const bytes = randomBytes(36);
  bytes.writeUInt32BE(unixNow() + 7200, 16);
  return bytes.toString('base64url');
}

async function setUp(t, gateways = 1) {
  const dir = folder(t);
  const tls = certs(`${dir}/tls`);
  const data = `${dir}/data`;
  await keysvc(['--dir', data, 'init']);
  const port = await freePort();
  await startBroker(t, { dir, port, tls: `${dir}/tls`, data });
  const daemon = await startKeysvc(t, { dir: data, brokerPort: port, ca: tls.ca, gateways });
  const file = readdirSync(`${data}/secrets`).find((f) => f.startsWith('sign-'));
  const key = keyFromPem(file.slice(5, -4), readFileSync(`${data}/secrets/${file}`, 'utf8'));
  return { dir, data, port, ca: tls.ca, daemon, key };
}

test('docs/THREATS.md calculates with the limits that the code has', () => {
  const page = read(path.join(root, 'docs/THREATS.md')).replace(/\s+/g, ' ');
  const section = page.split(' ## What guessing costs ')[1].split(' ## ')[0];
  const group = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, ',');
  const inAll = REDEEMS.burst + REDEEMS.rate * LIFE;
  const perAddress = JOINS.burst + LIFE / JOINS.every;
  const years = 2 ** 127 / REDEEMS.rate / 31556952;
  const said = [
    `${JOINS.burst} joins at once and one every ${JOINS.every} s`, `${group(perAddress)} guesses in four hours`,
    `${group(REDEEMS.burst)} at once and ${group(REDEEMS.rate)} a second`, `${group(inAll)} guesses in four hours`,
    `${group(GW.burst)} at once and ${group(GW.rate)} a second`,
    `1 in ${(2 ** 128 / inAll).toExponential(0).replace('e+', ' · 10^')}`, `${years.toExponential(0).replace('e+', ' · 10^')} years`,
  ];
  for (const words of said) assert.ok(section.includes(words), `docs/THREATS.md does not say "${words}"`);
});

test('docs/THREATS.md says from how many addresses all new keys can be used up', () => {
  const section = read(path.join(root, 'docs/THREATS.md')).replace(/\s+/g, ' ').split(' ## A stranger ')[1].split(' ## ')[0];
  const [burst, every] = ['GUEST_NET_BURST', 'GUEST_NET_EVERY_MS'].map((name) => limit('broker-conf/limits.h', name));
  const site = ['GUEST_SITE_BURST', 'GUEST_SITE_EVERY_MS'].map((name) => limit('broker-conf/limits.h', name));
  const [asks, keys, rate] = ['GUEST_BURST', 'ISSUE_BURST', 'ISSUE_RATE'].map((name) => limit('keysvc/limits.h', name));
  for (const words of [`${burst} guests at once and one every ${every / 1000} s, each of whom may ask ${asks} times`,
    `gives out ${keys} keys at once and ${rate} a second`, `about ${Math.round(rate / (asks * 1000 / every))} addresses`,
    `${site[0]} at once and one every ${site[1] / 1000} s: about ${Math.round(rate / (asks * 1000 / site[1]))} such customers`,
    `(${limit('gateway/limits.h', 'MAX_PER_ADDRESS')}, an IPv6 /64 as one)`]) {
    assert.ok(section.includes(words), `docs/THREATS.md does not say "${words}"`);
  }
});

test('every test that docs/THREATS.md names exists', () => {
  const page = read(path.join(root, 'docs/THREATS.md')).replace(/\s+/g, ' ');
  const named = [...page.matchAll(/“([^”]+)”/g)].map((m) => m[1]);
  const files = ['integration', 'faults', 'web', 'ui', 'compose', 'unit'].flatMap((d) =>
    readdirSync(path.join(root, 'tests', d)).filter((f) => /\.(mjs|c)$/.test(f)).map((f) => path.join(root, 'tests', d, f)));
  const sources = files.map(read).join('\n').replaceAll('\\\'', '\'').replace(/\s+/g, ' ');
  assert.ok(named.length > 20, `${named.length} are named`);
  for (const name of named) {
    const there = [`'${name}`, `\`${name}`, `\n${name}(void **state)`.trim()].some((text) => sources.includes(text));
    assert.ok(there, `no test is called "${name}"`);
  }
});

// One guess through the gateway, from `localAddress`: the gateway's answer.
const tryJoin = (t, at, localAddress) => new Promise((done, fail) => {
  const ws = new WebSocket(`wss://localhost:${at.httpsPort}/ws`, 'tether.v1', {
    ca: readFileSync(at.ca), origin: at.origin, family: 4, localAddress });
  t.after(() => ws.terminate());
  ws.on('open', () => ws.send(JSON.stringify({ v: 1, op: 'join', key: guess() })));
  ws.on('message', (data) => { done(JSON.parse(data)); ws.terminate(); });
  ws.on('error', fail);
});

test('guesses are rationed per address at the gateway, and one address does not spend another\'s', { timeout: 60000 }, async (t) => {
  const at = await setUp(t);
  at.httpsPort = await freePort();
  at.origin = `https://localhost:${at.httpsPort}`;
  await startGateway(t, { port: at.httpsPort, tls: `${at.dir}/tls`, web: path.join(root, 'web'), brokerPort: at.port, ca: at.ca,
    token: at.daemon.tokens[0], origin: at.origin });
  const begin = Date.now();
  const whys = [];
  for (let i = 0; i < 3 * JOINS.burst; i += 1) whys.push((await tryJoin(t, at, '127.0.0.5')).why);
  const most = JOINS.burst + Math.floor((Date.now() - begin) / 1000 / JOINS.every) + 1;
  const asked = whys.filter((w) => w === 'forged').length;
  assert.ok(asked >= JOINS.burst && asked <= most, `${asked} of ${whys.length} were asked; ${most} may be`);
  assert.equal(whys.filter((w) => w === 'limit').length, whys.length - asked);
  assert.deepEqual(new Set(whys.slice(0, JOINS.burst)), new Set(['forged']));
  assert.equal((await tryJoin(t, at, '127.0.0.6')).why, 'forged', 'somebody else may still ask');
  const wait = await tryJoin(t, at, '127.0.0.5');
  assert.ok(wait.why === 'limit' && wait.retry > 0 && wait.retry <= JOINS.every, JSON.stringify(wait));
  await sleep(JOINS.every * 1000 + 200);
  assert.equal((await tryJoin(t, at, '127.0.0.5')).why, 'forged', 'and the first after a pause');
});

test('guesses are rationed in all at the key service, however many gateways ask', { timeout: 60000 }, async (t) => {
  const at = await setUp(t, 3);
  const gateways = await Promise.all(at.daemon.tokens.map((file) => connectGateway(t, { ...at, file })));
  // A fourth that no key service wrote a token for, and a thousand clients more would share the same ration.
  const who = identity(at.key, 'gw');
  const fourth = await connect(t, { port: at.port, ca: at.ca, who });
  await fourth.subscribe(`key/gw/${who.client}/res`);
  const all = [...gateways.map((g) => ({ mqtt: g, client: g.client })), { mqtt: fourth, client: who.client }];
  const begin = Date.now();
  // 10 under way each: together fewer than the key service signs at once. On until some are refused: the ration grows.
  let refused = false;
  const flood = async ({ mqtt, client }) => {
    const whys = [];
    let enough = () => {};
    mqtt.raw.on('message', (topic, payload) => {
      whys.push(JSON.parse(payload).why);
      refused ||= whys.at(-1) === 'busy';
      if (whys.length % 10 === 0) enough();
    });
    for (let i = 0; i < GW.burst + 100 || !refused; i += 10) {
      const answered = new Promise((done) => { enough = done; });
      for (let n = 0; n < 10; n += 1) {
        mqtt.raw.publish(`key/gw/${client}/req`, JSON.stringify({ v: 1, op: 'redeem', id: i + n, key: guess() }), { qos: 1 });
      }
      await answered;
    }
    return whys;
  };
  const each = await Promise.all(all.map(flood));
  const seconds = (Date.now() - begin) / 1000;
  const checked = each.flat().filter((w) => w === 'forged').length;
  t.diagnostic(`${checked} of ${each.flat().length} guesses were looked at in ${seconds.toFixed(1)} s`);
  assert.deepEqual([...new Set(each.flat())].sort(), ['busy', 'forged']);
  assert.ok(checked <= REDEEMS.burst + REDEEMS.rate * seconds + 1, `${checked} in ${seconds} s`);
  assert.ok(checked >= REDEEMS.burst, 'and not fewer than are allowed');
  for (const whys of each) {
    assert.ok(whys.filter((w) => w === 'forged').length <= GW.burst + GW.rate * seconds + 1, 'one gateway has its own limit');
  }
});
