// What the gateway serves besides the WebSocket: the page's files, and health and metrics inside.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { createConnection, createServer } from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import tls from 'node:tls';
import { COMMAND, inside, joined, world } from '../lib/gwworld.mjs';
import { bin, certs, folder, freePort, root, run, sleep, start, until } from '../lib/proc.mjs';

const get = (w, where, { method = 'GET', headers } = {}) => new Promise((done, fail) => {
  const request = https.request({ host: '127.0.0.1', servername: 'localhost', port: w.port, path: where, method, headers,
    ca: readFileSync(w.ca), agent: false }, (response) => {
    let body = '';
    response.on('data', (d) => { body += d; });
    response.on('end', () => done({ status: response.statusCode, headers: response.headers, body }));
  });
  request.on('error', fail);
  request.end();
});

// A request as bytes, for what clients would tidy up, to the page's port or to one without TLS. Resolves with everything
// until the close.
const rawRequest = (w, text, port) => new Promise((done, fail) => {
  const socket = port ? createConnection(port, '127.0.0.1')
    : tls.connect({ host: '127.0.0.1', port: w.port, servername: 'localhost', ca: readFileSync(w.ca) });
  let all = '';
  socket.on('data', (d) => { all += d; });
  socket.on('close', () => done(all));
  socket.on('error', fail);
  socket.write(text);
});

test('the page is served with headers that close everything else', async (t) => {
  const w = await world(t);
  const { status, headers, body } = await get(w, '/');
  assert.equal(status, 200);
  assert.ok(body.includes('<script type="module" src="/main.js"'));
  assert.match(headers['content-type'], /^text\/html/);
  assert.equal(headers['cache-control'], 'no-store');
  assert.equal(headers['content-security-policy'], 'default-src \'none\'; script-src \'self\'; style-src \'self\'; '
    + `img-src 'self'; connect-src 'self' wss://localhost:${w.port}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; `
    + 'require-trusted-types-for \'script\'; trusted-types \'none\'');
  const exact = { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'x-frame-options': 'DENY',
    'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp',
    'cross-origin-resource-policy': 'same-origin' };
  for (const [name, value] of Object.entries(exact)) assert.equal(headers[name], value, name);
  assert.ok(Number(headers['strict-transport-security'].match(/max-age=(\d+)/)[1]) >= 31536000);
  for (const feature of ['serial', 'bluetooth', 'usb', 'hid', 'camera', 'microphone', 'geolocation']) {
    assert.match(headers['permissions-policy'], new RegExp(`(^|, )${feature}=\\(\\)`));
  }
  assert.match(headers['permissions-policy'], /screen-wake-lock=\(self\)/);
  for (const [where, file, type] of [['/main.js', 'main.js', 'text/javascript'], ['/style.css', 'style.css', 'text/css'],
    ['/favicon.svg', 'favicon.svg', 'image/svg+xml']]) {
    const got = await get(w, where);
    assert.equal(got.status, 200, where);
    assert.equal(got.body, readFileSync(path.join(root, 'web', file), 'utf8'), where);
    assert.ok(got.headers['content-type'].startsWith(type), where);
    assert.equal(got.headers['content-security-policy'], headers['content-security-policy']);
  }
});

test('HEAD has headers only, other methods are refused, unknown paths say so', async (t) => {
  const w = await world(t);
  const head = await get(w, '/main.js', { method: 'HEAD' });
  assert.equal(head.status, 200);
  assert.equal(head.body, '');
  assert.equal(Number(head.headers['content-length']), readFileSync(path.join(root, 'web/main.js')).length);
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
    const { status, headers } = await get(w, '/', { method });
    assert.equal(status, 405, method);
    assert.equal(headers.allow, 'GET, HEAD');
  }
  const missing = await get(w, '/nothing');
  assert.equal(missing.status, 404);
  assert.match(missing.body, /^There is no such page here\./);
  assert.equal(missing.headers['x-content-type-options'], 'nosniff');
});

test('a request with a body is refused, and keeps nobody waiting', { timeout: 60000 }, async (t) => {
  const [metrics, redirect] = [await freePort(), await freePort()];
  const w = await world(t, { extra: ['--metrics', `127.0.0.1:${metrics}`, '--redirect', `127.0.0.1:${redirect}`] });
  const { s, page } = await joined(t, w);
  const plain = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n';
  const answers = (all) => [...all.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map((m) => m[1]);
  let stops = 0;
  for (const [port, ok] of [[undefined, '404'], [metrics, '200'], [redirect, '308']]) {
    for (const how of ['Content-Length: 5', 'Content-Length: 05', 'Content-Length: 0\r\nContent-Length: 5',
      'Content-Length: -1', 'Transfer-Encoding: chunked', 'Content-Length: 99999999999999999999']) {
      const odd = `GET / HTTP/1.1\r\nHost: localhost\r\n${how}\r\n\r\nhello`;
      // The second of two in one piece is what libwebsockets would never be done with.
      for (const text of [odd, plain + odd + odd]) {
        assert.deepEqual(answers(await rawRequest(w, text, port)), text === odd ? ['400'] : [ok, '400'], how);
        await sleep(30); // of two within 20 ms one goes on
        await page.say({ v: 1, op: 'stop' });
        stops += 1;
        await s.arrived(stops);
      }
    }
    assert.equal(answers(await rawRequest(w, plain.replace('\r\n\r\n', '\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'),
      port))[0], ok, 'a length of none is no body');
  }
});

test('whoever is refused, or does not read what it asked for, is shown out', { timeout: 60000 }, async (t) => {
  const [metrics, redirect] = [await freePort(), await freePort()];
  const w = await world(t, { extra: ['--metrics', `127.0.0.1:${metrics}`, '--redirect', `127.0.0.1:${redirect}`] });
  const request = (line, more = '') => `${line} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`;
  const upgrade = request('GET /ws', `Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n`
    + `Sec-WebSocket-Key: ${'A'.repeat(22)}==\r\nSec-WebSocket-Protocol: tether.v1\r\nOrigin: https://evil.example\r\n`);
  const rude = [
    request('CONNECT /'), request('CONNECT localhost:443'), request('GET /view.js') + upgrade.repeat(300),
    request('GET /view.js').repeat(300), request('HEAD /').repeat(300), `${request('HEAD /')}GET / HT`,
  ];
  for (const [i, text] of rude.entries()) {
    for (const port of [w.port, redirect]) {
      const socket = createConnection({ port, host: '127.0.0.1', localAddress: `127.0.4.${i + 1}` });
      const over = port === redirect ? socket : tls.connect({ socket, servername: 'localhost', ca: readFileSync(w.ca) });
      t.after(() => socket.destroy());
      over.on('error', () => {});
      over.write(text);
      over.pause();
    }
  }
  const metric = async (name) => Number((await inside(metrics, '/metrics')).body.match(new RegExp(`^tether_gateway_${name} (\\d+)`, 'm'))[1]);
  let left;
  await sleep(1000);
  await until(async () => { left = await metric('connections'); return left === 0; }, 20000, () => `no connection is left: ${left}`);
});

// With the sanitizers of tests/run --asan: libwebsockets frees what it asks us about first.
test('an upgrade to what nobody speaks is refused', async (t) => {
  const w = await world(t);
  const { s, page } = await joined(t, w);
  for (const to of ['foo', 'h2c', 'websocket, foo', 'x'.repeat(500)]) {
    const socket = tls.connect({ host: '127.0.0.1', port: w.port, servername: 'localhost', ca: readFileSync(w.ca) });
    const over = new Promise((done) => socket.on('close', done).on('error', () => {}));
    socket.write('HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n'); // makes the connection one that is kept
    socket.once('data', () => socket.write(`GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: ${to}\r\n\r\n`));
    await over;
  }
  await page.say({ v: 1, op: 'stop' });
  await s.arrived(1);
});

test('whoever asks for nothing has ten seconds, whatever libwebsockets\' own limits are', async (t) => {
  const w = await world(t);
  const silence = async (over) => {
    const socket = createConnection(w.port, '127.0.0.1');
    t.after(() => socket.destroy());
    const from = Date.now();
    await new Promise((done) => over(socket).on('close', done).on('error', () => {}).resume());
    return Date.now() - from;
  };
  const secure = (socket) => tls.connect({ socket, servername: 'localhost', ca: readFileSync(w.ca) });
  for (const took of await Promise.all([silence((socket) => socket), silence(secure)])) assert.ok(took > 9000 && took < 13000, `${took} ms`);
});

test('no path leads out of the folder', async (t) => {
  const w = await world(t);
  writeFileSync(`${w.dir}/secret.txt`, 'out of bounds');
  for (const where of ['/../secret.txt', '/..%2fsecret.txt', '/%2e%2e/secret.txt', '/./../secret.txt', '//secret.txt',
    '/main.js/../../secret.txt', '/..\\secret.txt', `/${w.dir}/secret.txt`, '/main.js%00.txt', '/proc/self/environ']) {
    const all = await rawRequest(w, `GET ${where} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    assert.doesNotMatch(all, /out of bounds/, where);
    assert.doesNotMatch(all, /^HTTP\/1.1 200/, `${where}\n${all}`);
  }
});

test('nothing but the address asked for is listened on', async (t) => {
  const metrics = await freePort();
  const w = await world(t, { extra: ['--metrics', `127.0.0.1:${metrics}`] });
  const listening = run('ss', ['-Hltnp']).split('\n').filter((l) => l.includes(`pid=${w.gateway.pid},`))
    .map((l) => l.trim().split(/\s+/)[3]).sort();
  assert.deepEqual(listening, [`127.0.0.1:${w.port}`, `127.0.0.1:${metrics}`].sort());
});

test('an address that is not this machine\'s, and a port that is taken, are said at once', async (t) => {
  const dir = folder(t);
  const files = certs(`${dir}/tls`);
  const taken = createServer().listen(0, '127.0.0.1');
  t.after(() => taken.close());
  await once(taken, 'listening');
  for (const [listen, words] of [['203.0.113.5:8443', /an address to listen on is not one of this machine's/],
    ['[2001:db8::1]:8443', /is not one of this machine's/], ['nowhere:8443', /is not one of this machine's/],
    [`127.0.0.1:${taken.address().port}`, /the address can't be listened on/]]) {
    const gateway = start(t, path.join(bin, 'tether-gateway'), ['--listen', listen, '--cert', files.cert, '--key', files.key,
      '--web', `${root}/web`, '--broker', 'localhost:1', '--ca', files.ca, '--token', `${dir}/none`, '--origin', 'https://localhost']);
    await gateway.match(words, 5000);
    assert.equal((await gateway.exited).code, 1);
  }
});

test('metrics and health are told inside, without a name or an address', async (t) => {
  const port = await freePort();
  const w = await world(t, { extra: ['--metrics', `127.0.0.1:${port}`] });
  const { s, page } = await joined(t, w);
  await page.say(COMMAND);
  await s.arrived(1);
  const { status, body } = await inside(port, '/metrics');
  assert.equal(status, 200);
  assert.match(body, /^tether_gateway_joined_total 1$/m);
  assert.match(body, /^tether_gateway_commands_total 1$/m);
  await w.keysvc.publish('stat/keysvc', '{"v":1,"issued":12,"live":3}');
  await until(async () => (await inside(port, '/metrics')).body.includes('\ntether_keysvc_issued_total 12\n'), 3000, 'the key service\'s counter');
  for (const line of body.split('\n').filter((l) => l && !l.startsWith('#'))) assert.match(line, /^tether_(gateway|part)_[a-z_]+(\{[a-z]+="[A-Za-z0-9.+]+"\})? -?[\d.]+$/);
  assert.deepEqual(await inside(port, '/healthz'), { status: 200, body: 'ok\n' });
  await w.broker.stop();
  await page.closed;
  assert.equal((await inside(port, '/healthz')).status, 503);
  assert.equal((await get(w, '/metrics')).status, 404);
});
