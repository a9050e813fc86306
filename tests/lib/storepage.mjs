// A page without a browser: the store of web/ with a clock and states of the test's.
import { alarms, situation } from '../../web/situation.js';
import { FRESH, Store } from '../../web/state.js';
import { plainState } from './fakegw.mjs';

export const ME = '0011223344556677';
export const OTHER = 'ffeeddccbbaa9988';

// A store that has joined at time 0 and seen one state, with a clock that the test moves.
export class Page {
  store = new Store();
  now = 0;
  beacon = 0;
  dropped = 0;
  state = plainState();

  constructor() {
    this.store.addEventListener('dropped', () => { this.dropped += 1; });
    this.store.opened(ME);
    this.store.phase({ phase: 'joined', left: 14400 }, 0);
  }

  say(changes = {}, after = 100) {
    this.now += after;
    this.beacon += 1;
    Object.assign(this.state, changes, { beacon: this.beacon });
    return this.store.accept(structuredClone(this.state), this.now);
  }

  hello() {
    this.say();
    this.store.hello(this.now);
    this.store.sent('hello', undefined, 1, this.now);
  }

  live(changes = {}) {
    this.hello();
    this.say({ guard: 'live', why: 'none', page: ME, n: 1, ...changes });
    return this;
  }

  level(ch, value) {
    const changed = this.store.want(ch, value, this.now);
    for (const each of changed) {
      this.n = (this.n ?? 1) + 1;
      this.store.sent('level', each, this.n, this.now);
    }
    return changed;
  }

  wait(ms) {
    this.now += ms;
    this.store.tick(this.now);
  }

  get key() {
    return situation(this.store, this.now, FRESH).key;
  }

  get alarms() {
    return alarms(this.store, this.now);
  }

  get wants() {
    return [this.store.wants.A, this.store.wants.B];
  }
}

export const page = (prepare) => {
  const one = new Page();
  prepare(one);
  return one;
};

export const phase = (detail) => (p) => p.store.phase(detail, p.now);
