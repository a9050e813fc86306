// A server taken over: it holds the broker's signing key, so it has a partner token of every session and
// sees all that passes. The session secret it does not have.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { monotonic } from './boxlog.mjs';
import { connect, identity, keyFromPem } from './broker.mjs';
import { parseLink, Partner } from './partner.mjs';
import { sleep, until } from './proc.mjs';
import { Rig } from './rig.mjs';

export function signingKey(stack) {
  const file = readdirSync(`${stack.data}/secrets`).find((f) => f.startsWith('sign-'));
  return keyFromPem(file.slice(5, -4), readFileSync(`${stack.data}/secrets/${file}`, 'utf8'));
}

// Takes the gateway's place between an honest Partner (to which it looks like a WebSocket) and the broker.
// What the partner sends goes to `handle(text)`, which by default passes it on; states go to `back(text)`.
export class MqttChannel extends EventEmitter {
  static async open(t, stack, link) {
    const channel = new MqttChannel();
    const sid = parseLink(link).sid.toString('hex');
    const who = identity(signingKey(stack), 'partner', { sid });
    channel.mqtt = await connect(t, { port: stack.mqttPort, ca: stack.tls.ca, who });
    channel.topic = `s/${sid}/cmd`;
    channel.mqtt.raw.on('message', (topic, payload) => channel.back(payload.toString()));
    await channel.mqtt.subscribe(`s/${sid}/state`, { qos: 0 });
    return channel;
  }

  OPEN = 1;
  readyState = 1;
  handle = (text) => this.pass(text);
  back = (text) => this.emit('message', text);

  send(text) { if (JSON.parse(text).op !== 'join') this.handle(text); }
  // Straight to the broker. Text, object or bytes.
  pass(payload) {
    const bytes = typeof payload === 'string' || Buffer.isBuffer(payload) ? payload : JSON.stringify(payload);
    this.mqtt.raw.publish(this.topic, bytes, { qos: 0 });
  }

  terminate() {
    if (this.readyState !== this.OPEN) return;
    this.readyState = 3;
    this.mqtt.raw.end(true);
    this.emit('close', 1000);
  }
}

// `rate` commands a second into the session of `rig`: forged ones, replayed ones, nonsense; or what `make` makes.
export class Flood {
  static async start({ t, stack, link, partner }, rate, make) {
    const flood = new Flood();
    flood.channel = await MqttChannel.open(t, stack, link);
    flood.sent = 0;
    const real = partner.command('alive');
    const mac = randomBytes(16).toString('base64url');
    const kinds = [
      () => ({ ...real, n: partner.n + flood.sent, mac }),
      () => ({ v: 1, op: 'level', ch: 'A', val: 60, a: 60, b: 60, page: partner.page, n: flood.sent, beacon: partner.beacon, mac }),
      () => JSON.stringify(real),
      () => randomBytes(100),
      () => '{"v":1,"op":"sto',
    ];
    flood.begun = monotonic();
    flood.timer = setInterval(() => {
      const due = (monotonic() - flood.begun) * rate / 1000;
      for (; flood.sent < due; flood.sent += 1) flood.channel.pass(make ? make() : kinds[flood.sent % kinds.length]());
    }, 5);
    return flood;
  }

  end() {
    clearInterval(this.timer);
    this.channel.terminate();
  }
}

// A key service whose sessions are short: the agent counts `left` seconds, the tokens would last longer.
// `ends` is when the last session is over, in ms of CLOCK_MONOTONIC, `asked` what was asked, with its topic. What
// `refusal` holds is the answer instead.
export class ShortKeysvc {
  static async start(t, stack, left) {
    const service = new ShortKeysvc();
    service.asked = [];
    const key = signingKey(stack);
    const mqtt = await connect(t, { port: stack.mqttPort, ca: stack.tls.ca, who: identity(key, 'keysvc') });
    mqtt.raw.on('message', (topic, payload) => {
      const { op, id } = JSON.parse(payload);
      service.asked.push({ ...JSON.parse(payload), topic });
      const sid = randomBytes(16);
      const { client, token } = identity(key, 'agent', { sid: sid.toString('hex') });
      if (service.refusal) {
        mqtt.raw.publish(topic.replace(/req$/, 'res'), JSON.stringify({ v: 1, id, ok: false, ...service.refusal }), { qos: 1 });
        return;
      }
      const answer = op === 'issue' ? { sid: sid.toString('hex'), client, token, left, latest: '0.1.0', oldest: '0.1.0',
        key: Buffer.concat([sid, randomBytes(20)]).toString('base64url') } : {};
      mqtt.raw.publish(topic.replace(/req$/, 'res'), JSON.stringify({ v: 1, id, ok: true, ...answer }), { qos: 1 });
      if (op === 'issue') service.ends = monotonic() + left * 1000;
    });
    await mqtt.subscribe('key/+/+/req');
    return service;
  }
}

// --- between an honest partner and the wearer -------------------------------------------------------

export const HOLD = 5000;
export const MARGIN = 500;
const results = [];

// An honest partner who remembers when it wanted what: of both channels, since control was taken.
class Witness extends Partner {
  constructor(link, options) {
    super(link, options);
    this.wishes = [];
  }

  note() { this.wishes.push({ ms: monotonic(), a: this.want.a, b: this.want.b }); }
  level(ch, val) { super.level(ch, val); this.note(); }
  stop() { super.stop(); this.note(); }
  take(text) { super.take(text); this.note(); }

  // The most that was wanted of `ch` at any time from `from` to `to`.
  most(ch, from, to) {
    const before = this.wishes.findLast((w) => w.ms <= from);
    return Math.max(0, before?.[ch] ?? 0, ...this.wishes.filter((w) => w.ms > from && w.ms <= to).map((w) => w[ch]));
  }
}

class HostileRig extends Rig {
  async start() {
    await this.repair();
    this.channel = await MqttChannel.open(this.t, this.stack, this.link);
    this.partner = new Witness(this.link, { channel: this.channel });
    await this.partner.takeControl();
    this.begun = monotonic();
  }

  async at(level) {
    await this.partner.raise('A', level);
    await until(() => this.log.now().a === level, 1000,
      () => `the box is at ${level}: ${JSON.stringify([this.log.now(), this.partner.state, this.agent.events().slice(-6)])}`);
  }

  // No level of the box above what was wanted within hold.
  neverAboveTheWish() {
    for (const { ms, a, b } of this.log.levels().filter((l) => l.ms > this.begun)) {
      for (const [ch, value] of [['a', a], ['b', b]]) {
        const most = this.partner.most(ch, ms - HOLD - MARGIN, ms);
        assert.ok(value <= most, `${ch} at ${value}, wanted was ${most}`);
      }
    }
  }

  // Nothing rises from now on, for `ms`.
  async nothingRises(ms) {
    let last = this.log.now();
    const from = this.log.levels().length;
    await sleep(ms);
    for (const level of this.log.levels().slice(from)) {
      assert.ok(level.a <= last.a && level.b <= last.b, `rose from ${last.a} to ${level.a}`);
      last = level;
    }
  }

  async zeroWithin(bound, since, name) {
    const worst = await this.log.zeroAfter(since, bound + 3000);
    results.push({ name, bound, worst });
    assert.ok(worst <= bound, `took ${worst.toFixed(0)} ms`);
  }
}

// `check(rig, partner, channel)` with such a server between the two.
export async function between(t, check) {
  const rig = new HostileRig(t);
  t.after(() => rig.agent?.stop());
  await rig.start();
  await check(rig, rig.partner, rig.channel);
  rig.neverAboveTheWish();
}

export function printTimes() {
  console.log('\nTime to zero with a hostile server between:\n');
  for (const { name, bound, worst } of results) {
    console.log(`  ${name.padEnd(44)} ${worst.toFixed(0).padStart(6)} ms   bound ${String(bound).padStart(5)} ms`);
  }
}
