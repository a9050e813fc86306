// A program of its own, so that whoever measures is not slowed by it: opens many connections to a port of this
// machine, from many addresses of it, that say nothing or next to nothing.
//   node crowd.mjs PORT CONNECTIONS
// Prints "open N" when all have been tried, then one line {"held":N} a second until it is ended.
import { connect } from 'node:net';
import tls from 'node:tls';

const ADDRESSES = 320; // 16 connections of each are allowed: more than there may be in all
const AT_ONCE = 200;
const [port, count] = process.argv.slice(2).map(Number);
const held = new Set();
const dribblers = new Set();
const request = 'GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: '; // never ended
const record = Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03]); // a ClientHello's first bytes

// One in fifty finishes TLS and then spells out a request, every second one a ClientHello; the others are silent.
function person(i) {
  const where = { port, host: '127.0.0.1', localAddress: `127.0.2.${1 + i % 160}` };
  if (i % ADDRESSES >= 160) where.localAddress = `127.0.3.${1 + i % 160}`;
  const socket = i % 50 === 0 ? tls.connect({ ...where, rejectUnauthorized: false }) : connect(where);
  return new Promise((done) => {
    socket.on(i % 50 === 0 ? 'secureConnect' : 'connect', () => {
      held.add(socket);
      if (i % 50 === 0) socket.write(request);
      if (i % 50 === 0 || i % 2) dribblers.add({ socket, bytes: i % 50 ? [...record] : null });
      done();
    });
    socket.on('error', () => {});
    socket.on('close', () => { held.delete(socket); done(); });
    socket.resume();
  });
}

setInterval(() => {
  for (const { socket, bytes } of dribblers) {
    if (!socket.destroyed) socket.write(bytes ? Buffer.from([bytes.shift() ?? 0]) : 'x');
  }
  console.log(JSON.stringify({ held: held.size }));
}, 1000);

for (let i = 0; i < count; i += AT_ONCE) {
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - i) }, (_, n) => person(i + n)));
}
console.log(`open ${count}`);
