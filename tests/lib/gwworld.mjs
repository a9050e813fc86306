// The gateway's world, for tests of the gateway alone: an independent WebSocket client as page, the real broker with
// our plugin, and a key service played here, so that each of its answers can be had at will.
import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { request as plainRequest } from 'node:http';
import path from 'node:path';
import WebSocket from 'ws';
import { addKey, connect, hexId, identity, mintToken, startBroker, unixNow } from './broker.mjs';
import { startGateway } from './gateway.mjs';
import { certs, folder, freePort, root, until } from './proc.mjs';

export const newKey = () => randomBytes(36).toString('base64url');
export const STATE = `${randomBytes(16).toString('base64url')}.{"v":1,"beacon":7,"text":"with spaces  and é"}`;
export const COMMAND = { v: 1, op: 'level', ch: 'A', val: 40, a: 40, b: 0, page: '0011223344556677', n: 5, beacon: 77,
  mac: randomBytes(16).toString('base64url') };

// A page. `gw` are the gateway's own messages, `states` everything else.
export class Page {
  constructor(t, { port, ca, origin }, { path: where = '/ws', protocol = 'tether.v1', ...options } = {}) {
    this.gw = [];
    this.states = [];
    this.ws = new WebSocket(`wss://localhost:${port}${where}`, protocol ? [protocol] : [], {
      ca: readFileSync(ca), origin, family: 4, ...options });
    t.after(() => this.ws.terminate());
    this.ws.on('message', (data, binary) => {
      const text = data.toString();
      if (text.startsWith('{')) this.gw.push(JSON.parse(text)); else this.states.push(binary ? data : text);
    });
    this.closed = new Promise((done) => this.ws.on('close', (code, reason) => done({ code, reason: String(reason) })));
    // Resolves with the HTTP status when the upgrade is refused, with 101 when it is not.
    this.status = new Promise((done) => {
      this.ws.on('upgrade', () => done(101));
      this.ws.on('unexpected-response', (_, response) => { done(response.statusCode); this.ws.terminate(); });
      this.ws.on('error', (error) => done(error.message));
    });
    this.opened = new Promise((done) => this.ws.on('open', done));
  }

  async say(message, options) {
    await this.opened;
    this.ws.send(typeof message === 'object' && !Buffer.isBuffer(message) ? JSON.stringify(message) : message, options);
  }

  join(key) { return this.say({ v: 1, op: 'join', key }); }
  heard(name, ms = 8000) {
    return until(() => this.gw.find((m) => m.gw === name), ms, `${name}; heard ${JSON.stringify(this.gw)}`);
  }
}

// Broker, key service and gateway. `answers` maps keys to functions of the request; `extra` are options of the gateway.
export async function world(t, { extra, change } = {}) {
  const dir = folder(t);
  const files = certs(`${dir}/tls`);
  const data = `${dir}/data`;
  const key = addKey(data);
  const brokerOptions = { dir, port: await freePort(), tls: `${dir}/tls`, data, change };
  const token = `${dir}/gw.jwt`;
  const w = { dir, key, ca: files.ca, port: await freePort(), answers: new Map(), token, brokerOptions };
  w.origin = `https://localhost:${w.port}`;
  w.broker = await startBroker(t, brokerOptions);
  w.renew = () => {
    writeFileSync(`${token}.new`, `${identity(key, 'gw').token}\n`);
    renameSync(`${token}.new`, token);
  };
  w.renew();
  w.keysvc = await connect(t, { port: w.broker.port, ca: files.ca, who: identity(key, 'keysvc') });
  await w.keysvc.subscribe('key/+/+/req');
  w.asked = [];
  w.keysvc.raw.on('message', (topic, payload) => {
    const request = JSON.parse(payload);
    w.asked.push({ topic, request, expiry: payload });
    const answer = w.answers.get(request.key)?.(request);
    if (answer) w.keysvc.raw.publish(topic.replace(/req$/, 'res'), JSON.stringify({ v: 1, id: request.id, ...answer }), { qos: 1 });
  });
  w.gatewayOptions = { port: w.port, tls: `${dir}/tls`, web: path.join(root, 'web'), brokerPort: w.broker.port,
    ca: files.ca, token, origin: w.origin, extra };
  w.gateway = await startGateway(t, w.gatewayOptions);
  return w;
}

// A session with its wearer's side: `agent` is an MQTT client; the key that opens it.
export async function session(t, w, { left = 3600, options } = {}) {
  const s = { sid: hexId(), key: newKey() };
  const who = identity(w.key, 'agent', { sid: s.sid });
  s.agent = await connect(t, { port: w.broker.port, ca: w.ca, who, options });
  await s.agent.subscribe(`s/${s.sid}/cmd`);
  s.say = (text) => s.agent.publish(`s/${s.sid}/state`, text);
  s.commands = () => s.agent.received.filter((m) => m.topic.endsWith('/cmd')).map((m) => m.text);
  s.arrived = (count, ms = 3000) => until(() => s.commands().length >= count && s.commands(), ms,
    `${count} commands; there are ${s.commands().length}`);
  w.answers.set(s.key, () => {
    const client = hexId();
    s.client = client;
    const exp = unixNow() + left;
    return { ok: true, sid: s.sid, client, left,
      token: mintToken({ key: w.key, role: 'partner', client, sid: s.sid, exp }) };
  });
  return s;
}

export async function joined(t, w, options) {
  const s = await session(t, w, options);
  const page = new Page(t, w);
  await page.join(s.key);
  await page.heard('joined');
  return { s, page };
}

// A plain request, as to the metrics port: { status, body }. It ends one way or the other, and keeps the process until
// then, which fetch() does not where the peer is just being made anew.
export const inside = (port, where, host = '127.0.0.1') => new Promise((done, fail) => {
  const request = plainRequest({ host, port, path: where, agent: false, timeout: 5000 }, (response) => {
    let body = '';
    response.setEncoding('utf8');
    response.on('data', (d) => { body += d; });
    response.on('end', () => done({ status: response.statusCode, body }));
    response.on('error', fail);
  });
  request.on('error', fail).on('timeout', () => request.destroy(new Error('no answer within 5 s'))).end();
});
