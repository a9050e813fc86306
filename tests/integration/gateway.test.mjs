// The gateway from outside: an independent WebSocket client as page, the real broker with our plugin,
// and a key service played by the test, so that each of its answers can be had at will.
//
// The limits of the design, and the tests that hold them (here unless another file is named):
//   frame of 512 bytes              "a message that is over 512 bytes ...", "... a megabyte ..."
//   30 commands a second, not stop  "thirty commands a second pass ..."
//   300 messages a second           "three hundred messages a second are the end"
//   5 s to join                     "a page that does not join in five seconds is told so"
//   10 joins a minute per address   "what is not a join is refused ..."
//   16 connections per address      "an address may hold sixteen connections ..."
//   IPv6 by /64                     test_gateway_rate, headers.test.mjs "an IPv6 address ..."
//   connections in all              crowd.test.mjs
//   newest state only, slow readers "a page that does not read ...", "a page that never reads ..."
//   ping after 20 s                 "a page that never reads, and one that has fallen silent ..."
//   Origin, Host, subprotocol       "only this site's page may open the WebSocket ..."
//   no compression, HTTP/1.1 only   "permessage-deflate and HTTP/2 are not spoken"
//   drain                           "SIGTERM ends the gateway within two seconds ..."
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { createConnection } from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import tls from 'node:tls';
import WebSocket from 'ws';
import { connect, hexId, identity, mintToken, startBroker, unixNow } from '../lib/broker.mjs';
import { COMMAND, Page, STATE, joined, newKey, session, world } from '../lib/gwworld.mjs';
import { certs, run, sleep, until } from '../lib/proc.mjs';

test('a page joins with its key, and leaves the broker when it closes', async (t) => {
  const w = await world(t, { change: (conf) => `${conf.replace(/^(log_type|connection_messages).*$/gm, '')}\nlog_type all\n` });
  const { s, page } = await joined(t, w, { left: 1234 });
  const [{ topic, request }] = w.asked;
  assert.match(topic, /^key\/gw\/[0-9a-f]{32}\/req$/);
  assert.deepEqual(request, { v: 1, op: 'redeem', id: request.id, key: s.key });
  const { left } = page.gw[0];
  assert.ok(left >= 1232 && left <= 1234, `left ${left}`);
  page.ws.close();
  assert.equal((await page.closed).code, 1005);
  await until(() => w.broker.log().includes(`Received DISCONNECT from ${s.client}`), 3000, 'the partner\'s DISCONNECT');
});

test('the key service\'s refusals reach the page by name', async (t) => {
  const w = await world(t);
  for (const why of ['forged', 'expired', 'revoked', 'busy', 'failed']) {
    const key = newKey();
    w.answers.set(key, () => ({ ok: false, why, text: 'A sentence.', retry: 3 }));
    const page = new Page(t, w);
    await page.join(key);
    assert.deepEqual(await page.heard('refused'), { v: 1, gw: 'refused', why, retry: 3 });
    assert.equal((await page.closed).code, 1000);
  }
});

test('an unknown reason of the key service is called failed', async (t) => {
  const w = await world(t);
  const key = newKey();
  w.answers.set(key, () => ({ ok: false, why: '<script>', text: '' }));
  const page = new Page(t, w);
  await page.join(key);
  assert.deepEqual(await page.heard('refused'), { v: 1, gw: 'refused', why: 'failed', retry: 0 });
});

test('a silent key service makes the page come back later', async (t) => {
  const w = await world(t);
  const page = new Page(t, w);
  await page.join(newKey());
  const away = await page.heard('away');
  assert.ok(away.retry >= 1 && away.retry <= 60);
  assert.equal((await page.closed).code, 1013);
});

test('an answer for somebody else opens nothing', async (t) => {
  const w = await world(t);
  const s = await session(t, w);
  const honest = w.answers.get(s.key);
  w.answers.set(s.key, (request) => ({ ...honest(request), id: (request.id + 1) >>> 0 }));
  const page = new Page(t, w);
  await page.join(s.key);
  await page.heard('away');
  assert.ok(!page.gw.some((m) => m.gw === 'joined'));
});

test('a page that does not join in five seconds is told so', async (t) => {
  const w = await world(t);
  const page = new Page(t, w);
  await page.opened;
  const from = Date.now();
  const { code } = await page.closed;
  const took = Date.now() - from;
  assert.deepEqual(page.gw, [{ v: 1, gw: 'refused', why: 'late', retry: 0 }]);
  assert.equal(code, 1008);
  assert.ok(took > 4500 && took < 6500, `${took} ms`);
});

test('what is not a join is refused before the key service hears of it', async (t) => {
  const w = await world(t);
  const key = newKey();
  const wrong = [
    'hello', '', '{}', JSON.stringify(COMMAND), '{"v":1,"op":"stop"}',
    { v: 2, op: 'join', key }, { v: 1, op: 'join' }, { v: 1, op: 'join', key, more: 1 }, { v: 1, op: 'Join', key },
    { v: '1', op: 'join', key }, { v: 1, op: 'join', key: key.slice(1) }, { v: 1, op: 'join', key: `${key}A` },
    { v: 1, op: 'join', key: `${key.slice(1)}+` }, `{"v":1,"op":"join","key":"${key}"} `,
    `{"v":1,"op":"join","key":"${key}"}x`, `{"v":1,"op":"join","key":"${key}\\u0000"}`,
    `{"v":1,"op":"join","key":"${key}","key":"${key}"}`, `{"v":1,"op":"join","key":"${key}`,
  ];
  for (const [i, message] of wrong.entries()) {
    // From the eleventh attempt on the address is told to wait; nobody gets another one by a header.
    const page = new Page(t, w, { headers: { 'x-forwarded-for': `10.0.${i}.1`, forwarded: `for=10.0.${i}.1` } });
    await page.say(message);
    const { why } = await page.heard('refused');
    assert.equal(why, i < 10 ? 'bad' : 'limit', `${JSON.stringify(message)}`);
    assert.equal((await page.closed).code, i < 10 ? 1008 : 1000);
  }
  assert.deepEqual(w.asked, []);
});

test('commands are understood and written anew in their one spelling', async (t) => {
  const w = await world(t);
  const { s, page } = await joined(t, w);
  const odd = `{ "mac":"${COMMAND.mac}","n":5,"beacon":77, "page":"0011223344556677","b":0,"a":40,"val":40,"ch":"A","op":"level","v":1}`;
  await page.say(odd);
  await page.say({ v: 1, op: 'stop' });
  const [level, stop] = await s.arrived(2);
  assert.equal(stop, '{"v":1,"op":"stop"}');
  assert.deepEqual(JSON.parse(level), COMMAND);
  assert.notEqual(level, odd);
  assert.doesNotMatch(level, /\s/);
  assert.deepEqual(page.gw.filter((m) => m.gw === 'bad'), []);
});

test('what is not a command is refused with a sentence, and nothing is published', async (t) => {
  const w = await world(t);
  const { s, page } = await joined(t, w);
  const wrong = [
    { ...COMMAND, val: 101 }, { ...COMMAND, op: 'fire' }, { ...COMMAND, extra: 1 }, { ...COMMAND, v: 2 },
    { ...COMMAND, val: '40' }, { v: 1, op: 'stop', a: 1 }, JSON.stringify(COMMAND).slice(0, -9),
    `${JSON.stringify(COMMAND)}{}`, 'stop', '', Buffer.from([0x7b, 0xff, 0x7d]), { v: 1, op: 'join', key: s.key },
  ];
  for (const [i, message] of wrong.entries()) {
    await page.say(message, { binary: false });
    await until(() => page.gw.filter((m) => m.gw === 'bad').length === i + 1, 3000, `bad for ${message}`);
    assert.match(page.gw.at(-1).text, /^[A-Z].{10,}\.$/);
  }
  await page.say({ v: 1, op: 'stop' });
  assert.deepEqual(await s.arrived(1), ['{"v":1,"op":"stop"}']);
  assert.equal(page.ws.readyState, WebSocket.OPEN);
});

test('a command in fragments counts when it is whole', async (t) => {
  const w = await world(t);
  const { s, page } = await joined(t, w);
  const text = JSON.stringify(COMMAND);
  page.ws.send(text.slice(0, 20), { fin: false });
  page.ws.send(text.slice(20, 30), { fin: false });
  await sleep(200);
  assert.deepEqual(s.commands(), []);
  page.ws.send(text.slice(30), { fin: true });
  assert.deepEqual(JSON.parse((await s.arrived(1))[0]), COMMAND);
});

for (const [what, send] of [
  ['binary', (page) => page.say(Buffer.from(JSON.stringify({ v: 1, op: 'stop' })), { binary: true })],
  ['over 512 bytes', (page) => page.say(' '.repeat(513))],
  ['over 512 bytes in fragments', async (page) => {
    page.ws.send(' '.repeat(500), { fin: false });
    page.ws.send(' '.repeat(500), { fin: true });
  }],
  ['a megabyte', (page) => page.say('x'.repeat(1 << 20))],
]) {
  test(`a message that is ${what} ends the page with a sentence`, async (t) => {
    const w = await world(t);
    const { s, page } = await joined(t, w);
    await send(page);
    assert.match((await page.heard('bad')).text, /text|512/);
    assert.equal((await page.closed).code, 1008);
    assert.deepEqual(s.commands(), []);
  });
}

test('a command before joined ends the page', async (t) => {
  const w = await world(t);
  const page = new Page(t, w);
  await page.join(newKey());
  await page.say({ v: 1, op: 'stop' });
  await page.heard('bad');
  assert.equal((await page.closed).code, 1008);
});

test('states reach the page byte by byte, malformed ones do not', async (t) => {
  const w = await world(t);
  const { s, page } = await joined(t, w);
  const mac = STATE.slice(0, 22);
  for (const wrong of ['', 'x', STATE.slice(1), `${mac}{}`, `${mac}.[]`, `${mac}.{"a":"\n"}`, `${mac}.{${'x'.repeat(1536)}`,
    Buffer.from([...Buffer.from(`${mac}.{`), 0xff]), '{"v":1,"gw":"joined","left":9}']) {
    await s.say(wrong);
  }
  await s.say(STATE);
  await until(() => page.states.length, 3000, 'a state');
  assert.deepEqual(page.states, [STATE]);
  assert.equal(page.gw.length, 1);
});

test('a page that does not read gets the newest state, not all of them', async (t) => {
  const w = await world(t);
  const { s, page } = await joined(t, w);
  const state = (n) => `${STATE.slice(0, 22)}.{"n":${String(n).padStart(8, '0')}${' '.repeat(1400)}}`;
  const count = 2000;
  page.ws._socket.pause();
  // Acknowledged in between, so that none is lost in the broker.
  for (let n = 1; n <= count; n += 1) {
    if (n % 50 === 0) await s.agent.publish(`s/${s.sid}/state`, state(n));
    else s.agent.raw.publish(`s/${s.sid}/state`, state(n));
  }
  await sleep(500);
  page.ws._socket.resume();
  await until(() => page.states.at(-1) === state(count), 10000,
    `the newest of ${page.states.length} ${JSON.stringify(page.gw)}`);
  assert.ok(page.states.length < count * 0.75, `${page.states.length} of ${count} were kept`);
});

test('thirty commands a second pass, the next does not, and stop always does', async (t) => {
  const w = await world(t);
  const { s, page } = await joined(t, w);
  for (let n = 1; n <= 50; n += 1) page.ws.send(JSON.stringify({ ...COMMAND, n }));
  page.ws.send('{"v":1,"op":"stop"}');
  await page.heard('bad');
  await until(() => s.commands().includes('{"v":1,"op":"stop"}'), 3000, 'the stop');
  const levels = s.commands().filter((c) => c.includes('level')).length;
  assert.ok(levels >= 30 && levels <= 36, `${levels} passed`);
  assert.match((await page.heard('bad')).text, /30 commands in a second/);
  await sleep(1100);
  page.ws.send(JSON.stringify({ ...COMMAND, n: 99 }));
  await until(() => s.commands().some((c) => c.includes('"n":99')), 3000, 'a command after a pause');
});

test('three hundred messages a second are the end', async (t) => {
  const w = await world(t);
  const { s, page } = await joined(t, w);
  for (let n = 1; n <= 600; n += 1) page.ws.send(JSON.stringify({ ...COMMAND, n }));
  page.ws.send('{"v":1,"op":"stop"}');
  assert.equal((await page.closed).code, 1008);
  // Whatever came too late: the wearer's side hears a stop.
  await until(() => s.commands().at(-1) === '{"v":1,"op":"stop"}', 1000, () => `a stop at the end of ${s.commands().length} commands`);
});

test('commands carry an expiry of five seconds', async (t) => {
  const w = await world(t);
  const { s, page } = await joined(t, w);
  const properties = [];
  s.agent.raw.on('message', (topic, payload, packet) => properties.push(packet.properties));
  await page.say(COMMAND);
  await s.arrived(1);
  assert.ok(properties[0].messageExpiryInterval >= 4 && properties[0].messageExpiryInterval <= 5);
});

test('a revoked session reaches the page as ended within a second', async (t) => {
  const w = await world(t);
  const { s, page } = await joined(t, w);
  const from = Date.now();
  await w.keysvc.publish('$CONTROL/tether/v1', `revoke ${s.sid} ${unixNow() + 3600}\n`);
  assert.deepEqual(await page.heard('ended'), { v: 1, gw: 'ended', why: 'revoked' });
  assert.ok(Date.now() - from < 1000);
  assert.equal((await page.closed).code, 1000);
});

test('an expired session reaches the page as ended', async (t) => {
  const w = await world(t);
  const { page } = await joined(t, w, { left: 2 });
  assert.deepEqual(await page.heard('ended'), { v: 1, gw: 'ended', why: 'expired' });
  assert.equal((await page.closed).code, 1000);
});

test('a partner token that the broker refuses is a failed join', async (t) => {
  const w = await world(t);
  const s = await session(t, w);
  const honest = w.answers.get(s.key);
  w.answers.set(s.key, (request) => ({ ...honest(request), sid: hexId() }));
  const page = new Page(t, w);
  await page.join(s.key);
  assert.equal((await page.heard('refused')).why, 'failed');
});

test('a killed broker reaches the page as away, and pages can join again when it is back', async (t) => {
  const w = await world(t);
  const { page } = await joined(t, w);
  await w.broker.stop();
  const { retry } = await page.heard('away');
  assert.ok(retry >= 1 && retry <= 60);
  assert.equal((await page.closed).code, 1013);
  const early = new Page(t, w);
  await early.join(newKey());
  await early.heard('away');
  w.broker = await startBroker(t, w.brokerOptions);
  w.keysvc = await connect(t, { port: w.broker.port, ca: w.ca, who: identity(w.key, 'keysvc') });
  await w.keysvc.subscribe('key/+/+/req');
  const s = { key: newKey() };
  w.keysvc.raw.on('message', (topic, payload) => {
    const { id } = JSON.parse(payload);
    const [client, sid] = [hexId(), hexId()];
    w.keysvc.raw.publish(topic.replace(/req$/, 'res'), JSON.stringify({ v: 1, id, ok: true, sid, client, left: 60,
      token: mintToken({ key: w.key, role: 'partner', client, sid, life: 60 }) }), { qos: 1 });
  });
  await until(async () => {
    const again = new Page(t, w);
    await again.join(s.key);
    await until(() => again.gw.length, 8000, 'an answer');
    return again.gw[0].gw === 'joined';
  }, 30000, 'a join after the broker is back');
});

test('a renewed token file is read before the gateway connects again', async (t) => {
  const w = await world(t);
  writeFileSync(w.token, 'not a token\n');
  await w.broker.stop();
  w.broker = await startBroker(t, w.brokerOptions);
  await w.gateway.match(/token file/, 20000);
  w.renew();
  await until(() => w.gateway.err().match(/connected to the broker/g)?.length === 2, 20000, 'connected again');
});

test('only this site\'s page may open the WebSocket, and only with our subprotocol', async (t) => {
  const w = await world(t);
  const status = (options) => {
    const page = new Page(t, options.origin === undefined ? w : { ...w, ...options }, options.page);
    return page.status;
  };
  assert.equal(await status({}), 101);
  assert.equal(await status({ page: { path: '/' } }), 101);
  for (const origin of ['https://evil.example', 'null', `${w.origin}.evil.example`, `${w.origin}/`, w.origin.replace('https', 'http'), '']) {
    assert.equal(await status({ origin }), 403, `origin ${origin}`);
  }
  for (const host of ['evil.example', `localhost.evil.example:${w.port}`, 'localhost', `localhost:${w.port + 1}`, '127.0.0.1']) {
    assert.equal(await status({ page: { headers: { host } } }), 403, `host ${host}`);
  }
  assert.equal(await status({ page: { protocol: null } }), 403);
  assert.equal(await status({ page: { protocol: 'tether.v2' } }), 403);
  assert.equal(await status({ page: { protocol: 'http' } }), 403);
  assert.equal(await status({ page: { path: '/other' } }), 403);
});

test('permessage-deflate and HTTP/2 are not spoken', async (t) => {
  const w = await world(t);
  const page = new Page(t, w, { perMessageDeflate: true });
  await page.opened;
  assert.equal(page.ws.extensions, '');
  const protocol = await new Promise((done, fail) => {
    const socket = tls.connect({ host: '127.0.0.1', port: w.port, servername: 'localhost', ca: readFileSync(w.ca),
      ALPNProtocols: ['h2', 'http/1.1'] }, () => { done(socket.alpnProtocol); socket.destroy(); });
    socket.on('error', fail);
  });
  assert.equal(protocol, 'http/1.1');
  const old = tls.connect({ host: '127.0.0.1', port: w.port, servername: 'localhost', ca: readFileSync(w.ca),
    minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' });
  await assert.rejects(new Promise((done, fail) => { old.once('secureConnect', done); old.once('error', fail); }));
});

test('an address may hold sixteen connections, and the seventeenth waits for none', async (t) => {
  const w = await world(t);
  const open = [];
  const dial = () => new Promise((done) => {
    const socket = tls.connect({ host: '127.0.0.1', port: w.port, servername: 'localhost', ca: readFileSync(w.ca) });
    t.after(() => socket.destroy());
    socket.once('secureConnect', () => { open.push(socket); done(true); });
    socket.once('error', () => done(false));
    socket.once('close', () => done(false));
  });
  for (let i = 0; i < 16; i += 1) assert.equal(await dial(), true, `connection ${i + 1}`);
  assert.equal(await dial(), false);
  open[0].destroy();
  await until(dial, 3000, 'room again');
});

test('nothing that identifies anybody is logged', async (t) => {
  const w = await world(t);
  const { s, page } = await joined(t, w);
  await page.say(COMMAND);
  await s.arrived(1);
  page.ws.close();
  await page.closed;
  await w.gateway.stop();
  const log = w.gateway.out() + w.gateway.err();
  assert.doesNotMatch(log, new RegExp(`${s.sid}|${s.key}|127\\.0\\.0\\.1|[0-9a-f]{32}|level`));
});

test('SIGTERM ends the gateway within two seconds, and its pages know', async (t) => {
  const w = await world(t);
  const { page } = await joined(t, w);
  const idle = new Page(t, w);
  const silent = createConnection(w.port, '127.0.0.1');
  silent.on('error', () => {});
  t.after(() => silent.destroy());
  await idle.opened;
  const from = Date.now();
  w.gateway.child.kill('SIGTERM');
  const [one, two, end] = [await page.closed, await idle.closed, await w.gateway.exited];
  for (const { gw } of [page, idle]) {
    assert.equal(gw.at(-1).gw, 'away');
    assert.ok(gw.at(-1).retry >= 2 && gw.at(-1).retry <= 8, 'the page comes back at a time of its own');
  }
  assert.equal(one.code, 1001);
  assert.equal(two.code, 1001);
  assert.deepEqual(end, { code: 0, signal: null });
  assert.ok(Date.now() - from < 2000, `${Date.now() - from} ms`);
});

test('SIGINT ends it too, and SIGHUP takes the new certificate without dropping a page', async (t) => {
  const w = await world(t);
  const { s, page } = await joined(t, w);
  const serial = () => new Promise((done, fail) => {
    const socket = tls.connect({ host: '127.0.0.1', port: w.port, rejectUnauthorized: false },
      () => { done(socket.getPeerCertificate().fingerprint256); socket.destroy(); });
    socket.on('error', fail);
  });
  const before = await serial();
  certs(`${w.dir}/tls`);
  w.gateway.child.kill('SIGHUP');
  await until(async () => await serial() !== before, 3000, 'a new certificate');
  await s.say(STATE);
  await until(() => page.states.length, 3000, 'a state on the old connection');
  w.gateway.child.kill('SIGINT');
  assert.deepEqual(await w.gateway.exited, { code: 0, signal: null });
});

test('a new certificate takes the place of the old one whatever types of key they have', async (t) => {
  const w = await world(t);
  const { s, page } = await joined(t, w);
  const served = (options) => new Promise((done) => {
    const socket = tls.connect({ host: '127.0.0.1', port: w.port, rejectUnauthorized: false, ...options },
      () => { done(socket.getPeerCertificate().subject.CN); socket.destroy(); });
    socket.on('error', () => done('none'));
  });
  for (const [name, key, old] of [['rsa', ['rsa:2048'], 'ecdsa_secp256r1_sha256'],
    ['ec', ['ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'], 'rsa_pss_rsae_sha256']]) {
    run('openssl', ['req', '-x509', '-new', '-newkey', ...key, '-nodes', '-days', '2', '-subj', `/CN=${name}`,
      '-keyout', `${w.dir}/tls/server.key`, '-out', `${w.dir}/tls/server.pem`]);
    w.gateway.child.kill('SIGHUP');
    await until(async () => await served() === name, 3000, `the certificate ${name}`);
    assert.equal(await served({ maxVersion: 'TLSv1.2' }), name);
    assert.equal(await served({ sigalgs: old }), 'none', 'the one before is not served to anybody any more');
  }
  await s.say(STATE);
  await until(() => page.states.length, 3000, 'a state on the old connection');
});

test('a page that never reads, and one that has fallen silent, are dropped', async (t) => {
  const w = await world(t);
  const { s, page: deaf } = await joined(t, w);
  const silent = (await joined(t, w)).page;
  const from = Date.now();
  deaf.ws._socket.pause();
  silent.ws.pong = () => {}; // answers no ping
  silent.ws._receiver.removeAllListeners('ping');
  const state = `${STATE.slice(0, 22)}.{${' '.repeat(1400)}}`;
  const feed = setInterval(() => { for (let n = 0; n < 200; n += 1) s.agent.raw.publish(`s/${s.sid}/state`, state); }, 20);
  setTimeout(() => clearInterval(feed), 3000);
  t.after(() => clearInterval(feed));
  // The gateway has left the session for the deaf page: nobody receives there any more.
  const left = until(() => run('ss', ['-Htnp', 'state', 'established', `( sport = :${w.port} )`]).split('\n')
    .filter((l) => l.includes('tether-gateway')).length === 1, 25000, 'the deaf page is dropped');
  await left;
  const slow = Date.now() - from;
  assert.ok(slow > 9000 && slow < 20000, `slow reader after ${slow} ms`);
  await silent.closed;
  const quiet = Date.now() - from;
  assert.ok(quiet > 25000 && quiet < 45000, `silent page after ${quiet} ms`);
});
