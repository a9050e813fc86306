// A gateway and guard of our own for page tests: serves web/ with the real headers, speaks the
// gateway's side of the WebSocket and signs states with node:crypto. Written from docs/PROTOCOL.md,
// sharing no code with the page.
import { createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { WebSocketServer } from 'ws';
import { root, until } from './proc.mjs';

const TYPES = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml',
};
const MODES = ('pulse bounce continuous flo asplit bsplit wave waterfall squeeze milk throb thrust '
  + 'cycle twist random step training').split(' ');
const OPS = 'level param mode power stop hello alive bye'.split(' ');

// A made-up session: { key, secret, sid, link fragment } and what the guard derives from it.
export function makeSession({ seconds = 14400 } = {}) {
  const sid = randomBytes(16);
  const expiry = Buffer.alloc(4);
  expiry.writeUInt32BE(Math.floor(Date.now() / 1000) + seconds);
  const secret = randomBytes(16);
  const derive = (info) => Buffer.from(hkdfSync('sha256', secret, sid, info, 32));
  const key = Buffer.concat([sid, expiry, randomBytes(16)]).toString('base64url');
  return {
    sid, secret, key,
    fragment: `${key}.${secret.toString('base64url')}`,
    p2g: derive('tether p2g'), g2p: derive('tether g2p'), words: derive('tether words'),
  };
}

const mac16 = (key, bytes) => createHmac('sha256', key).update(bytes).digest().subarray(0, 16);

export function canonical(c) {
  const out = Buffer.alloc(24);
  const value = { mode: () => MODES.indexOf(c.mode), power: () => ['low', 'high'].indexOf(c.power) };
  out[0] = 1;
  out[1] = OPS.indexOf(c.op) + 1;
  out[2] = c.ch === 'B' || c.ch === 'D' ? 1 : 0;
  out[3] = value[c.op]?.() ?? c.val ?? 0;
  out[4] = c.a;
  out[5] = c.b;
  Buffer.from(c.page, 'hex').copy(out, 8);
  out.writeUInt32BE(c.n, 16);
  out.writeUInt32BE(c.beacon, 20);
  return out;
}

export const commandMac = (session, command) =>
  mac16(session.p2g, canonical(command)).toString('base64url');

export const signState = (session, json) => `${mac16(session.g2p, json).toString('base64url')}.${json}`;

export function checkWordBytes(session, page, nonce) {
  return [...mac16(session.words, Buffer.from(page + nonce, 'hex')).subarray(0, 3)];
}

export const pageMark = (session, page) => mac16(session.words, Buffer.from(page, 'hex')).subarray(0, 8).toString('hex');

export const plainState = () => ({
  v: 1, beacon: 0, guard: 'waiting', why: 'start', box: 'ok', a: 0, b: 0, ta: 0, tb: 0,
  capa: 60, capb: 40, c: 50, d: 50, mode: 'pulse', modes: ['pulse', 'bounce', 'continuous'],
  power: 'low', lockp: true, lockm: false, join: false, bat: 80, left: 14000, idle: -1,
  page: '', nonce: '', n: 0, stops: 0, bad: 0,
});

// The server's answer to a path: what the gateway will send, headers included.
function serve(request, response, host) {
  const names = { '/': 'index.html', '/privacy': 'privacy.html' };
  const name = names[request.url] ?? request.url.slice(1);
  response.setHeader('Content-Security-Policy', "default-src 'none'; script-src 'self'; "
    + `style-src 'self'; img-src 'self'; connect-src 'self' ws://${host}; base-uri 'none'; `
    + "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'");
  response.setHeader('X-Content-Type-Options', 'nosniff');
  try {
    const body = readFileSync(path.join(root, 'web', path.basename(name)));
    response.setHeader('Content-Type', TYPES[path.extname(name)] ?? 'text/plain');
    response.end(body);
  } catch {
    response.statusCode = 404;
    response.end();
  }
}

export class FakeGateway {
  session;
  state = plainState();
  commands = []; // as parsed, each with { good: its MAC is right, at }
  stops = 0; // `stop` messages seen
  joins = 0;
  socket = null; // the newest
  allow = true; // answer `hello` with asking (false: say nothing)
  obey = true; // follow levels as a guard with a quick box would
  mute = false; // hear and obey, but send no state until run()
  answerJoin = (send) => send({ v: 1, gw: 'joined', left: this.state.left });
  #server;
  #port;
  #timer;
  #joined = new Set(); // the sockets that hear the states

  constructor(session) {
    this.session = session;
  }

  // Starts on a free port; ended by stop() and at the end of test context `t`.
  static async start(t, session = makeSession()) {
    const gw = new FakeGateway(session);
    await gw.#listen();
    t?.after(() => gw.stop());
    return gw;
  }

  get url() { // also when it has stopped, since a page may still ask
    return `http://localhost:${this.#port}/`;
  }

  get link() {
    return `${this.url}#${this.session.fragment}`;
  }

  async #listen() {
    this.#server = createServer((request, response) => {
      serve(request, response, request.headers.host);
    });
    const sockets = new WebSocketServer({
      server: this.#server, path: '/ws', handleProtocols: (offered) => offered.has('tether.v1') && 'tether.v1',
    });
    sockets.on('connection', (socket) => this.#connected(socket));
    this.sockets = sockets;
    await new Promise((done) => { this.#server.listen(0, '127.0.0.1', done); });
    this.#port = this.#server.address().port;
  }

  async stop() {
    this.quiet();
    for (const socket of this.sockets.clients) {
      socket.terminate();
    }
    this.#server.closeAllConnections();
    await new Promise((done) => { this.#server.close(done); });
  }

  #connected(socket) {
    this.socket = socket;
    socket.on('close', () => this.#joined.delete(socket));
    socket.on('message', (data) => this.#message(socket, JSON.parse(data.toString())));
  }

  #message(socket, message) {
    if (message.op === 'join') {
      this.joins += 1;
      this.joinKey = message.key;
      this.#joined.add(socket);
      this.answerJoin((answer) => socket.send(JSON.stringify(answer)), socket);
      return;
    }
    const good = message.op === 'stop' || message.mac === commandMac(this.session, message);
    this.commands.push({ ...message, good, at: Date.now() });
    if (good) {
      this.#act(message);
    }
  }

  // A guard reduced to what the page can tell from outside.
  #act(c) {
    const s = this.state;
    const mark = c.page && pageMark(this.session, c.page);
    if (c.op === 'stop') {
      this.stops += 1;
      if (this.obey) {
        this.say({ a: 0, b: 0, ta: 0, tb: 0, stops: s.stops + 1, why: s.guard === 'live' ? 'partner' : s.why });
      }
      return;
    }
    const taken = ['asking', 'live'].includes(s.guard) && mark !== s.page;
    if (c.op === 'hello' && this.allow && !taken) {
      this.say({ guard: 'asking', why: 'none', page: mark, n: c.n, nonce: '0123456789abcdef' });
      return;
    }
    if (mark !== s.page) {
      return;
    }
    s.n = c.n;
    if (c.op === 'bye') {
      this.say({ guard: 'waiting', why: 'bye', a: 0, b: 0, ta: 0, tb: 0, stops: s.stops + 1 });
    } else if (c.op !== 'alive' && this.obey && s.guard === 'live') {
      this.#follow(c);
    }
  }

  #follow(c) {
    const zero = { a: 0, b: 0, ta: 0, tb: 0, stops: this.state.stops + 1, why: 'change' };
    switch (c.op) {
      case 'level':
        this.say({ a: c.a, b: c.b, ta: c.a, tb: c.b });
        break;
      case 'param':
        this.say({ [c.ch.toLowerCase()]: c.val });
        break;
      case 'mode':
        this.say({ mode: c.mode, ...zero });
        break;
      default:
        this.say({ power: c.power, ...zero });
    }
  }

  // Changes the state and sends it, with the next beacon.
  say(changes = {}) {
    Object.assign(this.state, changes);
    if (this.mute) {
      return;
    }
    this.state.beacon += 1;
    this.raw(signState(this.session, JSON.stringify(this.state)));
  }

  raw(text) {
    for (const socket of this.#joined) {
      socket.send(text);
    }
  }

  // A state a second, as a guard does; quiet() ends that.
  run(ms = 1000) {
    this.quiet();
    this.mute = false;
    this.say();
    this.#timer = setInterval(() => this.say(), ms);
  }

  quiet() {
    clearInterval(this.#timer);
  }

  live() {
    this.say({ guard: 'live', why: 'none' });
  }

  of(op) {
    return this.commands.filter((c) => c.op === op);
  }

  // Resolves with the first command that fits, also one that came before.
  command(fits, what, ms = 3000) {
    return until(() => this.commands.find(fits), ms, what);
  }
}
