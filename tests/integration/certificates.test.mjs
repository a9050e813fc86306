// Port 80, and certificates that are replaced while sessions go on: no signal, nobody dropped.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect as tcp } from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import tls from 'node:tls';
import { addKey, connect, hexId, identity, startBroker } from '../lib/broker.mjs';
import { startGateway } from '../lib/gateway.mjs';
import { inside, joined, STATE, world } from '../lib/gwworld.mjs';
import { certs, folder, freePort, root, sleep, until } from '../lib/proc.mjs';

const LOOK = 10000; // they look every 5 s

const fingerprint = (port) => new Promise((done, fail) => {
  const socket = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false },
    () => { done(socket.getPeerCertificate().fingerprint256); socket.destroy(); });
  socket.on('error', fail);
});

// A new pair from the same place, moved in as a renewal would: each file whole, the key first.
function replace(dir, { key = true, cert = true } = {}) {
  const fresh = `${dir}/fresh`;
  certs(fresh);
  if (key && cert) renameSync(`${fresh}/ca.pem`, `${dir}/ca.pem`);
  if (key) renameSync(`${fresh}/server.key`, `${dir}/server.key`);
  if (cert) renameSync(`${fresh}/server.pem`, `${dir}/server.pem`);
}

test('gateway and broker take a new certificate by themselves, and no session is dropped', { timeout: 60000 }, async (t) => {
  const w = await world(t);
  const { s, page } = await joined(t, w);
  const guest = await connect(t, { port: w.broker.port, ca: w.ca, who: { client: hexId() } });
  const before = [await fingerprint(w.port), await fingerprint(w.broker.port)];
  assert.equal(before[0], before[1]);
  replace(`${w.dir}/tls`);
  const after = await Promise.all([w.port, w.broker.port].map((port) =>
    until(async () => { const now = await fingerprint(port); return now !== before[0] && now; }, LOOK, `a new certificate on ${port}`)));
  assert.equal(after[0], after[1]);
  await s.say(STATE);
  await until(() => page.states.length, 3000, 'a state to the page on the old connections');
  await sleep(1500);
  assert.equal(page.ws.readyState, page.ws.OPEN);
  assert.equal(s.agent.raw.connected, true);
  await guest.closed(); // Mosquitto drops those without a name at a reload; an agent asks again
  assert.equal(w.gateway.err().match(/certificate read again/g).length, 1, 'read once');
  await joined(t, w); // the certificate is of another authority, which is trusted with it
});

test('a certificate that does not fit its key is refused by both in words, once; the old one stays until it fits',
  { timeout: 90000 }, async (t) => {
    const metrics = await freePort();
    const w = await world(t, { extra: ['--metrics', `127.0.0.1:${metrics}`] });
    const refused = (value) => until(async () => {
      const { body } = await inside(metrics, '/metrics');
      return ['gateway', 'auth'].every((part) => body.includes(`\ntether_${part}_certificate_refused ${value}\n`));
    }, 15000, `both numbers are ${value}`);
    const { s, page } = await joined(t, w);
    const before = await fingerprint(w.port);
    replace(`${w.dir}/tls`, { key: false });
    const words = /the new certificate can't be used \(certificate and key don't belong together\): the old one stays/g;
    await until(() => w.gateway.err().match(words) && w.broker.log().match(words), LOOK, 'both say so');
    await refused(1);
    await sleep(LOOK);
    assert.equal(w.gateway.err().match(words).length, 1);
    assert.equal(w.broker.log().match(words).length, 1);
    assert.deepEqual([await fingerprint(w.port), await fingerprint(w.broker.port)], [before, before]);
    replace(`${w.dir}/tls`);
    for (const port of [w.port, w.broker.port]) {
      await until(async () => await fingerprint(port) !== before, LOOK, `a certificate that fits on ${port}`);
    }
    await s.say(STATE);
    await until(() => page.states.length, 3000, 'the session goes on');
    await refused(0);
  });

test('what else can not be used is refused in its own words: no file, a passphrase, an expired one', { timeout: 90000 }, async (t) => {
  const dir = folder(t);
  const tlsDir = `${dir}/tls`;
  const { ca } = certs(tlsDir);
  const data = `${dir}/data`;
  const key = addKey(data);
  const broker = await startBroker(t, { dir, port: await freePort(), tls: tlsDir, data });
  const agent = await connect(t, { port: broker.port, ca, who: identity(key, 'agent') });
  const before = await fingerprint(broker.port);
  const openssl = (...args) => execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const refused = (words) => until(() => broker.log().includes(`can't be used (${words}`), LOOK, () => `${words} in\n${broker.log()}`);
  const fits = async () => {
    const old = await fingerprint(broker.port);
    replace(tlsDir);
    await until(async () => await fingerprint(broker.port) !== old, LOOK, 'it fits again');
  };

  rmSync(`${tlsDir}/server.pem`);
  await refused("the certificate's file can't be read");
  assert.equal(await fingerprint(broker.port), before);
  await fits();
  openssl('ec', '-in', `${tlsDir}/server.key`, '-aes256', '-passout', 'pass:x', '-out', `${tlsDir}/fresh/locked`);
  renameSync(`${tlsDir}/fresh/locked`, `${tlsDir}/server.key`);
  await refused("the key's file can't be read, or holds none without a passphrase");
  await fits();
  certs(`${tlsDir}/fresh`);
  openssl('req', '-new', '-key', `${tlsDir}/fresh/server.key`, '-subj', '/CN=localhost', '-out', `${tlsDir}/fresh/csr`);
  openssl('x509', '-req', '-in', `${tlsDir}/fresh/csr`, '-signkey', `${tlsDir}/fresh/server.key`, '-days', '0',
    '-out', `${tlsDir}/fresh/server.pem`);
  for (const name of ['server.key', 'server.pem']) renameSync(`${tlsDir}/fresh/${name}`, `${tlsDir}/${name}`);
  await refused('it has expired');
  assert.equal(agent.raw.connected, true);
});

// --- port 80 ---------------------------------------------------------------------------------------

// One request as bytes; all that comes back until the connection closes or `ms` are over.
const raw = (port, text, ms = 1500) => new Promise((done) => {
  const socket = tcp(port, '127.0.0.1');
  let got = '';
  const over = () => { socket.destroy(); done(got); };
  const timer = setTimeout(over, ms);
  socket.on('data', (data) => { got += data; });
  socket.on('error', () => {});
  socket.on('close', () => { clearTimeout(timer); over(); });
  socket.write(text);
});
const get = (port, where, method = 'GET') => raw(port, `${method} ${where} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n`);
const status = (answer) => Number(answer.match(/^HTTP\/1\.1 (\d+)/)?.[1]);
const header = (answer, name) => answer.match(new RegExp(`^${name}: *(.*)\r$`, 'im'))?.[1];

// A gateway without a broker. `challenges` is filled with one good answer and what must not come out.
async function doors(t) {
  const dir = folder(t);
  const { ca } = certs(`${dir}/tls`);
  const challenges = `${dir}/challenges`;
  mkdirSync(`${challenges}/folder`, { recursive: true });
  const put = (name, text) => writeFileSync(`${challenges}/${name}`, text);
  put('good-Token_1', 'good-Token_1.thumb_print-9\n');
  put('long', 'a'.repeat(201));
  put('words', 'this is no answer');
  put('page', '<script>alert(1)</script>');
  put('empty', '');
  put('.hidden', 'secret');
  writeFileSync(`${dir}/secret`, 'secret.secret');
  symlinkSync(`${dir}/secret`, `${challenges}/link`);
  const http = await freePort();
  const gw = await startGateway(t, { port: await freePort(), tls: `${dir}/tls`, web: path.join(root, 'web'), brokerPort: 1, ca,
    token: `${dir}/none`, reach: false, extra: ['--redirect', `127.0.0.1:${http}`, '--challenges', challenges] });
  return { gw, http, put };
}

test('without TLS everything is sent to https on our own host, whatever the request names', async (t) => {
  const { gw, http } = await doors(t);
  for (const [where, to] of [['/', '/'], ['/privacy', '/privacy'], ['/privacy?x=1', '/privacy'], ['/a/b.js', '/a/b.js'],
    ['//evil.example/', null], ['/%0d%0aX-Evil:%201', '/'], ['/a b', '/'], ['/%00', '/'], ['/<script>', '/'],
    ['/../../etc/passwd', null], [`/${'a'.repeat(600)}`, '/'], ['/ws', '/ws'], ['/.well-known/security.txt', '/.well-known/security.txt']]) {
    const answer = await get(http, where);
    if (where === '/a b') { assert.notEqual(status(answer), 200, where); continue; } // no HTTP
    if (status(answer) !== 308) {
      assert.ok(!(status(answer) < 400), `${where}: ${answer}`); // refused, or closed without a word
      continue;
    }
    const location = new URL(header(answer, 'location'));
    assert.equal(location.origin, gw.origin, where);
    if (to) assert.equal(location.pathname, to, where);
    assert.doesNotMatch(answer, /^x-evil/im);
    assert.equal(header(answer, 'content-length') ?? '0', '0', where);
    assert.equal(header(answer, 'strict-transport-security'), undefined, 'RFC 6797: not without TLS');
  }
  assert.equal(status(await get(http, '/privacy', 'HEAD')), 308);
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
    const answer = await get(http, '/privacy', method);
    assert.notEqual(status(answer), 200, `${method}: ${answer}`);
    assert.notEqual(status(answer), 308, `${method}: a browser would send its body again`);
  }
  const upgrade = await raw(http, 'GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n'
    + `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: tether.v1\r\nOrigin: ${gw.origin}\r\n\r\n`);
  assert.doesNotMatch(upgrade, /101 /, 'no WebSocket without TLS');
  assert.equal(gw.over(), false);
});

test('an answer to an ACME challenge is served, and nothing else of that folder or outside it', async (t) => {
  const { gw, http, put } = await doors(t);
  const at = '/.well-known/acme-challenge/';
  const good = await get(http, `${at}good-Token_1`);
  assert.equal(status(good), 200);
  assert.match(header(good, 'content-type'), /^text\/plain/);
  assert.equal(header(good, 'cache-control'), 'no-store');
  assert.equal(good.split('\r\n\r\n')[1], 'good-Token_1.thumb_print-9\n');
  const head = await get(http, `${at}good-Token_1`, 'HEAD');
  assert.equal(status(head), 200);
  assert.equal(head.split('\r\n\r\n')[1], '');
  put('later', 'later.thumb'); // by the client, while we run
  assert.match(await get(http, `${at}later`), /later\.thumb/);

  for (const name of ['long', 'words', 'page', 'empty', '.hidden', 'link', 'folder', '', '.', '..', 'folder/', '../secret', '%2e%2e%2fsecret',
    '..%2fsecret', '....//secret', '/../secret', 'good-Token_1/', 'good-Token_1%00', 'good-Token_1%20', 'good-Token_1.', 'good%2dToken_1%2f..',
    'a'.repeat(300), '%ff', '\\..\\secret', 'nothing']) {
    const answer = await get(http, at + name);
    assert.notEqual(status(answer), 200, `"${name}" got ${answer}`);
    assert.doesNotMatch(answer, /secret\.secret|<script>|this is no answer|aaaaaa/, name);
  }
  assert.equal(status(await get(http, `${at}nothing`)), 404);
  assert.equal(status(await get(http, '/x/../.well-known/acme-challenge/../../secret')) === 200, false);
  assert.equal(gw.over(), false);
  assert.doesNotMatch(gw.err(), /good-Token|secret/, 'nothing of it in the log');
});

test('port 80 is under the same limit of connections as the page', async (t) => {
  const { gw, http } = await doors(t);
  const sockets = [];
  t.after(() => sockets.forEach((s) => s.destroy()));
  let closed = 0;
  for (let i = 0; i < 24; i += 1) {
    const socket = tcp(http, '127.0.0.1');
    socket.on('close', () => { closed += 1; });
    socket.on('error', () => {});
    sockets.push(socket);
  }
  await until(() => closed >= 8, 3000, () => `8 of 24 turned away; ${closed} are`);
  await sleep(200);
  assert.equal(closed, 8, '16 of one address');
  assert.equal(gw.over(), false);
});

test('a folder of challenges that is not there is said at start', async (t) => {
  const dir = folder(t);
  const { ca } = certs(`${dir}/tls`);
  await assert.rejects(startGateway(t, { port: await freePort(), tls: `${dir}/tls`, web: path.join(root, 'web'), brokerPort: 1, ca,
    token: `${dir}/none`, reach: false, extra: ['--redirect', `127.0.0.1:${await freePort()}`, '--challenges', `${dir}/none`] }),
  /--challenges/);
});
