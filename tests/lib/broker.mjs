// A broker with our configuration and plugin, tokens made without our C code, and MQTT clients as promises.
import { createPrivateKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect as tcpConnect } from 'node:net';
import { userInfo } from 'node:os';
import path from 'node:path';
import mqtt from 'mqtt';
import { bin, root, run, start, until } from './proc.mjs';

export const hexId = () => randomBytes(16).toString('hex');
export const unixNow = () => Math.floor(Date.now() / 1000);
export const FOUR_HOURS = 14400;

// MQTT 5 reason codes that tests look for.
export const NOT_AUTHORIZED = 0x87;
export const ADMINISTRATIVE_ACTION = 0x98;

// --- data folder and tokens ------------------------------------------------------------------------

// A new P-256 pair whose public half is put into `data`/keys/<kid>.pem; an empty revocation file is made
// where there is none. Returns { kid, privateKey, publicPem, privatePem }.
export function addKey(data, kid = 'k1') {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const publicPem = pair.publicKey.export({ type: 'spki', format: 'pem' });
  const revoked = path.join(data, 'revoked/revoked');
  mkdirSync(path.join(data, 'keys'), { recursive: true });
  mkdirSync(path.dirname(revoked), { recursive: true });
  writeFileSync(path.join(data, 'keys', `${kid}.pem`), publicPem);
  if (!existsSync(revoked)) writeFileSync(revoked, '');
  const privatePem = pair.privateKey.export({ type: 'pkcs8', format: 'pem' });
  return { kid, privateKey: pair.privateKey, publicPem, privatePem };
}

// The table of docs/PROTOCOL.md, "Topics and roles".
export function aclOf(role, client, sid) {
  return {
    guest: { pub: [`key/guest/${client}/req`], sub: [`key/guest/${client}/res`] },
    agent: {
      pub: [`key/agent/${client}/req`, `s/${sid}/state`],
      sub: [`key/agent/${client}/res`, `s/${sid}/cmd`],
    },
    partner: { pub: [`s/${sid}/cmd`], sub: [`s/${sid}/state`] },
    gw: { pub: [`key/gw/${client}/req`], sub: [`key/gw/${client}/res`, 'stat/+'] },
    keysvc: { pub: ['key/+/+/res', 'stat/keysvc', '$CONTROL/tether/v1'], sub: ['key/+/+/req', 'key/cut'] },
  }[role];
}

function scopeOf(acl, client) {
  const queue = `%2F/mqtt-subscription-${client}qos*`;
  const scope = (verb, filter) => {
    const name = filter.replaceAll('/', '.').replaceAll('+', '*');
    return `tether.${verb}:%2F/amq.topic/${name}${name.endsWith('*') ? '' : '.*'}`;
  };
  return [
    ...acl.pub.map((f) => scope('write', f)), ...acl.sub.map((f) => scope('read', f)),
    `tether.configure:${queue}`, `tether.write:${queue}`, `tether.read:${queue}`,
  ];
}

const b64 = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

// A JWT as docs/PROTOCOL.md "Tokens" has it. `key` comes from addKey(). `claims` and `header` replace or add
// single members, `signer(text)` replaces ES256 by anything that returns a Buffer.
export function mintToken({ key, role, client, sid, life = 3600, iat = unixNow(), exp = iat + life,
  claims = {}, header = {}, signer }) {
  const acl = aclOf(role, client, sid);
  const head = b64({ alg: 'ES256', typ: 'JWT', kid: key.kid, ...header });
  const body = b64({
    iss: 'tether-keysvc', aud: ['tether'], sub: client, jti: client, role, ...(sid && { sid }),
    iat, nbf: iat, exp, acl, scope: scopeOf(acl, client), ...claims,
  });
  const text = `${head}.${body}`;
  const es256 = () => sign('sha256', Buffer.from(text), { key: key.privateKey, dsaEncoding: 'ieee-p1363' });
  return `${text}.${(signer ? signer(text) : es256()).toString('base64url')}`;
}

// Who a test client is: { client, role, sid, token }, with all options of mintToken().
export function identity(key, role, options = {}) {
  const client = options.client ?? hexId();
  const sid = options.sid ?? (role === 'agent' || role === 'partner' ? hexId() : undefined);
  return { client, role, sid, token: mintToken({ key, role, ...options, client, sid }) };
}

// The private key that `tether-keysvc init` or addKey() wrote as PEM, for tests that sign in its name.
export const keyFromPem = (kid, pem) => ({ kid, privateKey: createPrivateKey(pem) });

// --- the broker ------------------------------------------------------------------------------------

const canConnect = (port) => new Promise((done) => {
  const socket = tcpConnect(port, '127.0.0.1');
  socket.once('connect', () => { socket.destroy(); done(true); });
  socket.once('error', () => done(false));
});

// The configuration as text, for a broker on 127.0.0.1.
export function brokerConf({ port, tls, data, requireSync = false }) {
  return run(path.join(root, 'broker-conf/render'), [
    '--port', String(port), '--bind', '127.0.0.1', '--tls', tls, '--data', data,
    '--plugin', path.join(bin, 'tether_auth.so'), '--user', userInfo().username,
    ...(requireSync ? ['--require-sync'] : []),
  ]);
}

// Starts mosquitto without waiting; for tests of a start that fails. `tls` and `data` are folders (certs(),
// addKey()); `change` may edit the configuration's text.
export function launchBroker(t, { dir, port, tls, data, requireSync, change = (text) => text }) {
  const conf = path.join(dir, `mosquitto-${port}.conf`);
  writeFileSync(conf, change(brokerConf({ port, tls, data, requireSync })));
  // A sanitized plugin needs its run-time loaded into mosquitto: TETHER_BROKER_PRELOAD=libasan.so.
  const preload = process.env.TETHER_BROKER_PRELOAD;
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };
  return start(t, 'mosquitto', ['-c', conf], { env: preload ? { ...env, LD_PRELOAD: preload } : env });
}

// Starts mosquitto and waits until it listens. Ended with test context `t`.
export async function startBroker(t, options) {
  const broker = launchBroker(t, options);
  await until(async () => {
    const answers = await canConnect(options.port); // perhaps another's, where ours has ended
    if (broker.over()) throw new Error(`the broker ended:\n${broker.err()}`);
    return answers;
  }, 10000, 'the broker listens');
  return {
    port: options.port,
    pid: broker.pid,
    stop: () => broker.stop(),
    hup: () => broker.child.kill('SIGHUP'),
    log: () => broker.out() + broker.err(),
    over: broker.over,
    exited: broker.exited,
  };
}

// --- clients ---------------------------------------------------------------------------------------

export class Refused extends Error {
  constructor(what, code) {
    super(`${what}: reason code ${code}`);
    this.code = code;
  }
}

// Connects to 127.0.0.1 as `who` (identity(), or { client } for a guest). `ca` is the CA as PEM or a path;
// `options` go to MQTT.js. Rejects with Refused when the broker says no or just closes (code -1).
// Returns { publish, subscribe, next, received, closed, end, raw }.
export async function connect(t, { port, ca, who, options = {} }) {
  const raw = mqtt.connect({
    host: '127.0.0.1', port, protocol: 'mqtts', servername: 'localhost',
    ca: ca.includes('-----BEGIN') ? ca : readFileSync(ca), protocolVersion: 5, clean: true, reconnectPeriod: 0,
    connectTimeout: 5000, keepalive: 30, clientId: who.client, username: who.token && who.client,
    password: who.token, ...options,
  });
  t?.after(() => raw.end(true));
  const received = [];
  let reason = -1;
  let lastError;
  raw.on('message', (topic, payload) => received.push({ topic, text: payload.toString() }));
  raw.on('disconnect', (packet) => { reason = packet.reasonCode; });
  raw.on('error', (error) => { lastError = error; });
  let open = true;
  raw.once('close', () => { open = false; });
  // Resolves with the reason code of the broker's DISCONNECT, or -1 when there was none.
  const closed = (ms = 5000) => until(() => !open, ms, 'the broker closes the connection').then(() => reason);
  await new Promise((done, fail) => {
    raw.once('connect', done);
    raw.once('error', (error) => fail(error.code === undefined || typeof error.code === 'number'
      ? new Refused('CONNECT', error.code ?? -1) : error));
    raw.once('close', () => fail(new Refused('CONNECT closed', lastError?.code ?? -1)));
  });
  return { raw, received, closed, ...operations(raw, received), end: () => raw.endAsync(true) };
}

function operations(raw, received) {
  return {
    // With QoS 1, so that the broker's verdict comes back: resolves, or rejects with Refused.
    publish: (topic, text, options = {}) => new Promise((done, fail) => {
      raw.publish(topic, text, { qos: 1, ...options }, (error) =>
        (error ? fail(new Refused(`PUBLISH ${topic}`, error.code ?? -1)) : done()));
    }),
    subscribe: (filter, options = {}) => new Promise((done, fail) => {
      raw.subscribe(filter, { qos: 1, ...options }, (error, granted, packet) => {
        const code = packet?.granted?.[0] ?? packet?.reasonCode ?? -1;
        return error || code < 0 || code >= 128 ? fail(new Refused(`SUBSCRIBE ${filter}`, code)) : done(code);
      });
    }),
    // The first message not yet taken on `topic`, as text.
    next: (topic, ms = 10000) => until(() => {
      const at = received.findIndex((m) => m.topic === topic);
      return at >= 0 && received.splice(at, 1)[0];
    }, ms, `a message on ${topic}`).then((m) => m.text),
  };
}
