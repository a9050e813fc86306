// web/state.js and web/situation.js: the rules of control on the page's side, and the sentences.
import assert from 'node:assert/strict';
import test from 'node:test';
import { alarms, secondsLeft, situation } from '../../web/situation.js';
import { FRESH, Store } from '../../web/state.js';
import * as strings from '../../web/strings.js';
import { MODES } from '../../web/protocol.js';
import { plainState } from '../lib/fakegw.mjs';

const ME = '0011223344556677';
const OTHER = 'ffeeddccbbaa9988';

// A store that has joined at time 0 and seen one state, with a clock that the test moves.
class Page {
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

const page = (prepare) => {
  const one = new Page();
  prepare(one);
  return one;
};

const phase = (detail) => (p) => p.store.phase(detail, p.now);
const sentences = [
  ['no link', (p) => p.store.failed('none'), 'none', null],
  ['a broken link', (p) => p.store.failed('broken'), 'broken', null],
  ['a page without encryption', (p) => p.store.failed('insecure'), 'insecure', null],
  ['connecting', phase({ phase: 'connecting' }), 'connecting', null],
  ['the server away', phase({ phase: 'away', why: '', retry: 4 }), 'away', null],
  ['the server could not answer', phase({ phase: 'away', why: 'late', retry: 4 }), 'away', null],
  ['too many requests', phase({ phase: 'away', why: 'busy', retry: 4 }), 'crowded', null],
  ['too many joins', phase({ phase: 'away', why: 'limit', retry: 4 }), 'crowded', null],
  ['a connection given up since it was silent', phase({ phase: 'away', why: 'quiet', retry: 1 }), 'renewing', null],
  ['just joined', () => {}, 'joined', null],
  ['no state for three seconds after joining', (p) => p.wait(3001), 'absent', null],
  ['only messages that are not authentic', (p) => { p.store.reject('forged'); p.wait(3001); }, 'forgedOnly', null],
  ['only messages of another version', (p) => { p.store.reject('unknown'); p.wait(3001); }, 'versions', null],
  ['the first state', (p) => p.say(), 'ready', 'take'],
  ['asked, no answer yet', (p) => p.hello(), 'helloSent', 'cancel'],
  ['the guard is asking', (p) => { p.hello(); p.say({ guard: 'asking', page: ME, n: 1 }); }, 'asking', 'cancel'],
  ['the guard is asking about another page', (p) => p.say({ guard: 'asking', page: OTHER }), 'wanted', null],
  ['the guard still asks about this page after a loss', (p) => {
    p.hello();
    p.say({ guard: 'asking', page: ME, n: 1 });
    p.store.phase({ phase: 'away', retry: 1 }, p.now);
    p.store.phase({ phase: 'joined', left: 1000 }, p.now);
    p.say();
  }, 'lostAsking', 'take'],
  ['hidden while the guard asks', (p) => {
    p.hello();
    p.say({ guard: 'asking', page: ME, n: 1 });
    p.store.leave('hidden');
    p.say({ guard: 'waiting', why: 'bye' });
  }, 'hiddenAsking', 'take'],
  ['silence while the guard asks', (p) => {
    p.hello();
    p.say({ guard: 'asking', page: ME, n: 1 });
    p.wait(3001);
    p.say();
  }, 'silenceAsking', 'take'],
  ['the guard still asks about this page, which has withdrawn', (p) => {
    p.hello();
    p.say({ guard: 'asking', page: ME, n: 1 });
    p.store.leave('');
  }, 'ready', 'take'],
  ['refused', (p) => { p.hello(); p.say({ why: 'refused', page: ME, n: 1 }); }, 'refused', 'take'],
  ['another page was refused', (p) => p.say({ why: 'refused', page: OTHER }), 'ready', 'take'],
  ['no answer to the request', (p) => {
    p.hello();
    for (let i = 0; i < 5; i += 1) { p.say({}, 1000); p.wait(0); }
  }, 'unanswered', 'take'],
  ['in control', (p) => p.live(), 'live', 'give'],
  ['another page in control', (p) => p.say({ guard: 'live', page: OTHER }), 'inUse', null],
  ['stop pressed here', (p) => { p.live({ a: 9 }); p.store.stopped(true, p.now); }, 'stopping', 'give'],
  ['stop confirmed', (p) => { p.live(); p.store.stopped(true, p.now); p.say({ stops: 1, why: 'partner' }); }, 'stoppedByYou', 'give'],
  ['a new mode', (p) => {
    p.live();
    p.store.choose('mode', 'bounce', p.now);
    p.say({ stops: 1, why: 'change', mode: 'bounce' });
  }, 'fromZero', 'give'],
  ['a stop of somebody else after a new mode', (p) => {
    p.live();
    p.store.choose('mode', 'bounce', p.now);
    p.say({ stops: 1, why: 'change', mode: 'bounce' });
    p.say({ stops: 2, why: 'partner' });
  }, 'stoppedElsewhere', 'give'],
  ['a new mode, the box not yet at zero', (p) => {
    p.live({ a: 9 });
    p.store.choose('mode', 'bounce', p.now);
    p.say({ stops: 1, why: 'change' });
  }, 'stopping', 'give'],
  ['a stop of somebody else', (p) => { p.live(); p.say({ stops: 1, why: 'partner' }); }, 'stoppedElsewhere', 'give'],
  ['a level raised after a stop, not answered yet', (p) => {
    p.live();
    p.store.stopped(true, p.now);
    p.say({ stops: 1, why: 'partner' });
    p.level('A', 3);
  }, 'live', 'give'],
  ['stop under way, the box not yet at zero', (p) => { p.live(); p.say({ stops: 1, why: 'partner', a: 9 }); }, 'stopping', 'give'],
  ['hidden', (p) => { p.live(); p.store.leave('hidden'); p.say({ guard: 'waiting', why: 'bye', page: '' }); }, 'hidden', 'take'],
  ['given back', (p) => { p.live(); p.store.leave('given'); p.say({ guard: 'waiting', why: 'bye', page: '' }); }, 'given', 'take'],
  ['given back, not at zero yet', (p) => { p.live({ a: 9 }); p.store.leave('given'); }, 'stopping', 'take'],
  ['hidden, the guard at zero, the box not yet', (p) => {
    p.live({ a: 9, ta: 9 });
    p.store.leave('hidden');
    p.say({ guard: 'waiting', why: 'bye', ta: 0 });
  }, 'stopping', 'take'],
  ['given back, then turned up by hand', (p) => {
    p.live({ a: 9 });
    p.store.leave('given');
    p.say({ guard: 'waiting', why: 'bye', a: 0 });
    p.say({ a: 5, ta: 5 });
  }, 'byHand', 'take'],
  ['lost, and the guard still has the level', (p) => {
    p.live({ a: 9, ta: 9 });
    p.store.phase({ phase: 'away', retry: 1 }, p.now);
    p.store.phase({ phase: 'joined', left: 1000 }, p.now);
    p.say();
  }, 'stopping', 'take'],
  ['a stop of somebody else after our own and a level raised anew', (p) => {
    p.live();
    p.store.stopped(true, p.now);
    p.say({ stops: 1, why: 'partner' });
    p.level('A', 3);
    p.say({ a: 3, ta: 3, n: 2 });
    p.say({ a: 0, ta: 0, stops: 2 });
  }, 'stoppedElsewhere', 'give'],
  ['our stop, seen in a state from before it first', (p) => {
    p.live();
    p.level('A', 3);
    p.store.stopped(true, p.now);
    p.say();
    p.say({ a: 3, ta: 3, n: 2 });
    p.say({ a: 0, ta: 0, stops: 1, why: 'partner' });
  }, 'stoppedByYou', 'give'],
  ['a mistyped link in a session', (p) => { p.live(); p.store.mistyped(p.now); }, 'live', 'give'],
  ['a mistyped link after the end', (p) => { p.live({ guard: 'ended', why: 'ended' }); p.store.mistyped(p.now); }, 'broken', null],
  ['a mistyped link at first', (p) => { p.store.failed('none'); p.store.mistyped(p.now); }, 'broken', null],
  ['stale', (p) => { p.say(); p.wait(3001); }, 'stale', null],
  ['states are back after a silence in control', (p) => { p.live(); p.wait(3001); p.say(); }, 'silence', 'take'],
  ['the connection is back after a loss in control', (p) => {
    p.live();
    p.store.phase({ phase: 'away', retry: 1 }, p.now);
    p.store.phase({ phase: 'joined', left: 1000 }, p.now);
    p.say();
  }, 'lost', 'take'],
  ['the wearer’s stop', (p) => { p.live(); p.say({ guard: 'stopped', why: 'wearer', stops: 1 }); }, 'stopped_wearer', null],
  ['the idle shut-down', (p) => p.say({ guard: 'stopped', why: 'idle' }), 'stopped_idle', null],
  ['the missed check-in', (p) => p.say({ guard: 'stopped', why: 'checkin' }), 'stopped_checkin', null],
  ['the wearer resumed', (p) => p.say({ guard: 'waiting', why: 'wearer' }), 'after_wearer', 'take'],
  ['the page was silent', (p) => p.say({ guard: 'waiting', why: 'silent' }), 'after_silent', 'take'],
  ['the box does not answer', (p) => p.say({ guard: 'fault', why: 'box', box: 'silent' }), 'box_silent', null],
  ['the box is unplugged', (p) => p.say({ guard: 'fault', why: 'box', box: 'gone' }), 'box_gone', null],
  ['the box is off', (p) => p.say({ guard: 'fault', why: 'box', box: 'off' }), 'box_off', null],
  ['the box starts', (p) => p.say({ box: 'starting' }), 'box_starting', null],
  ['ended by the wearer', (p) => p.say({ guard: 'ended', why: 'ended' }), 'ended', null],
  ['ended by the wearer, then revoked', (p) => {
    p.say({ guard: 'ended', why: 'ended' });
    p.store.phase({ phase: 'ended', why: 'revoked' }, p.now);
  }, 'ended', null],
  ['expired, says the guard', (p) => p.say({ guard: 'ended', why: 'expired' }), 'expired', null],
  ['revoked, says the guard', (p) => p.say({ guard: 'ended', why: 'revoked' }), 'revoked', null],
  ['expired, says the gateway', phase({ phase: 'ended', why: 'expired' }), 'expired', null],
  ['revoked', phase({ phase: 'ended', why: 'revoked' }), 'revoked', null],
  ['a key that is expired', phase({ phase: 'refused', why: 'expired' }), 'expired', null],
  ['a key that is revoked', phase({ phase: 'refused', why: 'revoked' }), 'revoked', null],
  ['a wrong link', phase({ phase: 'refused', why: 'forged' }), 'forged', null],
  ['any other refusal', phase({ phase: 'refused', why: 'constructor' }), 'refusedLink', null],
];

for (const [name, prepare, key, action] of sentences) {
  test(`the sentence for: ${name}`, () => {
    const p = page(prepare);
    assert.equal(p.key, key);
    assert.equal(situation(p.store, p.now, FRESH).action, action);
  });
}

const WHYS = ('none start bye silent refused partner change wearer idle checkin box link clock ui '
  + 'ended expired toString').split(' ');
const BOXES = ['ok', 'silent', 'off', 'gone', 'starting'];

// Every store that there may be, as `visit` gets it: { p, words, name }.
function everySituation(levels, visit) {
  const guards = ['waiting', 'asking', 'live', 'stopped', 'fault', 'ended'];
  const asides = ['', 'hidden', 'given', 'silence', 'lost', 'unanswered', 'lostAsking'];
  for (const guard of guards) for (const why of WHYS) for (const box of BOXES) {
    for (const owner of ['', ME, OTHER]) for (const held of [true, false]) for (const aside of asides) {
      const p = page((fresh) => fresh.say({ guard, why, box, page: owner, ...levels }));
      Object.assign(p.store, { held, aside });
      const { key, arg } = situation(p.store, p.now, FRESH);
      const words = strings.status[key];
      const text = typeof words === 'function' ? words(arg) : words;
      visit({ p, words: text, name: `${guard} ${why} ${box} ${owner} ${held} ${aside}: ${key}` });
    }
  }
}

const LEVELS = [
  { a: 0, b: 0, ta: 0, tb: 0 }, { a: 60, b: 0, ta: 0, tb: 0 }, { a: 0, b: 60, ta: 0, tb: 60 },
  { a: 0, b: 0, ta: 1, tb: 0 },
];
for (const levels of LEVELS) {
  const raised = Object.entries(levels).filter(([, value]) => value > 0).map((entry) => entry.join(' '));
  test(`every situation has a sentence that is true of the levels: ${raised.join(', ') || 'zero'}`, () => {
    everySituation(levels, ({ p, words, name }) => {
      assert.ok(typeof words === 'string' && !words.includes('undefined'), name);
      const zero = p.state.box === 'ok' && raised.length === 0;
      assert.ok(zero || !/\b(at|from|went to) zero\b|Nothing moves/.test(words), `${name} ${words}`);
      const still = zero || p.state.guard === 'ended';
      assert.ok(!still || !/Going to zero|by hand|own hand|not confirmed/.test(words), `${name} ${words}`);
    });
  });
}

const stopped = [
  ['on its way', { box: 'ok', a: 60, ta: 0 }, 'stopped_moving', /^The wearer did not answer the check-in\. Going to zero…$/],
  ['turned up by hand', { box: 'ok', a: 60, ta: 60 }, 'stopped_hand', /by the wearer’s own hand\.$/],
  ['silent', { box: 'silent', a: 60 }, 'stopped_unknown', /, and the box has not confirmed zero\.$/],
  ['silent, with zeros in the state', { box: 'silent' }, 'stopped_unknown', /not confirmed zero/],
];
for (const [name, changes, key, words] of stopped) {
  test(`stopped by the check-in is said without zero while the box is ${name}`, () => {
    const p = page((fresh) => fresh.say({ guard: 'stopped', why: 'checkin', ...changes }));
    assert.equal(p.key, key);
    assert.match(strings.status[key](situation(p.store, p.now, FRESH).arg), words);
    assert.equal(p.alarms.includes('boxSilent'), changes.box !== 'ok', 'the knob is named there');
  });
}

test('every situation that the store can be in has a sentence', () => {
  everySituation({}, ({ words, name }) => assert.ok(typeof words === 'string', name));
});

test('no sentence is there that nothing says', () => {
  const said = new Set(sentences.map(([, , key]) => key));
  for (const why of ['idle', 'checkin', 'box', 'link', 'clock', 'ui', 'wearer', 'silent']) {
    said.add(page((p) => p.say({ guard: 'waiting', why })).key);
    said.add(page((p) => p.say({ guard: 'stopped', why })).key);
    said.add(page((p) => p.say({ guard: 'fault', why })).key);
  }
  for (const [, changes] of stopped) {
    said.add(page((p) => p.say({ guard: 'stopped', why: 'ui', ...changes })).key);
  }
  said.add(page(phase({ phase: 'refused', why: 'version' })).key);
  assert.deepEqual(Object.keys(strings.status).filter((key) => !said.has(key)), []);
});

test('every mode has a title and the meaning of C and D', () => {
  for (const mode of [...MODES, 'other']) {
    assert.equal(strings.modes[mode].length, 3, mode);
  }
});

test('a beacon that does not rise is counted and changes nothing', () => {
  const p = page((fresh) => fresh.say());
  const at = p.now;
  for (const beacon of [p.beacon, p.beacon - 1]) {
    assert.equal(p.store.accept({ ...p.state, beacon, guard: 'ended' }, at + 500), false);
  }
  assert.equal(p.store.counts.replayed, 2);
  assert.equal(p.store.stateAt, at);
  assert.equal(p.key, 'ready');
});

test('levels can be wanted only in control', () => {
  const waiting = page((p) => p.hello());
  assert.deepEqual(waiting.level('A', 10), []);
  assert.deepEqual(page((p) => p.say({ guard: 'live', page: OTHER })).level('A', 10), []);
  assert.deepEqual(page((p) => p.say({ guard: 'live', page: ME })).level('A', 10), [], 'never asked');
  assert.deepEqual(page((p) => p.live()).level('A', 10), ['A']);
});

test('a level above the cap is wanted at the cap, below zero at zero', () => {
  const p = page((fresh) => fresh.live({ capa: 60, capb: 0 }));
  p.level('A', 100);
  assert.deepEqual(p.wants, [60, 0]);
  assert.deepEqual(p.level('B', 5), []);
  p.level('A', -5);
  assert.deepEqual(p.wants, [0, 0]);
});

test('a lowered cap lowers the wish at once', () => {
  const p = page((fresh) => fresh.live({ capa: 60 }));
  p.level('A', 60);
  p.say({ capa: 20 });
  assert.deepEqual(p.wants, [20, 0]);
});

test('a lowered limit is told for ten seconds, one that another power brings is not', () => {
  const p = page((fresh) => fresh.live());
  p.say({ capa: 20 });
  assert.deepEqual(p.alarms, ['limits']);
  for (let i = 0; i < 11; i += 1) { p.say({}, 1000); }
  assert.deepEqual(p.alarms, []);
  p.say({ power: 'high', capa: 10 });
  p.say({ capa: 40 });
  assert.deepEqual(p.alarms, []);
});

test('a lowered limit is no news to a page without control', () => {
  const p = page((fresh) => fresh.say());
  p.say({ capa: 20 });
  p.say({ guard: 'live', page: OTHER, capa: 10 });
  assert.deepEqual(p.alarms, []);
});

test('joined channels move together, up to the lower cap', () => {
  const p = page((fresh) => fresh.live({ join: true, capa: 60, capb: 40 }));
  assert.deepEqual(p.level('A', 100), ['A', 'B']);
  assert.deepEqual(p.wants, [40, 40]);
});

const ends = [
  ['the partner’s stop', (p) => p.store.stopped(true, p.now), true],
  ['a zero that a state counts', (p) => p.say({ stops: 1 }), true],
  ['another mode', (p) => p.store.choose('mode', 'bounce', p.now), true],
  ['another power', (p) => p.store.choose('power', 'high', p.now), true],
  ['the wearer’s stop', (p) => p.say({ stops: 1, guard: 'stopped', why: 'wearer' }), false],
  ['the page being hidden', (p) => p.store.leave('hidden'), false],
  ['three seconds without a state', (p) => p.wait(3001), false],
  ['the connection being lost', (p) => p.store.phase({ phase: 'away', retry: 1 }, p.now), false],
  ['control going to another page', (p) => p.say({ page: OTHER }), false],
  ['the session’s end', (p) => p.say({ guard: 'ended', why: 'ended' }), false],
  ['a box fault', (p) => p.say({ guard: 'fault', why: 'box', box: 'silent' }), false],
];
for (const [name, happen, keeps] of ends) {
  test(`both wishes are zero after ${name}, and control is ${keeps ? 'kept' : 'gone'}`, () => {
    const p = page((fresh) => fresh.live({ capa: 60, capb: 60 }));
    p.level('A', 30);
    p.level('B', 20);
    assert.deepEqual(p.wants, [30, 20]);
    happen(p);
    assert.deepEqual(p.wants, [0, 0]);
    assert.equal(p.store.held, keeps);
  });
}

test('a guard that still says live does not give control back to a page that let go', () => {
  const p = page((fresh) => fresh.live());
  p.store.leave('hidden');
  p.say({ guard: 'live' });
  assert.equal(p.store.controls(p.now), false);
  assert.deepEqual(p.level('A', 10), []);
});

test('silence in control is told to the guard once', () => {
  const p = page((fresh) => fresh.live());
  p.wait(3001);
  p.wait(1000);
  assert.equal(p.dropped, 1);
});

test('after a sleep that only the clock of the day knows of, what is shown is old and control is over', () => {
  const p = page((fresh) => fresh.live({ a: 30, ta: 30 }));
  const tick = (ms, slept = 0) => {
    p.now += ms;
    p.day = (p.day ?? 1e12) + ms + slept;
    p.store.tick(p.now, p.day);
  };
  tick(2000);
  p.say({}, 1000);
  tick(250, 4000);
  tick(250, -60000);
  assert.equal(p.store.controls(p.now), true, 'a clock that was set a little, or back');
  tick(250, 6000);
  assert.deepEqual([p.key, p.store.fresh(p.now), p.store.held, p.dropped], ['stale', false, false, 1]);
  p.say();
  tick(250);
  assert.deepEqual([p.key, p.store.fresh(p.now)], ['silence', true]);
});

test('levels stay refused until a stop is confirmed at zero', () => {
  const p = page((fresh) => fresh.live());
  p.level('A', 30);
  p.say({ a: 30, ta: 30, n: 2 });
  p.store.stopped(true, p.now);
  p.say({ stops: 1, why: 'partner', ta: 0 });
  assert.deepEqual(p.level('A', 10), []);
  p.say({ a: 0 });
  assert.deepEqual(p.level('A', 10), ['A']);
});

test('a stop that is not confirmed within two seconds is an alarm until it is', () => {
  const p = page((fresh) => fresh.live({ a: 30, ta: 30 }));
  p.store.stopped(true, p.now);
  assert.deepEqual(p.alarms, []);
  p.say({}, 1500);
  assert.deepEqual(p.alarms, []);
  p.say({}, 600);
  assert.deepEqual(p.alarms, ['stopUnconfirmed']);
  p.say({ a: 0, ta: 0 });
  assert.deepEqual(p.alarms, []);
});

// What a new process for the box reports before the box has answered it.
const blank = { a: 0, b: 0, ta: 0, tb: 0, c: 0, d: 0, mode: 'other', modes: [], power: 'high', bat: -1, join: false };

for (const box of ['starting', 'gone', 'silent', 'off']) {
  test(`zero in a state is no zero of the box while that is ${box}`, () => {
    const p = page((fresh) => fresh.live());
    p.level('A', 60);
    p.say({ a: 60, ta: 60, n: 2 });
    p.store.stopped(true, p.now);
    p.say({ ...blank, box, guard: 'fault', why: 'box', stops: 1, page: '' }, 2001);
    assert.deepEqual(p.alarms, ['stopUnconfirmed']);
    assert.equal(p.store.current(p.now), false);
    const { a, mode, power } = p.store.known;
    assert.deepEqual([a, mode, power], [60, 'pulse', 'low'], 'what was known of it stays');
    p.say({ box: 'ok', a: 60 });
    assert.deepEqual(p.alarms, ['stopUnconfirmed']);
    p.say({ a: 0 });
    assert.deepEqual(p.alarms, []);
    assert.equal(p.store.current(p.now), true);
  });
}

test('a box that has not answered yet is not known at all', () => {
  const p = page((fresh) => fresh.say({ ...blank, box: 'starting' }));
  assert.equal(p.store.known, null);
  p.say({ box: 'ok' });
  assert.equal(p.store.known, p.store.state);
});

test('a stop that could not be sent is an alarm at once', () => {
  const p = page((fresh) => fresh.live({ a: 30 }));
  p.store.stopped(false, p.now);
  assert.deepEqual(p.alarms, ['stopUnsent']);
});

test('a stop that could not be sent by a page without control does not promise that silence ends it', () => {
  const p = page((fresh) => fresh.say({ guard: 'live', page: OTHER, a: 30 }));
  p.store.stopped(false, p.now);
  assert.deepEqual(p.alarms, ['stopUnheard']);
});

test('a mistyped link is told for ten seconds', () => {
  const p = page((fresh) => fresh.live());
  p.store.mistyped(p.now);
  assert.deepEqual(p.alarms, ['mistyped']);
  p.now += 10001;
  assert.ok(!p.alarms.includes('mistyped'));
});

test('a command that the gateway refused is told for ten seconds, and nothing else changes', () => {
  const p = page((fresh) => fresh.live());
  p.store.phase({ phase: 'bad', text: 'The line is busy.' }, p.now);
  assert.deepEqual([p.key, p.alarms], ['live', ['misread']]);
  assert.equal(p.store.misread.text, 'The line is busy.');
  for (let i = 0; i < 11; i += 1) { p.say({}, 1000); }
  assert.deepEqual(p.alarms, []);
});

const alarming = [
  ['forged', (p) => { p.say(); p.store.reject('forged'); }],
  ['misread', (p) => { p.say(); p.store.phase({ phase: 'bad', text: 'No.' }, p.now); }],
  ['battery', (p) => p.say({ bat: 15 })],
  ['idle', (p) => p.live({ idle: 30 })],
  ['limits', (p) => { p.live(); p.say({ capb: 39 }); }],
  ['soon', (p) => p.say({ left: 299 })],
  ['boxSilent', (p) => p.say({ guard: 'stopped', why: 'wearer', box: 'silent' })],
];
for (const [key, prepare] of alarming) {
  test(`the alarm "${key}" is raised when it should be, and not otherwise`, () => {
    assert.deepEqual(page(prepare).alarms, [key]);
    assert.ok(strings.alarm[key]);
    assert.deepEqual(page((p) => p.live({ bat: 16, left: 301 })).alarms, []);
  });
}

test('the slider follows a target that settles elsewhere, but not one that is still on its way', () => {
  const p = page((fresh) => fresh.live());
  p.level('A', 30);
  p.say({ n: 1, ta: 0 }, 1000);
  assert.deepEqual(p.wants, [30, 0], 'not answered yet');
  p.say({ n: 2, ta: 30 });
  p.say({ ta: 10 });
  assert.deepEqual(p.wants, [30, 0], 'the wearer’s hand, just now');
  p.say({ ta: 10 }, 500);
  assert.deepEqual(p.wants, [10, 0]);
});

test('the wearer’s hand above the cap is not wished after, so that nothing takes it down again', () => {
  const p = page((fresh) => fresh.live({ capa: 20, capb: 0 }));
  const seen = new Set();
  for (let i = 0; i < 8; i += 1) {
    p.say({ a: 45, ta: 45, b: 30, tb: 30 }, 200);
    seen.add(p.wants.join());
  }
  assert.deepEqual([...seen], ['0,0', '20,0'], 'from zero to the cap, never above it and down');
  assert.deepEqual([p.store.state.a, p.store.state.b, p.key], [45, 30, 'live'], 'shown as it is');
});

test('a connection is dead after 20 s without a state, or after 60 s when it never brought one', () => {
  const p = new Page();
  assert.deepEqual([p.store.dead(60000), p.store.dead(60001)], [false, true]);
  p.say();
  assert.deepEqual([p.store.dead(p.now + 20000), p.store.dead(p.now + 20001)], [false, true]);
  const later = p.now + 30000;
  p.store.phase({ phase: 'away', why: 'quiet', retry: 1 }, later);
  assert.equal(p.store.dead(later + 99999), false, 'there is none');
  p.store.phase({ phase: 'joined', left: 100 }, later);
  assert.deepEqual([p.store.dead(later + 60000), p.store.dead(later + 60001)], [false, true]);
  p.now = later;
  p.say({ guard: 'ended', why: 'ended' });
  assert.equal(p.store.dead(later + 99999), false, 'nothing more is to come');
});

test('round trip is the time from a number sent to a state that has acted on it', () => {
  const p = page((fresh) => fresh.live());
  p.level('A', 30);
  p.say({ n: 1 }, 50);
  p.say({ n: 2 }, 70);
  assert.equal(p.store.trip, 120);
});

test('a parameter asked for is shown until it arrives or moves no more', () => {
  const p = page((fresh) => fresh.live());
  assert.equal(p.store.wantParam('C', 90, p.now), true);
  p.store.sent('param', 'C', 2, p.now);
  p.say({ n: 2, c: 60 });
  assert.equal(p.store.params.C, 90);
  p.say({ c: 90 });
  assert.equal(p.store.params.C, null);
  p.store.wantParam('D', 0, p.now);
  p.store.sent('param', 'D', 3, p.now);
  p.say({ n: 3, d: 1 });
  p.say({}, 2000);
  assert.equal(p.store.params.D, 0);
  p.say({}, 1500);
  assert.equal(p.store.params.D, null);
});

const drops = [
  ['a stop', (p) => p.store.stopped(true, p.now)],
  ['another power', (p) => p.store.choose('power', 'high', p.now)],
  ['another mode', (p) => p.store.choose('mode', 'bounce', p.now)],
];
for (const [name, happen] of drops) {
  test(`a parameter that ${name} kept from being sent is not asked for any more`, () => {
    const p = page((fresh) => fresh.live());
    p.store.wantParam('C', 55, p.now);
    p.store.wantParam('D', 66, p.now);
    p.store.sent('param', 'D', 2, p.now);
    happen(p);
    assert.deepEqual(p.store.params, { C: null, D: 66 }, 'what was sent may still come');
    p.store.wantParam('C', 12, p.now);
    assert.equal(p.store.params.C, 12, 'and it can be asked for anew');
  });
}

test('a mode asked for is shown until a state has it, or for four seconds', () => {
  const p = page((fresh) => fresh.live());
  p.store.choose('mode', 'bounce', p.now);
  p.say();
  assert.equal(p.store.chosen.mode.value, 'bounce');
  p.say({ mode: 'bounce' });
  assert.equal(p.store.chosen.mode, null);
  p.store.choose('mode', 'pulse', p.now);
  p.say({}, 2000);
  p.say({}, 2001);
  assert.equal(p.store.chosen.mode, null);
});

test('time left counts on between states and does not go below zero', () => {
  const p = page((fresh) => fresh.say({ left: 10 }));
  p.now += 4000;
  assert.equal(secondsLeft(p.store, p.now), 6);
  p.now += 40000;
  assert.equal(secondsLeft(p.store, p.now), 0);
});

test('a new link forgets everything of the one before', () => {
  const p = page((fresh) => fresh.live());
  p.level('A', 20);
  p.store.reject('forged');
  p.store.opened(ME);
  assert.deepEqual(p.wants, [0, 0]);
  assert.equal(p.store.held, false);
  assert.equal(p.store.state, null);
  assert.equal(p.store.beacon, 0);
  assert.equal(p.store.counts.forged, 0);
});

test('a stop that is not confirmed outlives the same link opened again, but no other link', () => {
  const p = page((fresh) => fresh.live({ a: 30, ta: 30 }));
  p.store.stopped(false, p.now);
  const { stop } = p.store;
  p.store.opened(ME);
  assert.equal(p.store.stop, stop);
  assert.deepEqual(p.alarms, ['stopUnheard']);
  p.store.opened(OTHER);
  assert.equal(p.store.stop, null);
});
