// Tokens against the real broker: forged, stretched, stolen, too old; and clients that outlive theirs.
import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  ADMINISTRATIVE_ACTION, FOUR_HOURS, NOT_AUTHORIZED, connect, hexId, identity, keyFromPem, mintToken, startBroker, unixNow,
} from '../lib/broker.mjs';
import { connectPacket, rawTalk, refusedWith, siege, works } from '../lib/attack.mjs';
import { connectAsker, connectGateway, issueAsGuest, issueRequest, keysvc, startKeysvc } from '../lib/keysvc.mjs';
import { certs, folder, freePort, sleep, until } from '../lib/proc.mjs';

const b64 = (text) => Buffer.from(text).toString('base64url');

// A token with any text as header and claims, rightly signed.
function mintText(key, head, claims) {
  const text = `${b64(head)}.${b64(claims)}`;
  return `${text}.${sign('sha256', Buffer.from(text), { key: key.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

const partsOf = (token) => token.split('.').slice(0, 2).map((part) => Buffer.from(part, 'base64url').toString());

// Other keys and other algorithms under our kid: name -> [header, signer].
function otherSigners(key) {
  const ec = (namedCurve) => generateKeyPairSync('ec', { namedCurve }).privateKey;
  const [p384, k1, stranger, rsa] = [ec('P-384'), ec('secp256k1'), ec('P-256'), generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey];
  const ed = generateKeyPairSync('ed25519').privateKey;
  const raw = (hash, k) => (text) => sign(hash, Buffer.from(text), { key: k, dsaEncoding: 'ieee-p1363' });
  const hmac = (secret) => (text) => createHmac('sha256', secret).update(text).digest();
  return {
    'another P-256 key': [{}, raw('sha256', stranger)],
    'P-384 as ES384': [{ alg: 'ES384' }, raw('sha384', p384)], 'P-384 as ES256': [{}, raw('sha256', p384)],
    'secp256k1 as ES256K': [{ alg: 'ES256K' }, raw('sha256', k1)], 'secp256k1 as ES256': [{}, raw('sha256', k1)],
    'Ed25519 as EdDSA': [{ alg: 'EdDSA' }, (text) => sign(null, Buffer.from(text), ed)],
    'Ed25519 as ES256': [{}, (text) => sign(null, Buffer.from(text), ed)],
    'RS256': [{ alg: 'RS256' }, (text) => sign('sha256', Buffer.from(text), rsa)],
    'HS256 with the public key': [{ alg: 'HS256' }, hmac(key.publicPem)],
    'HS256 with the public key, as ES256': [{}, hmac(key.publicPem)],
    'HS256 with an empty key': [{ alg: 'HS256' }, hmac('')],
    'none, without a signature': [{ alg: 'none' }, () => Buffer.alloc(0)],
    'none, rightly signed': [{ alg: 'none' }, undefined],
    'NONE': [{ alg: 'NONE' }, () => Buffer.alloc(0)], 'es256 in small letters': [{ alg: 'es256' }, undefined],
    'r and s of zero': [{}, () => Buffer.alloc(64)], 'r and s of ones': [{}, () => Buffer.alloc(64, 255)],
    'no signature': [{}, () => Buffer.alloc(0)],
    'a signature in DER': [{}, (text) => sign('sha256', Buffer.from(text), key.privateKey)],
    'a signature of 63 bytes': [{}, (text) => raw('sha256', key.privateKey)(text).subarray(1)],
    'a kid that climbs': [{ kid: '../keys/k1' }, undefined], 'a kid with a NUL': [{ kid: 'k1\0' }, undefined],
    'a kid that climbs far': [{ kid: '../../../../etc/passwd' }, undefined], 'an empty kid': [{ kid: '' }, undefined],
    'a kid of a list': [{ kid: ['k1'] }, undefined], 'an unknown kid': [{ kid: 'k2' }, undefined],
    'a key of its own': [{ jwk: stranger.export({ format: 'jwk' }) }, raw('sha256', stranger)],
    'an address of a key': [{ jku: 'https://localhost/keys' }, raw('sha256', stranger)],
    'crit': [{ crit: ['exp'] }, undefined], 'another typ': [{ typ: 'JWS' }, undefined],
  };
}

// Rightly signed, but saying what may not be said: name -> options of mintToken.
function otherClaims(now) {
  return {
    'expired this second': { iat: now - 100, exp: now }, 'expired long ago': { iat: now - FOUR_HOURS, exp: now - 60 },
    'four hours and a second': { iat: now, exp: now + FOUR_HOURS + 1 },
    'four hours ahead of a later iat': { iat: now + 3600, exp: now + 3600 + FOUR_HOURS },
    'iat in the future (a clock set back)': { iat: now + 30 }, 'nbf in the future': { claims: { nbf: now + 30 } },
    'iat long before, four hours from it over': { iat: now - FOUR_HOURS - 1, exp: now + 10 },
    'negative times': { claims: { iat: -1, nbf: -1 } }, 'times with fractions': { claims: { exp: now + 100.5 } },
    'a time of 1e9 digits': { claims: { exp: 1e300 } }, 'exp in words': { claims: { exp: `${now + 100}` } },
    'exp null': { claims: { exp: null } },
    'no exp': { claims: { exp: undefined } }, 'no iat': { claims: { iat: undefined } },
    'no nbf': { claims: { nbf: undefined } },
    'another aud': { claims: { aud: ['b'] } }, 'two auds': { claims: { aud: ['tether', 'b'] } },
    'aud as text': { claims: { aud: 'tether' } },
    'no aud': { claims: { aud: [] } }, 'another iss': { claims: { iss: 'x' } },
    'another jti': { claims: { jti: hexId() } },
    'another sub': { claims: { sub: hexId() } },
    'another sub and jti': { claims: { sub: 'ab'.repeat(16), jti: 'ab'.repeat(16) } },
    'sub null': { claims: { sub: null } }, 'role guest': { claims: { role: 'guest' } },
    'role admin': { claims: { role: 'admin' } },
    'role in capitals': { claims: { role: 'AGENT' } },
    'role keysvc on session topics': { claims: { role: 'keysvc', sid: undefined } },
    'role gw with a sid': { claims: { role: 'gw' } }, 'no role': { claims: { role: undefined } },
    'no sid': { claims: { sid: undefined } },
    'sid in capitals': { claims: { sid: 'AB'.repeat(16) } }, 'another sid than its acl': { claims: { sid: hexId() } },
    'an acl of everything': { claims: { acl: { pub: ['#'], sub: ['#'] } } },
    'an acl of a foreign session': { claims: { acl: { pub: [], sub: [`s/${hexId()}/cmd`] } } },
    'an acl of a guest': { claims: { acl: { pub: ['key/guest/+/req'], sub: [] } } },
    'an acl that is no object': { claims: { acl: 'all' } }, 'no acl': { claims: { acl: undefined } },
    'an acl of two hundred': { claims: { acl: { pub: Array(200).fill('#'), sub: [] } } },
  };
}

// Texts that a parser may read in two ways: name -> what becomes of the claims' text.
function otherTexts(now) {
  const late = `"exp":${now + 100000}`;
  return {
    'exp twice': (c) => c.replace(/"exp":\d+/, (m) => `${m},${late}`),
    'exp twice, the other way': (c) => c.replace(/"exp":\d+/, (m) => `${late},${m}`),
    'role twice': (c) => c.replace('"role":"agent"', '"role":"agent","role":"keysvc"'),
    'acl twice': (c) => c.replace('"acl":', '"acl":{"pub":["#"],"sub":["#"]},"acl":'),
    'exp spelt with an escape': (c) => c.replace('"exp"', '"\\u0065xp"'),
    'a second exp with an escape': (c) => c.replace('"exp"', `"\\u0065xp":${now + 9},"exp"`),
    'Exp beside exp, exp over': (c) => c.replace(/"exp":\d+/, `"Exp":${now + 100},"exp":${now - 1}`),
    'text after the end': (c) => `${c}{}`, 'NUL after the end': (c) => `${c}\0x`,
    'a list': (c) => `[${c}]`,
    'a thousand brackets': (c) => c.replace('"iss"', `"x":${'['.repeat(300)}${']'.repeat(300)},"iss"`),
    'nothing': () => '', 'broken JSON': (c) => c.slice(0, -1),
    'a comment': (c) => c.replace('{', '{/**/'), 'not UTF-8': (c) => c.replace('tether-keysvc', 'tether-keysv\xff'),
  };
}

test('no token but the right one opens the door, whatever is said in it', { timeout: 60000 }, async (t) => {
  const s = await siege(t);
  const now = unixNow();
  const door = (token, client) => refusedWith(s.enter({ client, token }));
  const shut = async (name, make) => {
    const client = hexId();
    assert.equal(await door(make({ key: s.key, role: 'agent', client, sid: hexId() }), client), NOT_AUTHORIZED, name);
  };
  for (const [name, [header, signer]] of Object.entries(otherSigners(s.key))) {
    await shut(name, (o) => mintToken({ ...o, header, signer }));
  }
  for (const [name, options] of Object.entries(otherClaims(now))) await shut(name, (o) => mintToken({ ...o, ...options }));
  for (const [name, change] of Object.entries(otherTexts(now))) {
    await shut(name, (o) => { const [head, claims] = partsOf(mintToken(o)); return mintText(s.key, head, change(claims)); });
  }
  const mangle = {
    'padding': (k) => k.replace(/\./g, '=.'),
    'standard base64': (k) => k.split('.').map((p) => Buffer.from(p, 'base64url').toString('base64')).join('.'),
    'a bit flipped in the claims': (k) => k.replace(/\.(.)/, (m, c) => `.${c === 'e' ? 'f' : 'e'}`),
    'two parts': (k) => k.split('.').slice(0, 2).join('.'),
    'four parts': (k) => `${k}.x`, 'a blank in front': (k) => ` ${k}`, 'a newline behind': (k) => `${k}\n`,
    'a dot in front': (k) => `.${k}`, 'only dots': () => '..',
    'characters of no alphabet': (k) => `${k.slice(0, -4)}!*%~`, 'cut off': (k) => k.slice(0, -1),
    'a NUL and the token': (k) => `\0${k}`,
    'bits left over at the end': (k) => k.slice(0, -1) + String.fromCharCode(k.charCodeAt(k.length - 1) + 1),
    'a header of its own order': (k) => { const [, c] = partsOf(k); return mintText(s.key, '{"typ":"JWT","alg":"ES256","kid":"k1"}', c); },
    'a header with two algs': (k) => { const [, c] = partsOf(k); return mintText(s.key, '{"alg":"ES256","typ":"JWT","kid":"k1","alg":"none"}', c); },
  };
  for (const [name, change] of Object.entries(mangle)) await shut(name, (o) => change(mintToken(o)));
  const client = hexId();
  const right = mintToken({ key: s.key, role: 'agent', client, sid: hexId(), life: FOUR_HOURS });
  assert.equal(await door(right, client), 0, 'the right one');
  // The broker hands passwords on as C strings: what follows a NUL is seen by nobody, what stands before it decides.
  assert.equal(await door(`${right}\0x`, client), 0);
});

test('a token of many kilobytes ends its connection and nothing else', async (t) => {
  const s = await siege(t);
  const victim = await s.pair();
  const client = hexId();
  const good = mintToken({ key: s.key, role: 'agent', client, sid: hexId() });
  for (const password of ['x'.repeat(65535), `${good}${'A'.repeat(2000)}`, `${good.split('.')[0]}.${'A'.repeat(60000)}.x`]) {
    const { bytes, closed } = await rawTalk(s, connectPacket({ client, user: client, password }));
    assert.ok(closed);
    assert.ok(bytes.length === 0 || bytes[0] !== 0x20 || bytes[3] >= 128, bytes.toString('hex'));
  }
  // A packet that says it has 100 kB, of which a part comes.
  const huge = Buffer.concat([Buffer.from([0x10, 0xa0, 0x8d, 0x06]), connectPacket({ client, user: client, password: good }).subarray(3)]);
  assert.ok((await rawTalk(s, huge)).closed);
  await works(victim);
});

test('a token opens its own client id only; another\'s is neither taken over nor disturbed', async (t) => {
  const s = await siege(t);
  const victim = await s.pair();
  const thief = s.newcomer('agent');
  for (const id of [victim.who.agent.client, victim.who.partner.client]) {
    for (const [username, password] of [[thief.client, thief.token], [id, thief.token], [undefined, undefined], [id, 'x'],
      ['', ''], [id, undefined]]) {
      const code = await refusedWith(s.enter(thief, { clientId: id, username, password }));
      assert.equal(code, NOT_AUTHORIZED, `${username} ${password?.length}`);
    }
  }
  const session = { ...s.newcomer('partner'), client: victim.who.agent.client, token: victim.who.partner.token };
  assert.equal(await refusedWith(s.enter(session)), NOT_AUTHORIZED, 'the partner as its own agent');
  await works(victim);
  assert.ok(victim.agent.raw.connected && victim.partner.raw.connected);
});

test('the same token twice is one client: the newer one, and never two', async (t) => {
  const s = await siege(t);
  const victim = await s.pair();
  const again = await s.enter(victim.who.partner);
  await victim.partner.closed();
  await again.subscribe(`s/${victim.sid}/state`);
  await victim.agent.publish(`s/${victim.sid}/state`, 'once');
  assert.equal(await again.next(`s/${victim.sid}/state`), 'once');
  assert.deepEqual(victim.partner.received, []);
});

test('at its second of expiry a client can neither publish nor receive, and is cut, busy or idle', { timeout: 20000 }, async (t) => {
  const s = await siege(t);
  const sid = hexId();
  const exp = unixNow() + 5;
  const over = exp * 1000;
  const agent = await s.enter(s.newcomer('agent', sid));
  await agent.subscribe(`s/${sid}/cmd`);
  const short = (role) => s.enter(s.newcomer(role, sid, { exp, iat: exp - 60 }));
  const [talker, listener, idle, gw] = [await short('partner'), await short('partner'), await short('agent'), await short('gw')];
  await listener.subscribe(`s/${sid}/state`);
  const cut = [talker, listener, idle, gw].map(async (c) => [await c.closed(8000), Date.now() - over]);
  const heard = { cmd: [], state: [] };
  agent.raw.on('message', (topic, payload) => heard.cmd.push(Number(payload)));
  listener.raw.on('message', (topic, payload) => heard.state.push(Number(payload)));
  const ticking = setInterval(() => {
    agent.raw.publish(`s/${sid}/state`, `${Date.now()}`);
    if (talker.raw.connected) talker.raw.publish(`s/${sid}/cmd`, `${Date.now()}`);
  }, 5);
  t.after(() => clearInterval(ticking));
  for (const [code, late] of await Promise.all(cut)) {
    assert.equal(code, ADMINISTRATIVE_ACTION);
    assert.ok(late >= 0 && late < 1500, `${late} ms after the expiry`);
  }
  await sleep(300);
  for (const [name, times] of Object.entries(heard)) {
    assert.ok(Math.max(...times) < over, `${name}: sent ${Math.max(...times) - over} ms after the expiry and delivered`);
    assert.ok(Math.max(...times) > over - 500, `${name}: delivered until the expiry`);
  }
});

// --- with the real key service ---------------------------------------------------------------------

async function withKeysvc(t) {
  const dir = folder(t);
  const tls = certs(`${dir}/tls`);
  const data = `${dir}/data`;
  await keysvc(['--dir', data, 'init']);
  const port = await freePort();
  const brokerOptions = { dir, port, tls: `${dir}/tls`, data };
  const at = { dir, data, port, ca: tls.ca, brokerOptions, broker: await startBroker(t, brokerOptions) };
  at.daemon = await startKeysvc(t, { dir: data, brokerPort: port, ca: tls.ca });
  const file = readdirSync(`${data}/secrets`).find((f) => f.startsWith('sign-'));
  at.key = keyFromPem(file.slice(5, -4), readFileSync(`${data}/secrets/${file}`, 'utf8'));
  at.enter = (who) => connect(t, { port, ca: tls.ca, who });
  return at;
}

test('each role may ask the key service its own questions only', { timeout: 30000 }, async (t) => {
  const at = await withKeysvc(t);
  const live = await issueAsGuest(t, at);
  const guest = await connectAsker(t, { ...at, who: { role: 'guest' } });
  const agent = await connectAsker(t, { ...at, who: { role: 'agent', client: live.client, token: live.token } });
  const gw = await connectGateway(t, { ...at, file: at.daemon.tokens[0] });
  const redeem = { v: 1, op: 'redeem', id: 1, key: live.key };
  const end = { v: 1, op: 'end', id: 2, token: live.token };
  for (const [name, asker, request] of [['guest redeems', guest, redeem], ['guest ends', guest, end],
    ['guest replaces', guest, issueRequest({ token: live.token })], ['agent redeems', agent, redeem],
    ['gw issues', gw, issueRequest()], ['gw ends', gw, end], ['gw replaces', gw, issueRequest({ token: live.token })]]) {
    const { ok, why } = await asker.ask(request);
    assert.deepEqual([ok, ['role', 'bad'].includes(why)], [false, true], `${name}: ${why}`);
  }
  assert.equal((await at.daemon.list())[0].state, 'issued');
  assert.equal((await gw.redeem(live.key)).ok, true);
});

test('a guest can not read another\'s answer, nor sit where it will come', { timeout: 30000 }, async (t) => {
  const at = await withKeysvc(t);
  const spy = await at.enter({ client: hexId() });
  const wearer = await connectAsker(t, { ...at, who: { role: 'guest' } });
  for (const filter of [`key/guest/${wearer.client}/res`, 'key/guest/+/res', '+/+/+/res', `$share/x/key/guest/${wearer.client}/res`, '#']) {
    assert.equal(await refusedWith(spy.subscribe(filter)), NOT_AUTHORIZED, filter);
  }
  assert.equal(await refusedWith(at.enter({ client: wearer.client })), NOT_AUTHORIZED, 'its client id');
  assert.equal(await refusedWith(spy.publish(`key/guest/${wearer.client}/req`, JSON.stringify(issueRequest()))), NOT_AUTHORIZED);
  assert.equal((await wearer.ask(issueRequest())).ok, true);
  await sleep(200);
  assert.deepEqual(spy.received, []);
});

test('a restarted broker without key service: revoked stays revoked, live goes on, expired stays dead', { timeout: 40000 }, async (t) => {
  const at = await withKeysvc(t);
  const gw = await connectGateway(t, { ...at, file: at.daemon.tokens[0] });
  const [live, revoked] = [await issueAsGuest(t, at), await issueAsGuest(t, at)];
  const partners = [await gw.redeem(live.key), await gw.redeem(revoked.key)];
  const exp = unixNow() + 4;
  const short = identity(at.key, 'agent', { exp, iat: exp - 60 });
  await at.enter(short);
  assert.equal((await at.daemon.revoke(revoked.sid)).code, 0);
  process.kill(at.daemon.pid, 'SIGKILL');
  await at.daemon.exited;
  await at.broker.stop();
  await sleep(Math.max(0, exp * 1000 - Date.now()));
  at.broker = await startBroker(t, at.brokerOptions);

  for (const { client, token } of [revoked, partners[1], short]) {
    assert.equal(await refusedWith(at.enter({ client, token })), NOT_AUTHORIZED);
  }
  const [agent, partner] = [await at.enter({ client: live.client, token: live.token }), await at.enter(partners[0])];
  await agent.subscribe(`s/${live.sid}/cmd`);
  await partner.subscribe(`s/${live.sid}/state`);
  await works({ sid: live.sid, agent, partner });
});

test('with the key service stopped, agent and partner are cut at the second of their expiry all the same', { timeout: 30000 }, async (t) => {
  const at = await withKeysvc(t);
  process.kill(at.daemon.pid, 'SIGKILL');
  await at.daemon.exited;
  const sid = hexId();
  const exp = unixNow() + 5;
  const enter = (role, more) => at.enter(identity(at.key, role, { sid, ...more }));
  const short = { exp, iat: exp - 60 };
  const [agent, partner, lasting] = [await enter('agent', short), await enter('partner', short), await enter('agent')];
  for (const client of [agent, partner]) {
    assert.equal(await client.closed(8000), ADMINISTRATIVE_ACTION);
    const late = Date.now() - exp * 1000;
    assert.ok(late >= 0 && late < 2000, `${late} ms after the expiry`);
  }
  assert.ok(lasting.raw.connected);
});

test('a file beside the keys is no key, however it is called', async (t) => {
  const s = await siege(t);
  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const put = (name, { publicKey }) => writeFileSync(`${s.data}/${name}`, publicKey.export({ type: 'spki', format: 'pem' }));
  put('evil.pem', stranger);
  put('keys/UP.pem', stranger);
  put('keys/p384.pem', generateKeyPairSync('ec', { namedCurve: 'P-384' }));
  s.broker.hup();
  await until(() => /not P-256 public keys/.test(s.broker.log()), 3000, 'the reload');
  for (const kid of ['../evil', 'evil', 'UP', 'p384', 'keys/../evil']) {
    const who = identity({ kid, privateKey: stranger.privateKey }, 'agent');
    assert.equal(await refusedWith(s.enter(who)), NOT_AUTHORIZED, kid);
  }
  assert.equal(await refusedWith(s.enter(s.newcomer('agent'))), 0);
});
