// Mosquitto with our configuration and plugin, attacked by a client that we did not write.
import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync } from 'node:crypto';
import { appendFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect as tcpConnect } from 'node:net';
import { describe, test } from 'node:test';
import { certs, folder, freePort, sleep, until } from '../lib/proc.mjs';
import {
  ADMINISTRATIVE_ACTION, FOUR_HOURS, NOT_AUTHORIZED, addKey, connect, hexId, identity, launchBroker,
  mintToken, startBroker, unixNow,
} from '../lib/broker.mjs';

const BAD_METHOD = 0x8c;

// Others on this machine may take a port between our asking for it and the broker's bind.
async function startAnywhere(t, options, tries = 3) {
  const launch = { ...options, port: await freePort() };
  return startBroker(t, launch).catch((error) => {
    if (tries > 1 && /in use/.test(error.message)) return startAnywhere(t, options, tries - 1);
    throw error;
  });
}

// A broker of its own with one key: { data, key, broker, restart(), enter(who), as(role), pair() }.
async function world(t, options = {}) {
  const dir = folder(t);
  const [tls, data] = [`${dir}/tls`, `${dir}/data`];
  const { ca } = certs(tls);
  const key = addKey(data);
  const launch = { dir, tls, data, ...options };
  const w = { data, key, broker: await startAnywhere(t, launch) };
  w.restart = async () => {
    await w.broker.stop();
    w.broker = await startAnywhere(t, launch);
  };
  w.enter = (who, more) => connect(t, { port: w.broker.port, ca, who, options: more });
  w.as = (role, more, mqttOptions) => w.enter(identity(key, role, more), mqttOptions);
  // An agent and a partner of one session, both connected and subscribed.
  w.pair = async (more = {}) => {
    const sid = hexId();
    const who = { agent: identity(key, 'agent', { sid, ...more }), partner: identity(key, 'partner', { sid, ...more }) };
    const agent = await w.enter(who.agent, more.agentOptions);
    const partner = await w.enter(who.partner);
    await agent.subscribe(`s/${sid}/cmd`);
    await partner.subscribe(`s/${sid}/state`);
    return { sid, who, agent, partner };
  };
  return w;
}

// A message goes each way.
async function works({ sid, agent, partner }) {
  const text = hexId();
  await partner.publish(`s/${sid}/cmd`, text);
  assert.equal(await agent.next(`s/${sid}/cmd`), text);
  await agent.publish(`s/${sid}/state`, text);
  assert.equal(await partner.next(`s/${sid}/state`), text);
}

const refused = (promise, code = NOT_AUTHORIZED, message) =>
  assert.rejects(promise, (error) => {
    assert.equal(error.code, code, `${message ?? ''} ${error.message}`);
    return true;
  }, message);

const revokeLine = (sid, seconds = 600) => `revoke ${sid} ${unixNow() + seconds}\n`;

describe('the broker', { concurrency: 4 }, () => {
  test('two sessions work, and neither reaches the other', async (t) => {
    const w = await world(t);
    const [one, two] = [await w.pair(), await w.pair()];
    await works(one);
    await works(two);
    await refused(two.partner.publish(`s/${one.sid}/cmd`, 'x'));
    await refused(two.agent.publish(`s/${one.sid}/state`, 'x'));
    await refused(two.partner.subscribe(`s/${one.sid}/state`));
    await refused(two.agent.subscribe(`s/${one.sid}/cmd`));
    await works(one);
    assert.deepEqual(two.agent.received, []);
    assert.deepEqual(two.partner.received, []);
  });

  test('each role keeps to its own direction and to exact topics', async (t) => {
    const w = await world(t);
    const { sid, who, agent, partner } = await w.pair();
    const gw = await w.as('gw');
    await refused(partner.publish(`s/${sid}/state`, 'x'));
    await refused(agent.publish(`s/${sid}/cmd`, 'x'));
    for (const client of [agent, partner, gw]) {
      for (const topic of ['$CONTROL/tether/v1', '$CONTROL/other/v1', 'stat/auth', 'stat/keysvc', 'x',
        `key/guest/${who.agent.client}/req`, `key/agent/${hexId()}/req`, `s/${hexId()}/cmd`, `s/${sid}/cmd/x`]) {
        await refused(client.publish(topic, revokeLine(sid)), NOT_AUTHORIZED, topic);
      }
      for (const filter of ['#', '+', '+/+/+', 's/#', `s/${sid}/#`, `s/${sid}/+`, 's/+/cmd', '$SYS/#', '$CONTROL/#',
        `$share/g/s/${sid}/cmd`, `$share/g/s/${sid}/state`, '$share/g/#', 'key/+/+/req', `key/agent/${hexId()}/res`]) {
        await refused(client.subscribe(filter), NOT_AUTHORIZED, filter);
      }
    }
    await refused(partner.subscribe('stat/+'));
    await gw.subscribe('stat/+');
    await works({ sid, agent, partner });
  });

  test('a token that is not exactly right is refused', async (t) => {
    const w = await world(t);
    const { key } = w;
    const stranger = { kid: 'k1', privateKey: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey };
    const now = unixNow();
    const hmac = (text) => createHmac('sha256', key.publicPem).update(text).digest();
    const tokens = {
      'expired': { iat: now - 100, exp: now },
      'four hours and a second': { iat: now, exp: now + FOUR_HOURS + 1 },
      'from the future': { iat: now + 60 },
      'not valid yet': { claims: { nbf: now + 60 } },
      'signed with another key': { key: stranger },
      'of an unknown key': { header: { kid: 'k2' } },
      'of a key by path': { header: { kid: '../keys/k1' } },
      'alg none': { header: { alg: 'none' }, signer: () => Buffer.alloc(0) },
      'alg none, rightly signed': { header: { alg: 'none' } },
      'HS256 with the public key': { header: { alg: 'HS256' }, signer: hmac },
      'ES256 in name, HS256 in fact': { signer: hmac },
      'a signature of zeros': { signer: () => Buffer.alloc(64) },
      'for another audience': { claims: { aud: ['b'] } },
      'for two audiences': { claims: { aud: ['tether', 'b'] } },
      'of another issuer': { claims: { iss: 'someone' } },
      'with another jti': { claims: { jti: hexId() } },
      'of no known role': { claims: { role: 'admin' } },
      'a guest with a token': { claims: { role: 'guest' } },
      'an agent with a keysvc claim': { claims: { role: 'keysvc' } },
      'with a wider acl': { claims: { acl: { pub: ['#'], sub: ['#'] } } },
      'without expiry': { claims: { exp: undefined } },
      'with an expiry in words': { claims: { exp: String(now + 100) } },
      'without sid': { claims: { sid: undefined } },
    };
    for (const [name, options] of Object.entries(tokens)) {
      await refused(w.enter(identity(key, 'agent', options)), NOT_AUTHORIZED, name);
    }
    await w.as('agent', { iat: now, exp: now + FOUR_HOURS });
  });

  test('a token is good for its own client id and user name only, with MQTT 5 and a clean start', async (t) => {
    const w = await world(t);
    const who = identity(w.key, 'agent');
    const other = hexId();
    await refused(w.enter({ ...who, client: other }));
    await refused(w.enter(who, { username: other }));
    await refused(w.enter(who, { clientId: other }));
    await refused(w.enter(who, { password: undefined }));
    await refused(w.enter(who, { password: `${who.token}x` }));
    await refused(w.enter(who, { password: 'x'.repeat(3000) }));
    await refused(w.enter(who, { clean: false }));
    await refused(w.enter(who, { protocolVersion: 4 }), 5);
    await refused(w.enter(who, { properties: { authenticationMethod: 'x' } }), BAD_METHOD);
    await w.enter(who);
  });

  test('a guest may ask the key service and nothing else', async (t) => {
    const w = await world(t);
    const { sid, who } = await w.pair();
    const keysvc = await w.as('keysvc');
    await keysvc.subscribe('key/+/+/req');
    const [me, other] = [hexId(), hexId()];
    const guest = await w.enter({ client: me });
    await guest.subscribe(`key/guest/${me}/res`);
    await guest.publish(`key/guest/${me}/req`, 'question');
    assert.equal(await keysvc.next(`key/guest/${me}/req`), 'question');
    await keysvc.publish(`key/guest/${me}/res`, 'answer');
    assert.equal(await guest.next(`key/guest/${me}/res`), 'answer');
    for (const topic of [`key/guest/${other}/req`, `key/agent/${me}/req`, `key/gw/${me}/req`, `key/guest/${me}/res`,
      `s/${sid}/cmd`, `s/${sid}/state`, '$CONTROL/tether/v1']) {
      await refused(guest.publish(topic, 'x'), NOT_AUTHORIZED, topic);
    }
    for (const filter of [`key/guest/${other}/res`, `key/guest/${me}/req`, 'key/guest/+/res', '#', `s/${sid}/state`]) {
      await refused(guest.subscribe(filter), NOT_AUTHORIZED, filter);
    }
    await refused(w.enter({ client: who.agent.client }), NOT_AUTHORIZED, 'the id of a live session');
    await refused(w.enter({ client: me }), NOT_AUTHORIZED, 'the id of a live guest');
    for (const client of ['guest', me.toUpperCase(), `${me}0`, '+'.repeat(32)]) {
      await refused(w.enter({ client }), NOT_AUTHORIZED, client);
    }
    await guest.publish(`key/guest/${me}/req`, 'still here');
  });

  test('a fifth guest of one address sends the oldest away', async (t) => {
    const w = await world(t);
    const pair = await w.pair();
    const guests = [];
    for (let i = 0; i < 5; i++) guests.push(await w.enter({ client: hexId() }));
    assert.equal(await guests[0].closed(), ADMINISTRATIVE_ACTION);
    await works(pair);
    assert.deepEqual(guests.map((g) => g.raw.connected), [false, true, true, true, true]);
  });

  test('guests of one address do not make room for those of another', async (t) => {
    const w = await world(t);
    const from = (address) => w.enter({ client: hexId() }, { localAddress: address });
    const ours = [];
    for (let i = 0; i < 4; i++) ours.push(await from('127.0.0.1'));
    const other = await from('127.0.0.2');
    for (let i = 0; i < 4; i++) await from('127.0.0.3');
    await sleep(300);
    assert.deepEqual([...ours, other].map((g) => g.raw.connected), [true, true, true, true, true]);
    const fifth = await from('127.0.0.3');
    await sleep(300);
    assert.equal(fifth.raw.connected && other.raw.connected, true);
  });

  test('a guest that talks too much is cut, and what it says after the fourth message goes nowhere', async (t) => {
    const w = await world(t);
    const keysvc = await w.as('keysvc');
    await keysvc.subscribe('key/+/+/req');
    const client = hexId();
    const guest = await w.enter({ client });
    for (let i = 0; i < 20; i++) guest.raw.publish(`key/guest/${client}/req`, `${i}`);
    assert.equal(await guest.closed(), ADMINISTRATIVE_ACTION);
    assert.deepEqual(keysvc.received.map((m) => m.text), ['0', '1', '2', '3']);
  });

  test('a flood of guests that want to be remembered is held to a rate, and others still come in', { timeout: 60000 },
    async (t) => {
      const w = await world(t);
      const pair = await w.pair();
      const flood = async (address) => {
        try {
          const guest = await w.enter({ client: hexId() },
            { localAddress: address, properties: { sessionExpiryInterval: 0xffffffff } });
          await guest.end();
          return 1;
        } catch (error) {
          assert.equal(error.code, NOT_AUTHORIZED, error.message);
          return 0;
        }
      };
      let admitted = 0;
      const begin = Date.now();
      for (let i = 0; i < 100; i++) admitted += await flood('127.0.0.2');
      const seconds = (Date.now() - begin) / 1000;
      assert.ok(admitted >= 20 && admitted <= 21 + seconds / 5, `${admitted} of 100 in ${seconds} s`);
      await w.enter({ client: hexId() });
      await works(pair);
    });

  test('each revocation is answered with how many connections it cut, readable by the key service alone', async (t) => {
    const w = await world(t);
    const keysvc = await w.as('keysvc');
    await keysvc.subscribe('key/cut');
    const pair = await w.pair();
    const third = await w.as('partner', { sid: pair.sid });
    await keysvc.publish('$CONTROL/tether/v1', revokeLine(pair.sid));
    assert.equal(await keysvc.next('key/cut'), `${pair.sid} 3`);
    await Promise.all([pair.agent, pair.partner, third].map((c) => c.closed()));
    const nobody = hexId();
    await keysvc.publish('$CONTROL/tether/v1', revokeLine(nobody));
    assert.equal(await keysvc.next('key/cut'), `${nobody} 0`);
    for (const role of ['gw', 'agent', 'partner']) {
      const client = await w.as(role);
      await refused(client.subscribe('key/cut'));
      await refused(client.publish('key/cut', `${nobody} 7`));
    }
    await refused(keysvc.publish('key/cut', `${nobody} 7`));
  });

  test('a guest is cut after half a minute', { timeout: 40000 }, async (t) => {
    const w = await world(t);
    const start = Date.now();
    const guest = await w.enter({ client: hexId() });
    assert.equal(await guest.closed(35000), ADMINISTRATIVE_ACTION);
    const life = Date.now() - start;
    assert.ok(life >= 30000 && life < 33000, `${life} ms`);
  });

  test('a connected client is cut at the second its token expires', async (t) => {
    const w = await world(t);
    const exp = unixNow() + 3;
    const { agent, partner } = await w.pair({ exp, iat: exp - 60 });
    const lasting = await w.pair();
    const closed = await Promise.all([agent, partner].map(async (c) => [await c.closed(), Date.now() - exp * 1000]));
    for (const [code, late] of closed) {
      assert.equal(code, ADMINISTRATIVE_ACTION);
      assert.ok(late >= 0 && late < 2000, `${late} ms after the expiry`);
    }
    await works(lasting);
  });

  test('a revocation cuts both sides within a second and holds over a restart', async (t) => {
    const w = await world(t);
    const keysvc = await w.as('keysvc');
    const [revoked, other] = [await w.pair(), await w.pair()];
    const line = revokeLine(revoked.sid);
    const start = Date.now();
    await keysvc.publish('$CONTROL/tether/v1', line);
    assert.deepEqual([await revoked.agent.closed(), await revoked.partner.closed()],
      [ADMINISTRATIVE_ACTION, ADMINISTRATIVE_ACTION]);
    assert.ok(Date.now() - start < 1000, `${Date.now() - start} ms`);
    const again = async () => {
      await refused(w.enter(revoked.who.agent));
      await refused(w.enter(revoked.who.partner));
      await refused(w.as('partner', { sid: revoked.sid }));
    };
    await again();
    await works(other);
    w.broker.hup();
    await again();
    appendFileSync(`${w.data}/revoked/revoked`, line);
    await w.restart();
    await again();
    await w.enter(other.who.agent);
  });

  test('the key service is cut off when it says what is not understood', async (t) => {
    const w = await world(t);
    const pair = await w.pair();
    const keysvc = await w.as('keysvc');
    await keysvc.publish('$CONTROL/tether/v1', 'revoke everything\n').catch(() => {});
    await keysvc.closed();
    await works(pair);
    assert.match(w.broker.log(), /\$CONTROL\/tether\/v1 was not understood/);
  });

  test('with require_sync no session comes in before the set is complete', async (t) => {
    const w = await world(t, { requireSync: true });
    const [agent, gone] = [identity(w.key, 'agent'), identity(w.key, 'agent')];
    const COME_AGAIN = -1; // closed without a word: "not authorized" would be the end of a session
    await refused(w.enter(agent), COME_AGAIN);
    const keysvc = await w.as('keysvc');
    await keysvc.publish('$CONTROL/tether/v1', 'synced 1\n');
    await refused(w.enter(agent), COME_AGAIN, 'one revocation is missing');
    await keysvc.publish('$CONTROL/tether/v1', revokeLine(gone.sid));
    await keysvc.publish('$CONTROL/tether/v1', 'synced 1\n');
    await w.enter(agent);
    await refused(w.enter(gone));
  });

  test('bare connections, refused logins and a takeover harm nobody else', async (t) => {
    const w = await world(t);
    const pair = await w.pair();
    for (let i = 0; i < 20; i++) {
      const socket = tcpConnect(w.broker.port, '127.0.0.1');
      await new Promise((done) => socket.once('connect', done));
      if (i % 2) socket.write(Buffer.from('102a00044d51545405', 'hex'));
      socket.destroy();
      await refused(w.enter({ ...pair.who.agent, token: 'x' }));
      await refused(w.enter({ client: pair.who.partner.client }));
    }
    await works(pair);
    const fresh = await w.enter(pair.who.agent);
    await pair.agent.closed();
    await fresh.subscribe(`s/${pair.sid}/cmd`);
    await works({ ...pair, agent: fresh });
    // The old connection's farewell has not taken the new one's record along.
    await sleep(300);
    await works({ ...pair, agent: fresh });
    assert.equal(w.broker.over(), false);
  });

  test('keys are followed without a signal: a new one is known, and who came with one that is gone is cut', async (t) => {
    const w = await world(t);
    const pair = await w.pair();
    const second = addKey(w.data, 'k2');
    const fresh = await until(() => w.enter(identity(second, 'agent')).catch(() => null), 3000, 'the new key is known');
    await works(pair);
    await sleep(2500); // by now the folder counts as settled: what follows is seen by its time of change alone
    rmSync(`${w.data}/keys/k1.pem`);
    assert.deepEqual([await pair.agent.closed(3000), await pair.partner.closed(3000)],
      [ADMINISTRATIVE_ACTION, ADMINISTRATIVE_ACTION]);
    await refused(w.enter(pair.who.agent));
    assert.equal(fresh.raw.connected, true);
  });

  test('a folder of keys that can not be looked at changes nothing', async (t) => {
    const w = await world(t);
    const pair = await w.pair();
    renameSync(`${w.data}/keys`, `${w.data}/elsewhere`);
    await until(() => /can't read the keys in/.test(w.broker.log()), 3000, 'it is said');
    await works(pair);
    await w.enter(identity(w.key, 'agent'));
    renameSync(`${w.data}/elsewhere`, `${w.data}/keys`);
    await sleep(1500);
    assert.equal(w.broker.log().match(/can't read the keys in/g).length, 1);
    await works(pair);
  });

  test('SIGHUP keeps sessions, adds new keys and cuts those of a key that was taken away', async (t) => {
    const w = await world(t);
    const pair = await w.pair();
    const second = addKey(w.data, 'k2');
    w.broker.hup();
    const rotated = await until(() => w.enter(identity(second, 'agent')).catch(() => null), 3000, 'the new key is known');
    await works(pair);
    rmSync(`${w.data}/keys/k1.pem`);
    w.broker.hup();
    await Promise.all([pair.agent.closed(), pair.partner.closed()]);
    await refused(w.enter(pair.who.agent));
    assert.equal(rotated.raw.connected, true);
    rmSync(`${w.data}/keys/k2.pem`);
    w.broker.hup();
    await rotated.closed();
    assert.equal(w.broker.over(), false);
    assert.match(w.broker.log(), /no public key in/);
  });

  test('a revocation that came by file alone holds from the next SIGHUP on', async (t) => {
    const w = await world(t);
    const [revoked, other] = [await w.pair(), await w.pair()];
    appendFileSync(`${w.data}/revoked/revoked`, revokeLine(revoked.sid));
    w.broker.hup();
    await Promise.all([revoked.agent.closed(), revoked.partner.closed()]);
    await refused(w.enter(revoked.who.agent));
    await works(other);
  });

  test('TLS 1.2 and 1.3 are spoken, and nothing without TLS', async (t) => {
    const w = await world(t);
    for (const version of ['TLSv1.2', 'TLSv1.3']) {
      const client = await w.as('agent', {}, { minVersion: version, maxVersion: version });
      assert.equal(client.raw.stream.getProtocol(), version);
    }
    await assert.rejects(w.as('agent', {}, { protocol: 'mqtt' }));
    await assert.rejects(w.as('agent', {}, { servername: 'example.org' }), /altnames/);
  });

  test('a will is published on the client\'s own topics only', async (t) => {
    const w = await world(t);
    const victim = await w.pair();
    const will = (topic) => ({ agentOptions: { will: { topic, payload: Buffer.from('lost'), qos: 1 } } });
    const bad = await w.pair(will(`s/${victim.sid}/state`));
    bad.agent.raw.stream.destroy();
    await bad.agent.closed();
    const sid = hexId();
    const partner = await w.as('partner', { sid });
    await partner.subscribe(`s/${sid}/state`);
    const agent = await w.enter(identity(w.key, 'agent', { sid }), will(`s/${sid}/state`).agentOptions);
    agent.raw.stream.destroy();
    assert.equal(await partner.next(`s/${sid}/state`), 'lost');
    await works(victim);
    assert.deepEqual(victim.partner.received, []);
  });

  test('what is retained, too long or of QoS 2 ends the connection that sent it, and only that', async (t) => {
    const w = await world(t);
    const pair = await w.pair();
    const topic = `s/${pair.sid}/cmd`;
    for (const [text, options, codes] of [['x', { retain: true }, [0x9a]], ['x'.repeat(5000), {}, [0x95, -1]]]) {
      const partner = await w.as('partner', { sid: pair.sid });
      partner.publish(topic, text, { qos: 0, ...options }).catch(() => {});
      assert.ok(codes.includes(await partner.closed()), JSON.stringify(options));
    }
    await works(pair);
    assert.deepEqual(pair.agent.received, []);
  });

  test('the counters reach a gateway and name nobody, and neither do the logs', { timeout: 20000 }, async (t) => {
    const w = await world(t);
    const gw = await w.as('gw');
    await gw.subscribe('stat/+');
    const { who } = await w.pair();
    const guest = hexId();
    await w.enter({ client: guest });
    await refused(w.enter({ ...who.agent, token: 'x' }));
    const stat = JSON.parse(await gw.next('stat/auth', 12000));
    assert.deepEqual(stat, { v: 1, connections: 4, guests: 1, guests_in: 1, guests_refused: 0, guests_limited: 0,
      forged: 1, refused_expired: 0, refused_revoked: 0, protocol: 0, expired: 0, revoked: 0, certificate_refused: 0 });
    for (const secret of [who.agent.client, who.partner.client, who.agent.sid, guest, '127.0.0.1', 'eyJ']) {
      assert.ok(!w.broker.log().includes(secret), `${secret} in\n${w.broker.log()}`);
    }
  });

  test('a broker without its policy does not start', async (t) => {
    const dir = folder(t);
    const [tls, good] = [`${dir}/tls`, `${dir}/good`];
    certs(tls);
    addKey(good);
    const folders = {
      'no folder of keys': [() => {}, /can't read the keys/],
      'no key': [(data) => mkdirSync(`${data}/keys`, { recursive: true }), /no public key in/],
      'a file that is no key': [(data) => {
        mkdirSync(`${data}/keys`, { recursive: true });
        writeFileSync(`${data}/keys/k1.pem`, 'x');
      }, /1 files in .* are not P-256 public keys/],
      'no revocations': [(data) => { addKey(data); rmSync(`${data}/revoked`, { recursive: true }); },
        /can't read .*revoked/],
      'damaged revocations': [(data) => { addKey(data); writeFileSync(`${data}/revoked/revoked`, 'x\n'); },
        /line 1 is not a revocation/],
    };
    const changes = {
      'an unknown option': [(text) => `${text}\nplugin_opt_kyes /x\n`, /bad plugin_opt_kyes/],
      'an unclear option': [(text) => text.replace('require_sync false', 'require_sync no'),
        /bad plugin_opt_require_sync/],
      'no keys option': [(text) => text.replace(/^plugin_opt_keys .*$/m, ''), /plugin_opt_keys is missing/],
      'nobody to say what is revoked': [(text) => text.replace(/^plugin_opt_revoked .*$/m, ''),
        /nobody says what is revoked/],
    };
    const fails = async (name, said, options) => {
      const broker = launchBroker(t, { dir, port: await freePort(), tls, ...options });
      await until(broker.over, 5000, `${name}: the broker ends`);
      const { code } = await broker.exited;
      assert.ok(code > 0, `${name}: exit ${code}`);
      await until(() => said.test(broker.err()), 1000, `${name}: ${broker.err()}`);
    };
    for (const [name, [make, said]] of Object.entries(folders)) {
      const data = `${dir}/${name.replaceAll(' ', '-')}`;
      make(data);
      await fails(name, said, { data });
    }
    for (const [name, [change, said]] of Object.entries(changes)) await fails(name, said, { data: good, change });
  });

  test('a token made for a session never fits a service, nor the other way round', async (t) => {
    const w = await world(t);
    const who = identity(w.key, 'gw');
    const pretend = { ...who, token: mintToken({ key: w.key, role: 'gw', client: who.client, claims: { sid: hexId() } }) };
    await refused(w.enter(pretend));
    await w.enter(who);
  });
});
