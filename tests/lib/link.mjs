// The real link process under a stand-in for the guard (tests/unit/link_parent.c), and servers that misbehave.
import { readFileSync } from 'node:fs';
import { createServer as createTcp } from 'node:net';
import path from 'node:path';
import { createServer as createTls } from 'node:tls';
import { bin, start } from './proc.mjs';

// Starts one link. `setup` is { job, host, port, ca, client, sid, token }; missing texts are empty. Returns what
// start() does, plus tell(order) and the link's own pid.
export async function startLink(t, { job = 'agent', host = 'localhost', port, ca = '-', client, sid = '00'.repeat(16),
  token = '-' }) {
  const parent = start(t, path.join(bin, 'link_parent'));
  const tell = (order) => parent.write(`${order}\n`);
  const [, pid] = await parent.match(/link pid=(\d+)/);
  tell(`setup ${job} ${host} ${port} ${ca} ${client} ${sid} ${token}`);
  return { ...parent, tell, link: Number(pid) };
}

// Every line with this first word, as { field: value }, `why` with its spaces.
export const said = (link, word) => link.lines().filter((line) => line.startsWith(`${word} `)).map((line) => {
  const [, fields, why] = line.match(/^\S+ ?(.*?)(?: why=(.*))?$/);
  return Object.fromEntries([['text', line], ...fields.split(' ').map((f) => f.split('=')), ['why', why]]);
});

// How the link is confined: { Seccomp, NoNewPrivs, Threads, ... } of the kernel.
export const procStatus = (pid) => Object.fromEntries(readFileSync(`/proc/${pid}/status`, 'utf8').split('\n')
  .map((line) => line.split(':\t')));

// CPU time so far, in clock ticks of 10 ms.
export const cpuTicks = (pid) => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return Number(fields[11]) + Number(fields[12]);
};

// Bytes that the one connection to this port on 127.0.0.1 has not yet got rid of.
export function unsent(port) {
  const to = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const row = readFileSync('/proc/net/tcp', 'utf8').split('\n').map((l) => l.trim().split(/\s+/))
    .find(([, , remote, state]) => remote === to && state === '01');
  return parseInt(row[4].split(':')[0], 16);
}

const listen = (t, server) => new Promise((done) => {
  const sockets = new Set();
  server.on('connection', (s) => { sockets.add(s); s.on('error', () => {}); });
  t.after(() => { sockets.forEach((s) => s.destroy()); server.close(); });
  server.listen(0, '127.0.0.1', () => done(server.address().port));
});

// A TCP server that hands each socket to `serve`; its port.
export const tcpServer = (t, serve) => listen(t, createTcp(serve));

// A TLS server with the certificate of `tls` (certs()) that speaks just enough MQTT 5 to be taken for a broker.
// on.connack: bytes for CONNECT; on.subscribed(socket): called after it answered; on.published(socket): a QoS 1
// PUBLISH came; on.left(): a DISCONNECT came; on.data(bytes): all that comes. `options` go to node's TLS server.
export function fakeBroker(t, tls, on = {}, options = {}) {
  const server = createTls({ cert: readFileSync(tls.cert), key: readFileSync(tls.key), ...options }, (socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => {
      on.data?.(data);
      if (data[0] === 0x10) socket.write(on.connack ?? Buffer.from([0x20, 3, 0, 0, 0]));
      if (data[0] === 0x82) {
        socket.write(Buffer.from([0x90, 4, data[2], data[3], 0, 0]));
        on.subscribed?.(socket);
      }
      if (data[0] === 0x32) on.published?.(socket);
      if (data[0] === 0xe0) on.left?.();
    });
  });
  server.on('tlsClientError', () => {});
  return listen(t, server);
}

// A QoS 0 PUBLISH as bytes.
export function publishPacket(topic, text) {
  const name = Buffer.from(topic);
  const body = Buffer.concat([Buffer.from([name.length >> 8, name.length & 255]), name, Buffer.from([0]), Buffer.from(text)]);
  const size = body.length < 128 ? [body.length] : [(body.length & 127) | 128, body.length >> 7];
  return Buffer.concat([Buffer.from([0x30, ...size]), body]);
}

export const disconnectPacket = (reason) => Buffer.from([0xe0, 2, reason, 0]);
