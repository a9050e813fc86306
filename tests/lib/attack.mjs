// What attack tests share: the table of docs/PROTOCOL.md as the specification, a broker with somebody of each
// role behind it, and packets that no client library would send.
import path from 'node:path';
import tls from 'node:tls';
import { readFileSync } from 'node:fs';
import { addKey, connect, hexId, identity, startBroker, unixNow } from './broker.mjs';
import { certs, folder, freePort, read, root, until } from './proc.mjs';

export const ROLES = ['guest', 'agent', 'partner', 'gw', 'keysvc'];

// --- the specification -----------------------------------------------------------------------------

// The rows of "Topics and roles": [{ topic, role, verb, own }]. Throws on a cell that it can't read, so that
// the page can't say anything that is not tried.
export function readTable() {
  const section = read(path.join(root, 'docs/PROTOCOL.md')).split('\n## Topics and roles\n')[1].split('\n## ')[0];
  const rows = section.split('\n').filter((l) => l.startsWith('|')).map((l) => l.split('|').slice(1, -1).map((c) => c.trim()));
  const [head, , ...body] = rows;
  if (head.slice(1).join() !== ROLES.join()) throw new Error(`the columns are ${head}`);
  return body.flatMap(([name, ...cells]) => {
    const topic = name.match(/^`([^`]+)`/)[1];
    return cells.flatMap((cell, i) => {
      if (cell === '') return [];
      const [, verb, own] = cell.match(/^(publish|subscribe)(?: \((own|own sid)\))?$/) ?? [];
      if (!verb) throw new Error(`docs/PROTOCOL.md: what is "${cell}"?`);
      return [{ topic, role: ROLES[i], verb, own: Boolean(own) }];
    });
  });
}

// A topic of the table with somebody's ids in it.
export const fill = (topic, client, sid) => topic.replace('<client>', client).replace('<sid>', sid);

// Does a plain topic lie within a filter of the table, in which `+` is any one level that is not empty?
function within(filter, topic) {
  const [f, t] = [filter.split('/'), topic.split('/')];
  return f.length === t.length && f.every((level, i) => (level === '+' ? t[i] !== '' : level === t[i]));
}

// May `who` do this by the page? `verb` is publish, subscribe or receive.
export function allowed(table, who, verb, topic) {
  const plain = !/[+#]/.test(topic);
  return table.filter((r) => r.role === who.role && r.verb === (verb === 'publish' ? 'publish' : 'subscribe')).some((r) => {
    const filter = r.own ? fill(r.topic, who.client, who.sid) : fill(r.topic, '+', '+');
    return plain ? within(filter, topic) : verb === 'subscribe' && r.topic === topic;
  });
}

// --- a broker with everybody behind it -------------------------------------------------------------

export const refusedWith = (promise) => promise.then(() => 0, (error) => error.code ?? error.message);

// Broker, key, and who lives there: one of each role, the agent and the partner in one session, and the pair of
// another session. enter(who, options) connects; all connections see `received`.
export async function siege(t, options = {}) {
  const dir = folder(t);
  const [tlsDir, data] = [`${dir}/tls`, `${dir}/data`];
  const { ca } = certs(tlsDir);
  const key = addKey(data);
  const launch = { dir, tls: tlsDir, data, port: await freePort(), ...options };
  const s = { dir, data, key, ca, port: launch.port, broker: await startBroker(t, launch) };
  s.restart = async () => { await s.broker.stop(); s.broker = await startBroker(t, launch); };
  let guests = 0;
  // Guests come from an address each, since one address has a ration of them.
  const from = (who) => (who.token ? {} : { localAddress: `127.0.4.${1 + (guests++ % 250)}` });
  s.enter = (who, more) => connect(t, { port: s.port, ca, who, options: { ...from(who), ...more } });
  s.newcomer = (role, sid, more) => (role === 'guest' ? { role, client: hexId() }
    : identity(key, role, { sid: sessionOf(role, sid), ...more }));
  s.pair = async () => {
    const sid = hexId();
    const pair = { sid, who: { agent: s.newcomer('agent', sid), partner: s.newcomer('partner', sid) } };
    pair.agent = await s.enter(pair.who.agent);
    pair.partner = await s.enter(pair.who.partner);
    await pair.agent.subscribe(`s/${sid}/cmd`);
    await pair.partner.subscribe(`s/${sid}/state`);
    return pair;
  };
  return s;
}

const sessionOf = (role, sid) => (role === 'agent' || role === 'partner' ? sid ?? hexId() : undefined);

// A message goes each way through the pair of a session.
export async function works({ sid, agent, partner }) {
  const text = hexId();
  await partner.publish(`s/${sid}/cmd`, text);
  await until(() => agent.received.some((m) => m.text === text), 3000, 'the command arrives');
  await agent.publish(`s/${sid}/state`, text);
  await until(() => partner.received.some((m) => m.text === text), 3000, 'the state arrives');
}

export const revokeLine = (sid, seconds = 600) => `revoke ${sid} ${unixNow() + seconds}\n`;

// --- packets ---------------------------------------------------------------------------------------

const bytes = (value) => (Buffer.isBuffer(value) ? value : Buffer.from(value));
const text16 = (value) => Buffer.concat([Buffer.from([bytes(value).length >> 8, bytes(value).length & 255]), bytes(value)]);

function packet(first, ...parts) {
  const body = Buffer.concat(parts);
  const length = [];
  let rest = body.length;
  do {
    length.push((rest & 127) | (rest > 127 ? 128 : 0));
    rest >>= 7;
  } while (rest > 0);
  return Buffer.concat([Buffer.from([first, ...length]), body]);
}

// MQTT 5 packets with any bytes as names. `qos` goes in as it is, 3 included.
export const publishPacket = (topic, payload, { qos = 1, retain = false } = {}) =>
  packet(0x30 | (qos << 1) | (retain ? 1 : 0), text16(topic), qos ? Buffer.from([0, 77]) : Buffer.alloc(0),
    Buffer.from([0]), bytes(payload));
export const subscribePacket = (filter, options = 1) =>
  packet(0x82, Buffer.from([0, 78, 0]), text16(filter), Buffer.from([options]));
export const connectPacket = ({ client, user, password, version = 5, clean = true }) => {
  const flags = (clean ? 2 : 0) | (user === undefined ? 0 : 128) | (password === undefined ? 0 : 64);
  return packet(0x10, text16(version === 3 ? 'MQIsdp' : 'MQTT'), Buffer.from([version, flags, 0, 30]),
    Buffer.from(version === 5 ? [0] : []), text16(client),
    ...(user === undefined ? [] : [text16(user)]), ...(password === undefined ? [] : [text16(password)]));
};

// A TLS connection that sends `data` and collects what comes back until the broker closes it (`ms` at most):
// { bytes, closed }.
export async function rawTalk({ port, ca }, data, { ms = 3000, ...options } = {}) {
  const socket = tls.connect({ host: '127.0.0.1', port, servername: 'localhost', ca: readFileSync(ca), ...options });
  const got = [];
  let closed = false;
  socket.on('data', (d) => got.push(d));
  socket.on('error', () => {});
  socket.on('close', () => { closed = true; });
  socket.once('secureConnect', () => socket.write(data));
  await until(() => closed, ms, 'closed').catch(() => {});
  const was = closed;
  socket.destroy();
  return { bytes: Buffer.concat(got), closed: was };
}
