// web/state.js, and the alarms of web/situation.js: the rules of control on the page's side, without a browser.
import assert from 'node:assert/strict';
import test from 'node:test';
import { secondsLeft } from '../../web/situation.js';
import * as strings from '../../web/strings.js';
import { ME, OTHER, Page, page, phase } from '../lib/storepage.mjs';

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

test('a battery that is measured about the limit is low once, until it has clearly risen', () => {
  const p = page((fresh) => fresh.live({ bat: 16 }));
  const low = (bat) => {
    p.say({ bat });
    return p.alarms.includes('battery');
  };
  assert.deepEqual([16, 15, 16, 15, 17, 20, 21, 16, -1].map(low),
    [false, true, true, true, true, true, false, false, false]);
});

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
