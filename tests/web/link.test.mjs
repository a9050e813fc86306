// web/link.js with a WebSocket and a clock of our own.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Link } from '../../web/link.js';

class FakeSocket {
  static made = [];
  readyState = 0;
  bufferedAmount = 0;
  sent = [];

  constructor(url, protocols) {
    Object.assign(this, { url, protocols });
    FakeSocket.made.push(this);
  }

  open() {
    this.readyState = 1;
    this.onopen();
  }

  say(message) {
    this.onmessage?.({ data: typeof message === 'string' ? message : JSON.stringify(message) });
  }

  close() {
    this.readyState = 3;
    this.onclose?.({});
  }

  send(text) {
    this.sent.push(text);
  }
}

// A link with everything that happens to it: { link, phases, states, timers, socket(), clock }.
function setUp(random = () => 0.5) {
  FakeSocket.made = [];
  const phases = [];
  const states = [];
  const timers = new Map();
  const clock = { now: 1e12 };
  let next = 1;
  const link = new Link('wss://host/ws', 'K'.repeat(48), {
    WebSocket: FakeSocket,
    random,
    now: () => clock.now,
    setTimeout: (run, ms) => { timers.set(next, { run, ms }); next += 1; return next - 1; },
    clearTimeout: (id) => timers.delete(id),
  });
  link.addEventListener('phase', ({ detail }) => phases.push(detail));
  link.addEventListener('state', ({ detail }) => states.push(detail));
  const fire = () => {
    const [[id, timer]] = timers;
    timers.delete(id);
    timer.run();
    return timer.ms;
  };
  return { link, phases, states, timers, clock, fire, socket: () => FakeSocket.made.at(-1) };
}

function joined(random) {
  const all = setUp(random);
  all.link.open();
  all.socket().open();
  all.socket().say({ v: 1, gw: 'joined', left: 100 });
  return all;
}

test('it connects with the subprotocol and joins with the key, nothing more', () => {
  const { link, socket } = setUp();
  link.open();
  socket().open();
  assert.equal(socket().url, 'wss://host/ws');
  assert.equal(socket().protocols, 'tether.v1');
  assert.deepEqual(socket().sent.map(JSON.parse), [{ v: 1, op: 'join', key: 'K'.repeat(48) }]);
});

test('nothing is sent before the gateway has joined the topics', () => {
  const { link, socket } = setUp();
  link.open();
  assert.equal(link.send('x'), false);
  socket().open();
  assert.equal(link.send('x'), false);
  socket().say({ v: 1, gw: 'joined', left: 5 });
  assert.equal(link.send('x'), true);
  assert.equal(socket().sent.at(-1), 'x');
});

test('states are handed on unread, the gateway’s own words are not', () => {
  const { states, socket, phases } = joined();
  socket().say('mac.{"v":1}');
  socket().say({ v: 1, gw: 'bad', text: 'x' });
  assert.deepEqual(states, ['mac.{"v":1}']);
  assert.deepEqual(phases.at(-1), { phase: 'bad', text: 'x' });
});

test('of a gateway’s sentence only plain characters are taken, and not many', () => {
  const { socket, phases } = joined();
  const said = (text) => {
    socket().say({ v: 1, gw: 'bad', text });
    return phases.at(-1).text;
  };
  assert.equal(said('The line is busy: <b>no</b>\u202e\u0000\n”'), 'The line is busy: <b>no</b>');
  assert.equal(said('x'.repeat(1500)).length, 120);
  assert.equal(said(undefined), '');
  assert.equal(said({ toString: 1 }), '');
});

test('binary, over-long and unreadable messages are ignored', () => {
  const { states, socket, phases } = joined();
  const before = phases.length;
  socket().onmessage({ data: new ArrayBuffer(4) });
  socket().say('x'.repeat(3000));
  socket().say('{"v":');
  socket().say('{"gw":"novel"}');
  assert.equal(states.length, 0);
  assert.equal(phases.length, before);
});

test('a lost connection comes back after a random time that grows to ten seconds and no more', () => {
  const { link, phases, fire, socket } = setUp(() => 0.999);
  link.open();
  const waits = [];
  for (let i = 0; i < 8; i += 1) {
    socket().close();
    assert.equal(phases.at(-1).phase, 'away');
    waits.push(fire());
  }
  assert.deepEqual(waits.map((ms) => Math.round(ms / 1000)), [1, 2, 4, 8, 10, 10, 10, 10]);
  assert.equal(FakeSocket.made.length, 9);
});

test('an attempt after a failure says so, with the reason, until one succeeds', () => {
  const { link, phases, fire, socket } = setUp();
  link.open();
  assert.deepEqual(phases.at(-1), { phase: 'connecting', again: false, why: '' });
  socket().open();
  socket().say({ v: 1, gw: 'refused', why: 'busy', retry: 1 });
  socket().close();
  fire();
  assert.deepEqual(phases.at(-1), { phase: 'connecting', again: true, why: 'busy' });
  socket().close();
  fire();
  assert.deepEqual(phases.at(-1), { phase: 'connecting', again: true, why: '' });
});

test('the back-off is random and never zero', () => {
  for (const [random, least, most] of [[() => 0, 300, 300], [() => 0.7, 700, 700]]) {
    const { link, socket, fire } = setUp(random);
    link.open();
    socket().close();
    const ms = fire();
    assert.ok(ms >= least && ms <= most, String(ms));
  }
});

test('a successful join starts the back-off anew', () => {
  const { link, fire, socket } = setUp(() => 0.999);
  link.open();
  for (let i = 0; i < 5; i += 1) {
    socket().close();
    fire();
  }
  socket().open();
  socket().say({ v: 1, gw: 'joined', left: 5 });
  socket().close();
  assert.equal(Math.round(fire() / 1000), 1);
});

test('the gateway’s own waiting time is kept', () => {
  for (const [message, why] of [[{ gw: 'away', retry: 7 }, ''], [{ gw: 'refused', why: 'busy', retry: 7 }, 'busy']]) {
    const { link, phases, socket, fire } = setUp(() => 0.5);
    link.open();
    socket().open();
    socket().say({ v: 1, ...message });
    socket().close();
    assert.deepEqual(phases.at(-1), { phase: 'away', why, retry: 8 });
    assert.equal(fire(), 7500);
    socket().close();
    assert.equal(phases.at(-1).why, '', 'another connection, another reason');
  }
});

test('a refusal for good and an end are told and never tried again', () => {
  const final = ['forged', 'expired', 'revoked', 'bad', 'role', 'version'].map((why) => ['refused', why]);
  for (const [gw, why] of [...final, ['ended', 'expired'], ['ended', 'revoked']]) {
    const { link, phases, timers, socket } = setUp();
    link.open();
    socket().open();
    socket().say({ v: 1, gw, why, retry: 0 });
    socket().close();
    link.open();
    assert.deepEqual(phases.at(-1), { phase: gw, why });
    assert.equal(timers.size, 0);
    assert.equal(FakeSocket.made.length, 1);
  }
});

test('closing for good stays closed, closing until later can be opened again', () => {
  const later = joined();
  later.link.close(true);
  assert.equal(later.link.send('x'), false);
  later.link.open();
  assert.equal(FakeSocket.made.length, 2);
  const good = joined();
  good.link.close();
  good.link.open();
  assert.equal(FakeSocket.made.length, 1);
});

test('restart drops a silent connection and what may still come from it', () => {
  const { link, phases, socket, states } = joined();
  const old = socket();
  link.restart();
  assert.deepEqual(phases.at(-1), { phase: 'away', why: 'quiet', retry: 1 });
  assert.equal(old.readyState, 3);
  old.say('late');
  assert.deepEqual(states, []);
});

test('busy says whether bytes are still waiting', () => {
  const { link, socket } = joined();
  assert.equal(link.busy, false);
  socket().bufferedAmount = 10;
  assert.equal(link.busy, true);
});

test('a connection that has not joined after twenty seconds is given up like a lost one', () => {
  for (const gets of [() => {}, (socket) => socket.open(), (socket) => { socket.open(); socket.say('no state'); }]) {
    const { link, phases, fire, socket, timers } = setUp();
    link.open();
    const first = socket();
    gets(first);
    assert.equal(fire(), 20000);
    assert.deepEqual(phases.at(-1), { phase: 'away', why: '', retry: 1 });
    assert.equal(first.readyState, 3);
    first.onopen?.();
    assert.ok(!first.sent[1], 'what opens late joins nothing');
    assert.equal(fire(), 500);
    assert.equal(FakeSocket.made.length, 2);
    socket().open();
    socket().say({ v: 1, gw: 'joined', left: 100 });
    assert.equal(timers.size, 0, 'one that has joined stays');
  }
});

test('waking makes a new connection where the old one has been silent for ten seconds, and not sooner', () => {
  const { link, phases, clock, socket } = joined();
  const first = socket();
  clock.now += 9999;
  link.wake();
  assert.equal(FakeSocket.made.length, 1);
  first.say('any state');
  clock.now += 9999;
  link.wake();
  assert.equal(FakeSocket.made.length, 1);
  clock.now += 1;
  link.wake();
  link.wake();
  assert.equal(FakeSocket.made.length, 2, 'one new one');
  assert.equal(first.readyState, 3);
  assert.equal(phases.at(-1).phase, 'connecting');
  assert.equal(link.send('x'), false);
  clock.now += 10000;
  link.wake();
  assert.equal(FakeSocket.made.length, 3, 'also one that does not even open');
});

test('waking connects at once where none is, and never after the end', () => {
  const { link, socket, clock } = joined();
  socket().close();
  link.wake();
  assert.equal(FakeSocket.made.length, 2);
  socket().open();
  socket().say({ v: 1, gw: 'ended', why: 'revoked' });
  clock.now += 99999;
  link.wake();
  assert.equal(FakeSocket.made.length, 2);
});
