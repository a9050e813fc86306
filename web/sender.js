// What the page sends: numbers, signs and paces commands. Levels and parameters are coalesced:
// at most ten messages a second, the newest value of each wins, none while the socket is behind.
// `stop` passes by all of this, unsigned and at once.

import { STOP, signCommand } from './protocol.js';

const PACE = 100; // ms between two level or param messages
const BEHIND = 50; // ms until a socket that is behind is looked at again
const FAREWELL_LEAD = 1000; // more numbers than are used between two states
const MAX_N = 0xffffffff;

export class Sender {
  #env;
  #keys;
  #page;
  #link;
  #facts;
  #count; // { n }: of the last command
  #epoch = 0; // rises with every zero: what was signed for before it is not sent after it
  #line = Promise.resolve(); // signing takes a moment; numbers must still rise on the wire
  #waiting = new Map(); // 'A' | 'B' | 'C' | 'D' -> fields of the message to come
  #timer = null;
  #last = -PACE;
  #farewell = null; // a `bye` signed beforehand: a page that is closing has no time to sign

  // keys: of deriveKeys(). page: 16 hex. link: send(text), busy. facts(): { a, b, beacon } now.
  // count: { n }, the same for every Sender of a page id: a guard takes no number from it twice.
  // env: { now, setTimeout, sent(op, ch, n) } ; sent is told of each message that was handed over.
  constructor({ keys, page, link, facts, count = { n: 0 }, env = {} }) {
    this.#count = count;
    this.#keys = keys;
    this.#page = page;
    this.#link = link;
    this.#facts = facts;
    this.#env = {
      now: () => performance.now(),
      setTimeout: (...args) => setTimeout(...args),
      sent: () => {},
      ...env,
    };
  }

  // Wanted level of A or B changed; its value is read when the message goes.
  level(ch) {
    this.#wait(ch, () => ({ op: 'level', ch, val: this.#facts()[ch.toLowerCase()] }));
  }

  param(ch, val) {
    this.#wait(ch, () => ({ op: 'param', ch, val }));
  }

  mode(mode) {
    this.#waiting.clear();
    return this.#sign(() => ({ op: 'mode', mode }));
  }

  power(power) {
    this.#waiting.clear();
    return this.#sign(() => ({ op: 'power', power }));
  }

  hello() {
    this.#waiting.clear();
    this.#presign();
    return this.#sign(() => ({ op: 'hello' }));
  }

  // Answers a state. Left out when the socket is behind: the next state brings the next chance.
  alive() {
    this.#presign();
    return this.#link.busy ? this.#line : this.#sign(() => ({ op: 'alive' }));
  }

  // Gives control up, at once where a signed `bye` lies ready.
  bye() {
    this.#forget();
    const ready = this.#farewell;
    this.#farewell = null;
    if (ready && this.#link.send(ready.text)) {
      this.#count.n = Math.max(this.#count.n, ready.n);
      this.#env.sent('bye', undefined, ready.n);
      return this.#line;
    }
    return this.#sign(() => ({ op: 'bye' }));
  }

  // True when it was handed to the socket.
  stop() {
    this.#forget();
    return this.#link.send(STOP);
  }

  // Drops every command that has not been sent yet.
  #forget() {
    this.#epoch += 1;
    this.#waiting.clear();
  }

  #wait(ch, fields) {
    this.#waiting.set(ch, fields);
    this.#pump();
  }

  #pump() {
    if (this.#timer !== null || this.#waiting.size === 0) {
      return;
    }
    const due = this.#last + PACE - this.#env.now();
    if (due > 0 || this.#link.busy) {
      this.#timer = this.#env.setTimeout(() => {
        this.#timer = null;
        this.#pump();
      }, Math.max(due, BEHIND));
      return;
    }
    const [ch, fields] = this.#waiting.entries().next().value;
    this.#waiting.delete(ch);
    this.#last = this.#env.now();
    this.#sign(fields);
    this.#pump();
  }

  #sign(fields) {
    const epoch = this.#epoch;
    this.#line = this.#line.then(async () => {
      if (this.#count.n >= MAX_N) {
        return;
      }
      this.#count.n += 1;
      const command = { ...fields(), ...this.#facts(), page: this.#page, n: this.#count.n };
      const text = await signCommand(this.#keys, command);
      if (epoch === this.#epoch && this.#link.send(text)) {
        this.#env.sent(command.op, command.ch, command.n);
      }
    });
    return this.#line;
  }

  async #presign() {
    const n = Math.min(MAX_N, this.#count.n + FAREWELL_LEAD);
    const { beacon } = this.#facts();
    const command = { op: 'bye', a: 0, b: 0, page: this.#page, n, beacon };
    const text = await signCommand(this.#keys, command);
    if (n > this.#count.n) {
      this.#farewell = { n, text };
    }
  }
}
