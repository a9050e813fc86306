// The link process against a real broker with our plugin, and against servers that misbehave.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { addKey, connect, hexId, identity, startBroker, unixNow } from '../lib/broker.mjs';
import { keysvc, startKeysvc } from '../lib/keysvc.mjs';
import { cpuTicks, disconnectPacket, fakeBroker, procStatus, publishPacket, said, startLink, tcpServer, unsent } from '../lib/link.mjs';
import { bin, certs, folder, freePort, run, sleep, start, until } from '../lib/proc.mjs';

const sanitized = () => readFileSync(path.join(bin, 'link_parent')).includes('__asan_init');
const level = (n, value = 10) => JSON.stringify({
  v: 1, op: 'level', ch: 'A', val: value, a: value, b: 0, page: '0011223344556677', n, beacon: 1, mac: 'A'.repeat(22),
});
const stop = '{"v":1,"op":"stop"}';

// A broker with the plugin, and a session's two sides. `extra` goes to startBroker().
async function session(t, extra = {}) {
  const dir = folder(t);
  const tls = certs(`${dir}/tls`);
  const key = addKey(`${dir}/data`);
  const port = await freePort();
  const broker = await startBroker(t, { dir, port, tls: `${dir}/tls`, data: `${dir}/data`, ...extra });
  const agent = identity(key, 'agent');
  const partner = identity(key, 'partner', { sid: agent.sid });
  return { dir, tls, key, port, broker, agent, partner, at: { port, ca: tls.ca }, sid: agent.sid };
}

const linkUp = async (t, s) => {
  const link = await startLink(t, { ...s.at, ...s.agent });
  await link.match(/status connected/);
  return link;
};

// Waits for the link's last word and its exit; checks that it is a sentence that gives nothing away.
async function ended(link, ms = 4000) {
  const [, exit] = await until(() => link.out().match(/^exit (\S+)/m), ms, `the link ends\n${link.out()}`);
  const last = said(link, 'status').at(-1) ?? {};
  if (last.why) {
    assert.match(last.why, /^[A-Z].*[.?)]$/);
    assert.doesNotMatch(last.why, /[0-9a-f]{8}|127\.0|localhost/);
  }
  return { exit, phase: last.text?.split(' ')[1], why: last.why, retry: last.retry };
}

// Much of this is waiting, so all of it runs at once.
describe('the link', { concurrency: true }, () => {
  describe('a session', { concurrency: true }, () => {
    test('commands reach the guard, states reach the partner byte for byte, pings are answered', async (t) => {
      const s = await session(t);
      const link = await linkUp(t, s);
      const partner = await connect(t, { ...s.at, who: s.partner });
      await partner.subscribe(`s/${s.sid}/state`);
      await partner.publish(`s/${s.sid}/cmd`, level(5, 40));
      await link.match(/command op=1 channel=0 value=40 n=5/);
      const state = `${'m'.repeat(22)}.{"v":1,"beacon":1,"text":"a b"}`;
      link.tell(`state ${state}`);
      assert.equal(await partner.next(`s/${s.sid}/state`), state);
      link.tell('ping');
      await until(() => said(link, 'status').length === 2, 4000, 'the ping is answered');
      assert.equal(said(link, 'status').at(-1).text, 'status connected refused=0 retry=0 why=');
    });

    test('a state of the largest size arrives whole, not retained, with an expiry, at QoS 0', async (t) => {
      const s = await session(t);
      const link = await linkUp(t, s);
      const partner = await connect(t, { ...s.at, who: s.partner });
      await partner.subscribe(`s/${s.sid}/state`);
      const packet = new Promise((done) => partner.raw.once('message', (topic, payload, p) => done(p)));
      link.tell('state-size 1536');
      const { payload, qos, retain, properties } = await packet;
      assert.equal(payload.length, 1536);
      assert.equal(qos, 0);
      assert.equal(retain, false);
      assert.ok(properties.messageExpiryInterval <= 5);
    });

    test('what the grammar refuses is counted and never reaches the guard', async (t) => {
      const s = await session(t);
      const link = await linkUp(t, s);
      const partner = await connect(t, { ...s.at, who: s.partner });
      for (const bad of ['', 'garbage', `${stop} `.repeat(2), level(1).replace('10', '101'), 'x'.repeat(600)]) {
        await partner.publish(`s/${s.sid}/cmd`, bad);
      }
      await partner.publish(`s/${s.sid}/cmd`, stop);
      await link.match(/command op=5/);
      link.tell('ping');
      await link.match(/refused=5/);
      assert.equal(said(link, 'command').length, 1);
    });

    test('a stop overtakes what waits for a guard that does not read, and nothing from before follows it', async (t) => {
      const s = await session(t);
      const link = await linkUp(t, s);
      const partner = await connect(t, { ...s.at, who: s.partner });
      link.tell('hold');
      const sent = 2000;
      for (let n = 1; n <= sent; n++) await partner.publish(`s/${s.sid}/cmd`, level(n), { qos: 0 });
      for (let i = 0; i < 50; i++) await partner.publish(`s/${s.sid}/cmd`, stop);
      await partner.publish(`s/${s.sid}/cmd`, level(sent + 1));
      await sleep(300);
      link.tell('go');
      await link.match(new RegExp(`n=${sent + 1}`));
      const ops = said(link, 'command');
      const levels = ops.filter((c) => c.op === '1').map((c) => Number(c.n));
      assert.ok(levels.length < sent, 'the socket was full, else this test shows nothing');
      assert.deepEqual(levels, [...levels].sort((a, b) => a - b));
      assert.equal(ops.filter((c) => c.op === '5').length, 1);
      assert.equal(ops.findIndex((c) => c.op === '5'), ops.length - 2);
      link.tell('ping');
      await link.match(/status connected refused=[1-9]/);
    });

    test('many commands in one TLS record all reach the guard at once', async (t) => {
      const tls = certs(`${folder(t)}/tls`);
      const sid = hexId();
      const many = Array.from({ length: 20 }, (_, i) => publishPacket(`s/${sid}/cmd`, level(i)));
      const port = await fakeBroker(t, tls, { subscribed: (socket) => setTimeout(() => socket.write(Buffer.concat(many)), 200) });
      const link = await startLink(t, { port, ca: tls.ca, client: hexId(), sid, token: 'x' });
      await link.match(/status connected/);
      await until(() => said(link, 'command').length > 0, 4000, 'the first is there');
      const first = performance.now();
      await until(() => said(link, 'command').length === 20, 4000, 'all twenty are there');
      assert.ok(performance.now() - first < 800, 'none has waited for the next turn, which comes after a second');
    });

    test('of states that the network does not take only the newest waits', { timeout: 60000 }, async (t) => {
      const tls = certs(`${folder(t)}/tls`);
      let socket;
      let tail = '';
      const port = await fakeBroker(t, tls, {
        subscribed: (s) => { socket = s; s.pause(); },
        data: (data) => { tail = (tail + data.toString('latin1')).slice(-200); },
      });
      const link = await startLink(t, { port, ca: tls.ca, client: hexId(), token: 'x' });
      await link.match(/status connected/);
      const states = async (count) => {
        for (let i = 0; i < count; i++) {
          link.tell('state-size 1536');
          await sleep(1);
        }
      };
      const memory = () => Number(procStatus(link.link).VmRSS.match(/\d+/));
      for (let last = -1; unsent(port) !== last || last === 0;) {
        last = unsent(port);
        await states(200);
      }
      const before = memory();
      await states(1500);
      if (!sanitized()) assert.ok(memory() - before < 500, 'nothing piles up in the link (kB)');
      link.tell('state the newest');
      await sleep(300);
      socket.resume();
      await until(() => tail.endsWith('the newest'), 4000, 'the newest state arrives');
    });

    test('the link runs sealed, with one thread, and not a byte leaves before', async (t) => {
      const s = await session(t);
      const link = await linkUp(t, s);
      const status = procStatus(link.link);
      assert.equal(status.Seccomp, '2');
      assert.equal(status.NoNewPrivs, '1');
      if (!sanitized()) assert.equal(status.Threads, '1');
      let atHello;
      const port = await tcpServer(t, (socket) => socket.once('data', () => { atHello = procStatus(early.link).Seccomp; }));
      const early = await startLink(t, { port, ca: s.tls.ca, ...s.agent });
      await until(() => atHello, 3000, 'the link begins TLS');
      assert.equal(atHello, '2');
    });

    test('when the guard closes its socket the link takes its leave of the broker and exits', async (t) => {
      const tls = certs(`${folder(t)}/tls`);
      let left = false;
      const port = await fakeBroker(t, tls, { left: () => { left = true; } });
      const link = await startLink(t, { port, ca: tls.ca, client: hexId(), token: 'x' });
      await link.match(/status connected/);
      link.tell('quit');
      assert.equal((await ended(link)).exit, 'code=0');
      await until(() => left, 4000, 'a DISCONNECT arrives');
    });

    test('a guard that breaks the frames ends the link', async (t) => {
      const s = await session(t);
      for (const bad of ['raw 01150001', 'raw 02150000', 'raw 01630000', 'raw 01']) {
        const link = await linkUp(t, s);
        link.tell(bad);
        assert.equal((await ended(link)).exit, 'code=2', bad);
      }
      const again = await linkUp(t, s);
      again.tell(`setup agent localhost 1 - ${s.agent.client} ${s.sid} x`);
      assert.equal((await ended(again)).exit, 'code=2');
    });

    test('a setup that makes no sense ends the link before it connects', async (t) => {
      let connections = 0;
      const port = await tcpServer(t, () => { connections++; });
      for (const odd of [{ port: 0 }, { client: 'abc' }, { host: '-' }, { job: 'agent', token: '-' }]) {
        const link = await startLink(t, { port, client: hexId(), token: 'x', ...odd });
        assert.equal((await ended(link)).exit, 'code=2', JSON.stringify(odd));
      }
      assert.equal(connections, 0);
    });
  });

  describe('a server that is not as it should be', { concurrency: true }, () => {
    test('a certificate of another authority is refused, also against the system\'s own list', async (t) => {
      const s = await session(t);
      const other = certs(`${s.dir}/other`);
      for (const ca of [other.ca, '-']) {
        const end = await ended(await startLink(t, { ...s.at, ...s.agent, ca }));
        assert.deepEqual([end.exit, end.phase], ['code=1', 'lost']);
        assert.match(end.why, /not from an authority that is trusted/);
      }
    });

    // A self-signed certificate that is its own authority.
    const selfSigned = (dir, name, ...more) => {
      const kind = more.includes('-newkey') ? [] : ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
      run('openssl', ['req', '-x509', ...kind, '-nodes', '-subj', '/CN=localhost', '-addext', `subjectAltName=${name}`,
        '-days', '1', '-keyout', `${dir}/key`, '-out', `${dir}/pem`, ...more]);
      return { cert: `${dir}/pem`, key: `${dir}/key`, ca: `${dir}/pem` };
    };

    test('a certificate for another name or address is refused, the common name does not count', async (t) => {
      for (const [name, host] of [['DNS:elsewhere.example', 'localhost'], ['DNS:*.example', 'localhost'],
        ['DNS:localhost', '127.0.0.1'], ['IP:127.0.0.1', 'localhost'], ['IP:127.0.0.2', '127.0.0.1'], ['DNS:127.0.0.1', '127.0.0.1']]) {
        const tls = selfSigned(folder(t), name);
        const port = await fakeBroker(t, tls);
        const end = await ended(await startLink(t, { host, port, ca: tls.ca, client: hexId(), token: 'x' }));
        assert.equal(end.phase, 'lost', name);
        assert.match(end.why, /for another name/, name);
      }
    });

    test('a certificate for the right name or address is accepted', async (t) => {
      for (const [name, host] of [['DNS:localhost', 'localhost'], ['IP:127.0.0.1', '127.0.0.1']]) {
        const tls = selfSigned(folder(t), name);
        const link = await startLink(t, { host, port: await fakeBroker(t, tls), ca: tls.ca, client: hexId(), token: 'x' });
        await link.match(/status connected/);
      }
    });

    test('an expired certificate is refused, and the sentence asks about the clock', async (t) => {
      const dir = folder(t);
      const tls = selfSigned(dir, 'DNS:localhost');
      // `openssl req` makes no certificate of the past; `openssl ca` does.
      writeFileSync(`${dir}/conf`, `[ca]\ndefault_ca=d\n[d]\ndatabase=${dir}/index\nnew_certs_dir=${dir}\nrand_serial=yes\n
        default_md=sha256\npolicy=p\nx509_extensions=e\n[p]\ncommonName=supplied\n[e]\nsubjectAltName=DNS:localhost\n`);
      writeFileSync(`${dir}/index`, '');
      run('openssl', ['req', '-new', '-key', tls.key, '-subj', '/CN=localhost', '-out', `${dir}/csr`]);
      run('openssl', ['ca', '-batch', '-selfsign', '-notext', '-config', `${dir}/conf`, '-keyfile', tls.key, '-in', `${dir}/csr`,
        '-startdate', '20200101000000Z', '-enddate', '20200102000000Z', '-out', tls.cert]);
      const port = await fakeBroker(t, tls);
      const end = await ended(await startLink(t, { port, ca: tls.ca, client: hexId(), token: 'x' }));
      assert.equal(end.phase, 'lost');
      assert.match(end.why, /expired .*clock/);
    });

    test('TLS 1.2 is spoken, 1.1 is not; an RSA certificate is as good as any', async (t) => {
      const tls = selfSigned(folder(t), 'DNS:localhost', '-newkey', 'rsa:2048');
      const who = { ca: tls.ca, client: hexId(), token: 'x' };
      for (const version of ['TLSv1.2', 'TLSv1.3']) {
        const port = await fakeBroker(t, tls, {}, { minVersion: version, maxVersion: version });
        await (await startLink(t, { ...who, port })).match(/status connected/);
      }
      const port = await fakeBroker(t, tls, {}, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' });
      assert.match((await ended(await startLink(t, { ...who, port }))).why, /does not speak TLS as it should/);
    });

    test('no server, no such name, no file with the authority: each has its sentence', async (t) => {
      const tls = certs(`${folder(t)}/tls`);
      const port = await freePort();
      const who = { client: hexId(), token: 'x' };
      const cases = [
        [{ port, ca: tls.ca }, /does not accept connections/],
        [{ host: 'a..b', port, ca: tls.ca }, /name can't be found/],
        [{ port, ca: '/nonexistent.pem' }, /authority can't be read/],
      ];
      for (const [setup, why] of cases) {
        const end = await ended(await startLink(t, { ...who, ...setup }));
        assert.deepEqual([end.exit, end.phase], ['code=1', 'lost']);
        assert.match(end.why, why);
      }
    });

    test('a server that does not speak TLS, or hangs up at once, is given up at once', async (t) => {
      const tls = certs(`${folder(t)}/tls`);
      const servers = [
        (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
        (socket) => socket.end(),
        (socket) => socket.once('data', () => socket.resetAndDestroy()),
      ];
      for (const serve of servers) {
        const port = await tcpServer(t, serve);
        const end = await ended(await startLink(t, { port, ca: tls.ca, client: hexId(), token: 'x' }));
        assert.equal(end.phase, 'lost');
        assert.match(end.why, /TLS|does not answer|can't be reached|connection to the server/);
      }
    });

    test('a token that the broker does not accept is refused in words', async (t) => {
      const s = await session(t);
      for (const token of [s.partner.token, `${s.agent.token}x`, 'x']) {
        const end = await ended(await startLink(t, { ...s.at, ...s.agent, token }));
        assert.deepEqual([end.exit, end.phase], ['code=1', 'refused']);
        assert.match(end.why, /no longer accepts this session/);
      }
    });

    test('a session whose topic is not in the token is refused in words', async (t) => {
      const s = await session(t);
      const end = await ended(await startLink(t, { ...s.at, ...s.agent, sid: hexId() }));
      assert.equal(end.phase, 'refused');
      assert.match(end.why, /does not let this session listen/);
    });

    test('a broker that is killed, and one that ends the session, are told apart', async (t) => {
      const s = await session(t);
      const link = await linkUp(t, s);
      process.kill(s.broker.pid, 'SIGKILL');
      const lost = await ended(link);
      assert.deepEqual([lost.exit, lost.phase, lost.why], ['code=1', 'lost', 'The connection to the server was lost.']);

      for (const [reason, phase, why] of [[152, 'refused', /expired or was revoked/], [139, 'lost', /shutting down/],
        [142, 'lost', /took this session over/], [130, 'lost', /closed the connection/]]) {
        const port = await fakeBroker(t, s.tls, { subscribed: (socket) => socket.write(disconnectPacket(reason)) });
        const end = await ended(await startLink(t, { port, ca: s.tls.ca, ...s.agent }));
        assert.equal(end.phase, phase);
        assert.match(end.why, why);
      }
    });

    test('a revoked session is cut within 1 s and refused from then on, both in words', async (t) => {
      const s = await session(t);
      const link = await linkUp(t, s);
      const keysvc = await connect(t, { ...s.at, who: identity(s.key, 'keysvc') });
      await keysvc.publish('$CONTROL/tether/v1', `revoke ${s.sid} ${unixNow() + 3600}\n`);
      const cut = await ended(link, 1500);
      assert.deepEqual([cut.exit, cut.phase], ['code=1', 'refused']);
      assert.match(cut.why, /expired or was revoked/);
      const again = await ended(await startLink(t, { ...s.at, ...s.agent }));
      assert.match(again.why, /no longer accepts this session/);
    });

    test('a second connection of the same session ends the first', async (t) => {
      const s = await session(t);
      const first = await linkUp(t, s);
      await linkUp(t, s);
      assert.equal((await ended(first)).phase, 'lost');
    });

    test('a broker that freezes is noticed within 21 s', async (t) => {
      const s = await session(t);
      const link = await linkUp(t, s);
      process.kill(s.broker.pid, 'SIGSTOP');
      const end = await ended(link, 21500).finally(() => process.kill(s.broker.pid, 'SIGCONT'));
      assert.deepEqual([end.phase, end.why], ['lost', 'The connection to the server was lost.']);
    });

    test('a server that announces a packet of 256 MB is dropped', async (t) => {
      if (sanitized()) return t.skip('the sanitizers need the memory themselves');
      const tls = certs(`${folder(t)}/tls`);
      const port = await fakeBroker(t, tls, { subscribed: (socket) => socket.write(Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f])) });
      const end = await ended(await startLink(t, { port, ca: tls.ca, client: hexId(), token: 'x' }));
      assert.deepEqual([end.exit, end.phase], ['code=1', 'lost']);
    });

    test('a server that accepts and then says nothing is given up after 10 s, without a busy loop', async (t) => {
      const tls = certs(`${folder(t)}/tls`);
      const link = await startLink(t, { port: await tcpServer(t, () => {}), ca: tls.ca, client: hexId(), token: 'x' });
      await sleep(3000);
      link.tell('ping');
      await link.match(/status connecting/);
      const before = cpuTicks(link.link);
      await sleep(3000);
      assert.ok(cpuTicks(link.link) - before <= 3, 'CPU time while waiting');
      const end = await ended(link, 8000);
      assert.match(end.why, /did not answer in time/);
    });

    test('an address that swallows everything is given up after 8 s', async (t) => {
      const tls = certs(`${folder(t)}/tls`);
      // A stopped process with a backlog of one, which two connections fill: the next is never answered.
      const server = start(t, process.execPath, ['-e', `
        const s = require('net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log('port=' + s.address().port));`]);
      const [, port] = await server.match(/port=(\d+)/);
      process.kill(server.pid, 'SIGSTOP');
      const fill = start(t, process.execPath, ['-e', `for (let i = 0; i < 4; i++) require('net').connect(${port}, '127.0.0.1').on('error', () => {});`]);
      await sleep(500);
      const began = Date.now();
      const link = await startLink(t, { port, host: '127.0.0.1', ca: tls.ca, client: hexId(), token: 'x' });
      const end = await ended(link, 12000);
      assert.match(end.why, /does not answer/);
      assert.ok(Date.now() - began > 6000, 'the address was silent, not refusing');
      await fill.stop();
    });
  });

  describe('the key service', { concurrency: true }, () => {
    // Plays the key service: answers each request with answer(request, topic).
    async function keyService(t, s, answer) {
      const service = await connect(t, { ...s.at, who: identity(s.key, 'keysvc') });
      await service.subscribe('key/+/+/req');
      const asked = [];
      service.raw.on('message', (topic, payload) => {
        const request = JSON.parse(payload.toString());
        asked.push({ topic, request });
        const reply = answer(request);
        if (reply !== undefined) {
          service.raw.publish(topic.replace(/req$/, 'res'), typeof reply === 'string' ? reply : JSON.stringify(reply), { qos: 1 });
        }
      });
      return asked;
    }
    const keyFor = (sid) => Buffer.concat([Buffer.from(sid, 'hex'), Buffer.alloc(20, 7)]).toString('base64url');
    const issued = (sid, client) => ({
      v: 1, id: 1, ok: true, sid, key: keyFor(sid), client, token: 'a.b-c_.d', left: 14400, latest: '0.1.0', oldest: '0.1.0',
    });

    test('a guest is issued a key and the guard gets all of it', async (t) => {
      const s = await session(t);
      const client = hexId();
      const asked = await keyService(t, s, () => issued(s.sid, client));
      const guest = hexId();
      const link = await startLink(t, { job: 'issue', ...s.at, client: guest });
      assert.deepEqual(await ended(link), { exit: 'code=0', phase: 'done', why: '', retry: '0' });
      const [got] = said(link, 'issued');
      assert.deepEqual([got.sid, got.key, got.client, got.token, got.left, got.latest, got.oldest],
        [s.sid, keyFor(s.sid), client, 'a.b-c_.d', '14400', '0.1.0', '0.1.0']);
      assert.deepEqual(asked, [{
        topic: `key/guest/${guest}/req`,
        request: { v: 1, op: 'issue', id: 1, agent: Buffer.alloc(32, 1).toString('base64url'), link: Buffer.alloc(32, 2).toString('base64url'), version: '0.1.0' },
      }]);
    });

    test('an answer that is wrong in any way gives no key', async (t) => {
      const s = await session(t);
      const good = issued(s.sid, hexId());
      const wrong = [{ ...good, key: keyFor(hexId()) }, { ...good, id: 2 }, { ...good, left: 14401 }, { ...good, extra: 1 },
        'nonsense', `${JSON.stringify(good)} x`];
      await keyService(t, s, () => wrong.shift());
      for (const count = wrong.length; wrong.length > 0;) {
        const left = wrong.length;
        const link = await startLink(t, { job: 'issue', ...s.at, client: hexId() });
        const end = await ended(link);
        assert.deepEqual([end.exit, end.phase], ['code=1', 'refused'], `case ${count - left}`);
        assert.match(end.why, /answer was not understood/);
        assert.equal(said(link, 'issued').length, 0);
      }
    });

    test('a refusal reaches the guard in our words, with the time to wait', async (t) => {
      const s = await session(t);
      await keyService(t, s, () => ({ v: 1, id: 1, ok: false, why: 'busy', text: 'visit http://evil.example', retry: 7 }));
      const end = await ended(await startLink(t, { job: 'issue', ...s.at, client: hexId() }));
      assert.deepEqual(end, { exit: 'code=1', phase: 'refused', why: 'The key service is busy.', retry: '7' });
    });

    test('an absent key service is noticed at once, a silent one after 10 s', async (t) => {
      const s = await session(t);
      const away = await ended(await startLink(t, { job: 'issue', ...s.at, client: hexId() }));
      assert.deepEqual([away.phase, away.retry], ['lost', '5']);
      assert.match(away.why, /not there at the moment/);
      await keyService(t, s, () => undefined);
      const began = Date.now();
      const silent = await ended(await startLink(t, { job: 'issue', ...s.at, client: hexId() }), 13000);
      assert.match(silent.why, /did not answer/);
      assert.ok(Date.now() - began > 9000);
    });

    test('the end of a session is asked for with its token', async (t) => {
      const s = await session(t);
      const asked = await keyService(t, s, () => ({ v: 1, id: 1, ok: true }));
      const end = await ended(await startLink(t, { job: 'end', ...s.at, ...s.agent }));
      assert.deepEqual(end, { exit: 'code=0', phase: 'done', why: '', retry: '0' });
      assert.deepEqual(asked, [{ topic: `key/agent/${s.agent.client}/req`, request: { v: 1, op: 'end', id: 1, token: s.agent.token } }]);
    });

    test('with the real key service: a key is issued, its session served, and ended for good', async (t) => {
      const dir = folder(t);
      const tls = certs(`${dir}/tls`);
      const [data, port] = [`${dir}/keysvc`, await freePort()];
      await keysvc(['--dir', data, 'init']);
      await startBroker(t, { dir, port, tls: `${dir}/tls`, data });
      await startKeysvc(t, { dir: data, brokerPort: port, ca: tls.ca });
      const at = { port, ca: tls.ca };
      const guest = await startLink(t, { job: 'issue', ...at, client: hexId() });
      assert.deepEqual((await ended(guest)).phase, 'done');
      const { sid, client, token, left } = said(guest, 'issued')[0];
      assert.ok(left > 14390 && left <= 14400);
      const link = await startLink(t, { ...at, sid, client, token });
      await link.match(/status connected/);
      const last = await startLink(t, { job: 'end', ...at, client, token });
      assert.equal((await ended(last)).phase, 'done');
      await ended(link);
      assert.match((await ended(await startLink(t, { ...at, sid, client, token }))).why, /no longer accepts this session/);
    });

    test('being cut off right after asking for the end means that it has ended; an answer is awaited for 5 s', async (t) => {
      const tls = certs(`${folder(t)}/tls`);
      const setup = { job: 'end', ca: tls.ca, client: hexId(), token: 'a.b.c' };
      const cutting = await fakeBroker(t, tls, { published: (socket) => socket.write(disconnectPacket(152)) });
      assert.equal((await ended(await startLink(t, { ...setup, port: cutting }))).phase, 'done');
      const began = Date.now();
      const silent = await ended(await startLink(t, { ...setup, port: await fakeBroker(t, tls) }), 7000);
      assert.equal(silent.phase, 'lost');
      assert.ok(Date.now() - began > 4500);
    });
  });
});
