// A partner written without our page's code: node:crypto and ws. What it can do with a valid partner
// token but without the secret is what an attacker at that place could do.
import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import WebSocket from 'ws';
import { until } from './proc.mjs';

export const OPS = { level: 1, param: 2, mode: 3, power: 4, stop: 5, hello: 6, alive: 7, bye: 8 };
export const MODES = ['pulse', 'bounce', 'continuous', 'flo', 'asplit', 'bsplit', 'wave', 'waterfall',
  'squeeze', 'milk', 'throb', 'thrust', 'cycle', 'twist', 'random', 'step', 'training'];

export function parseLink(link) {
  const url = new URL(link);
  const [key, secret] = url.hash.slice(1).split('.');
  return { host: url.host, origin: url.origin, key, secret: Buffer.from(secret, 'base64url'),
    sid: Buffer.from(key, 'base64url').subarray(0, 16) };
}

export function deriveKeys(secret, sid) {
  const derive = (info) => Buffer.from(hkdfSync('sha256', secret, sid, info, 32));
  return { p2g: derive('tether p2g'), g2p: derive('tether g2p'), words: derive('tether words') };
}

const mac16 = (key, data) => createHmac('sha256', key).update(data).digest().subarray(0, 16);

// The 24 bytes of docs/PROTOCOL.md, "Canonical form".
export function canonical(command) {
  const bytes = Buffer.alloc(24);
  const value = { level: command.val, param: command.val, mode: MODES.indexOf(command.mode),
    power: command.power === 'high' ? 1 : 0 }[command.op] ?? 0;
  bytes[0] = 1;
  bytes[1] = OPS[command.op];
  bytes[2] = command.ch === 'B' || command.ch === 'D' ? 1 : 0;
  bytes[3] = value;
  bytes[4] = command.a;
  bytes[5] = command.b;
  Buffer.from(command.page, 'hex').copy(bytes, 8);
  bytes.writeUInt32BE(command.n, 16);
  bytes.writeUInt32BE(command.beacon, 20);
  return bytes;
}

export const sign = (keys, command) =>
  ({ ...command, mac: mac16(keys.p2g, canonical(command)).toString('base64url') });

// What states call a page: docs/PROTOCOL.md, "Authenticity".
const markOf = (keys, page) => mac16(keys.words, Buffer.from(page, 'hex')).subarray(0, 8).toString('hex');

// A state as it comes: { mac ok, state }. Throws on what isn't of the form.
export function openState(keys, text) {
  const dot = text.indexOf('.');
  const json = text.slice(dot + 1);
  const mac = Buffer.from(text.slice(0, dot), 'base64url');
  const ok = mac.length === 16 && timingSafeEqual(mac, mac16(keys.g2p, json));
  return { ok, state: JSON.parse(json) };
}

// Joined through the gateway, or through a `channel` that looks like a WebSocket. Events: 'state' (object),
// 'gw' (object), 'close' (code).
export class Partner extends EventEmitter {
  constructor(link, { ca, alive = true, keyOverride, secretOverride, channel } = {}) {
    super();
    this.link = parseLink(link);
    this.keys = deriveKeys(secretOverride ?? this.link.secret, this.link.sid);
    this.page = randomBytes(8).toString('hex');
    this.mark = markOf(this.keys, this.page);
    this.n = 0;
    this.want = { a: 0, b: 0 };
    this.beacon = 0;
    this.stops = undefined;
    this.alive = alive;
    this.state = undefined;
    this.forged = 0;
    this.gw = [];
    this.ws = channel ?? new WebSocket(`wss://${this.link.host}/ws`, 'tether.v1', {
      origin: this.link.origin, ca: ca && readFileSync(ca) });
    this.ws.on('open', () => this.raw({ v: 1, op: 'join', key: keyOverride ?? this.link.key }));
    this.ws.on('message', (data) => this.take(data.toString()));
    this.ws.on('close', (code) => { this.closed = code; this.emit('close', code); });
    this.ws.on('error', (error) => { this.error = error; });
  }

  take(text) {
    if (text.startsWith('{')) {
      this.gw.push(JSON.parse(text));
      this.emit('gw', this.gw.at(-1));
      return;
    }
    const { ok, state } = openState(this.keys, text);
    if (!ok || state.beacon <= this.beacon) { this.forged += 1; return; }
    this.beacon = state.beacon;
    if (this.stops !== undefined && state.stops !== this.stops) this.want = { a: 0, b: 0 };
    this.stops = state.stops;
    this.state = state;
    this.emit('state', state);
    if (this.alive) this.send('alive');
  }

  raw(object) { this.ws.send(typeof object === 'string' ? object : JSON.stringify(object)); }

  command(op, own = {}) {
    this.n += 1;
    return sign(this.keys, { v: 1, op, ...own, ...this.want, page: this.page, n: this.n, beacon: this.beacon });
  }

  send(op, own) { this.raw(this.command(op, own)); }
  level(ch, val) { this.want[ch.toLowerCase()] = val; this.send('level', { ch, val }); }
  stop() { this.want = { a: 0, b: 0 }; this.raw({ v: 1, op: 'stop' }); }
  close() { this.ws.terminate(); }

  async when(check, ms, what) {
    return until(() => this.state && check(this.state) && this.state, ms,
      () => `${what ?? check}; last state ${JSON.stringify(this.state)}, gateway ${JSON.stringify(this.gw)}, ${this.error ?? ''}`);
  }

  // Joins and takes control.
  async takeControl(ms = 15000) {
    const end = Date.now() + ms;
    await this.when((s) => s.guard === 'waiting' || s.guard === 'live', ms, 'the guard waits');
    this.send('hello');
    await this.when((s) => s.guard === 'live' && s.page === this.mark, end - Date.now(), 'in control');
  }

  async raise(ch, val, ms = 20000) {
    this.level(ch, val);
    return this.when((s) => s[ch.toLowerCase()] === val, ms, `${ch} at ${val}`);
  }
}
