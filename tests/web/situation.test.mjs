// The sentence of every situation of the page, without a browser.
import assert from 'node:assert/strict';
import test from 'node:test';
import { situation } from '../../web/situation.js';
import { FRESH } from '../../web/state.js';
import * as strings from '../../web/strings.js';
import { MODES } from '../../web/protocol.js';
import { ME, OTHER, page, phase } from '../lib/storepage.mjs';

const sentences = [
  ['no link', (p) => p.store.failed('none'), 'none', null],
  ['a broken link', (p) => p.store.failed('broken'), 'broken', null],
  ['a page without encryption', (p) => p.store.failed('insecure'), 'insecure', null],
  ['connecting', phase({ phase: 'connecting' }), 'connecting', null],
  ['connecting again', phase({ phase: 'connecting', again: true, why: '' }), 'away', null],
  ['connecting again after a refusal', phase({ phase: 'connecting', again: true, why: 'busy' }), 'crowded', null],
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

test('a silence of minutes is not said to be one of seconds', () => {
  assert.equal(page((p) => { p.say(); p.wait(600000); }).key, 'stale');
  assert.doesNotMatch(strings.status.stale, /second|\d/);
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
