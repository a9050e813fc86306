// A client from another address: run by node inside a network namespace (tests/compose/families.test.mjs).
//   stranger.mjs JOB HOST PORT ORIGIN N     one line of JSON; where sockets are held, they are until standard input ends
import { randomBytes } from 'node:crypto';
import { get } from 'node:https';
import { connect } from 'node:net';
import mqtt from 'mqtt';
import WebSocket from 'ws';

const [job, host, port, origin, n] = process.argv.slice(2);
const address = host.includes(':') ? `[${host}]` : host;
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const times = async (what) => { const all = []; for (let i = 0; i < Number(n); i += 1) all.push(await what()); return all; };

// A key of the right form that nobody has made, good for another hour.
function guess() {
  const bytes = randomBytes(36);
  bytes.writeUInt32BE(Math.floor(Date.now() / 1000) + 3600, 16);
  return bytes.toString('base64url');
}

const jobs = {
  // N bare connections at once: how many the other side keeps.
  async connections() {
    const sockets = await times(() => {
      const socket = connect({ host, port: Number(port) });
      socket.on('error', () => {});
      return socket;
    });
    await sleep(1500);
    return sockets.filter((s) => s.readyState === 'open').length;
  },
  // The page: its status, or why not.
  get: () => new Promise((done) => {
    get({ host, port, path: '/', rejectUnauthorized: false, headers: { host: new URL(origin).host }, timeout: 5000 },
      (answer) => { answer.resume(); done(answer.statusCode); })
      .on('timeout', () => done('no answer')).on('error', (error) => done(error.code));
  }),
  // N guesses, one after the other: the gateway's answers.
  joins: () => times(() => new Promise((done) => {
    const ws = new WebSocket(`wss://${address}:${port}/ws`, 'tether.v1', { origin, rejectUnauthorized: false,
      headers: { host: new URL(origin).host } });
    ws.on('open', () => ws.send(JSON.stringify({ v: 1, op: 'join', key: guess() })));
    ws.on('message', (data) => done(JSON.parse(data).why));
    ws.on('error', (error) => done(error.message));
    ws.on('close', () => done('closed'));
  })),
  // N guests at the broker, one after the other: 0, or the reason code of the refusal.
  guests: () => times(() => new Promise((done) => {
    const client = mqtt.connect({ protocol: 'mqtts', host, port: Number(port), protocolVersion: 5, rejectUnauthorized: false,
      clientId: randomBytes(16).toString('hex'), reconnectPeriod: 0, connectTimeout: 5000 });
    const over = (what) => { client.end(true); done(what); };
    client.on('connect', () => over(0));
    client.on('error', (error) => over(error.code ?? error.message));
    client.on('close', () => over('closed'));
  })),
};

console.log(JSON.stringify(await jobs[job]()));
if (job === 'connections') process.stdin.on('end', () => process.exit(0)).resume();
else process.exit(0);
