// What the page knows, and the rules of control on the page's side. Pure: no DOM, no socket, and
// the time (ms, monotonic) is an argument. Only authentic states may be given to state().
//
// The rules: levels are wanted only while this page holds control and states are fresh; every zero
// that the partner did not ask for ends control here too, until hello() is called anew.
//
// Events: "change" (something to show may differ) and "dropped" (control was given up by the page
// itself: tell the guard).

export const FRESH = 3000; // ms without a state until what is shown counts as stale
const SLEPT = 5000; // ms by which the two clocks must part to tell a sleep from a clock that was set
const DEAD = 20000; // ms of silence after which a connection that did bring states may be dead
const EMPTY = 60000; // and one that never brought any: the wearer's computer may just not be there
const ANSWER = 4000; // ms for a guard to react to `hello`
const SETTLE = 500; // ms that guard and page may differ about a target before the guard is right
const LOW_BATTERY = 15; // percent
const RISEN = 20; // percent above which a battery that was low is no longer: what is measured jumps about
const REMEMBERED = 64; // sent numbers kept for the round trip

const CHANNELS = ['A', 'B'];
const PARAMS = ['C', 'D'];
const UNSENT = Number.POSITIVE_INFINITY; // the number of a parameter that has not been sent yet
const field = { A: 'a', B: 'b', C: 'c', D: 'd' };

export class Store extends EventTarget {
  page = ''; // what states call this page in this session, 16 hex
  opening = 'none'; // why there is no session: none, broken, insecure; '' when there is one
  link = { phase: 'closed' }; // last phase of link.js
  joinedAt = null;
  left = null; // { seconds, at }: until the session's end
  state = null; // last authentic state
  stateAt = null;
  known = null; // the last one in which the box answered: of levels, mode and power only that one knows
  beacon = 0;
  counts = { forged: 0, replayed: 0, unknown: 0 };
  held = false; // the partner asked for control and nothing has ended that since
  confirmed = false; // the guard has reacted to our hello
  aside = ''; // why the page itself let go: hidden, given, silence, lost, unanswered; and, of a
  // request only, hiddenAsking, silenceAsking, lostAsking
  wants = { A: 0, B: 0 };
  params = { C: null, D: null }; // asked and not yet reached
  chosen = { mode: null, power: null }; // { value, at }: asked and not yet seen in a state
  stop = null; // { at, sent } until a state confirms zero
  zeros = 0; // rises when the wishes go to zero: a hand that held a slider then must let go first
  mistypedAt = null; // ms: when a mistyped link was given to a page that has a session
  misread = null; // { text, at }: why the gateway did not pass a command on, in its own words
  lowered = null; // ms: when the wearer last lowered a limit while we had control
  lowBattery = false;
  ours = false; // the stop that makes the guard say "partner" is our own
  words = null; // { nonce, words }
  trip = null; // last round trip, ms
  #ahead = null; // ms: how far the clock of the day was ahead of ours at the last tick
  #hello = { at: 0, n: 0 };
  #unsent = { A: false, B: false };
  #sentN = { A: 0, B: 0, C: 0, D: 0 };
  #differs = { A: null, B: null }; // since when a settled target is below our wish
  #moved = { C: 0, D: 0 }; // when a parameter was last asked for or seen to move
  #sentAt = new Map(); // n -> ms

  get mine() {
    return this.state !== null && this.state.page === this.page;
  }

  fresh(now) {
    return this.link.phase === 'joined' && this.stateAt !== null
      && this.stateAt >= this.joinedAt && now - this.stateAt <= FRESH;
  }

  // What is known of the box is what it does now.
  current(now) {
    return this.fresh(now) && this.known === this.state;
  }

  // The connection has brought no state for so long that a new one should be made.
  dead(now) {
    if (this.link.phase !== 'joined' || this.state?.guard === 'ended') {
      return false;
    }
    const came = this.stateAt !== null && this.stateAt >= this.joinedAt;
    return came ? now - this.stateAt > DEAD : now - this.joinedAt > EMPTY;
  }

  controls(now) {
    return this.held && this.mine && this.state.guard === 'live' && this.current(now);
  }

  // The highest level that may be wanted: joined channels share the lower cap.
  cap(ch) {
    const { capa, capb, join } = this.known ?? { capa: 0, capb: 0 };
    const own = ch === 'A' ? capa : capb;
    return join ? Math.min(capa, capb) : own;
  }

  // A session is opened; what was known of another one is forgotten. A stop that is not confirmed
  // outlives this where the session is the same one, opened anew: only that one calls us by this mark.
  opened(page) {
    this.stop = page === this.page ? this.stop : null;
    this.page = page;
    this.opening = '';
    this.link = { phase: 'connecting' };
    this.state = null;
    this.stateAt = null;
    this.known = null;
    this.beacon = 0;
    this.left = null;
    this.words = null;
    this.mistypedAt = null;
    this.misread = null;
    this.lowBattery = false;
    this.counts = { forged: 0, replayed: 0, unknown: 0 };
    this.#release('');
    this.#changed();
  }

  // A link that is none. A session that is under way goes on, and stays in sight.
  mistyped(now) {
    const over = ['refused', 'ended'].includes(this.link.phase) || this.state?.guard === 'ended';
    if (this.opening === '' && !over) {
      this.mistypedAt = now;
      this.#changed();
    } else {
      this.failed('broken');
    }
  }

  failed(opening) {
    this.opening = opening;
    this.#changed();
  }

  // A phase of link.js.
  phase(detail, now) {
    if (detail.phase === 'bad') {
      this.misread = { text: detail.text, at: now };
    } else {
      this.link = detail;
    }
    if (detail.phase === 'joined') {
      this.joinedAt = now;
      this.left = { seconds: detail.left, at: now };
    } else if (detail.phase !== 'bad' && this.held) {
      this.#release('lost');
    }
    this.#changed();
  }

  // An authentic state. False when its beacon does not rise: then nothing was taken from it.
  accept(state, now) {
    if (state.beacon <= this.beacon) {
      this.counts.replayed += 1;
      this.#changed();
      return false;
    }
    const before = this.state ?? state;
    if (state.stops > before.stops) {
      this.zero();
    }
    if (state.mode !== before.mode) {
      this.params = { C: null, D: null };
    }
    this.state = state;
    this.stateAt = now;
    this.known = state.box === 'ok' ? state : this.known;
    this.beacon = state.beacon;
    this.left = { seconds: state.left, at: now };
    this.#measure(now);
    this.#followControl();
    this.#followLimits(before, now);
    this.#followLevels(now);
    this.#followParams(before, now);
    this.#followChosen(now);
    this.#followStop();
    this.#followOurs();
    this.lowBattery = state.bat >= 0 && state.bat <= (this.lowBattery ? RISEN : LOW_BATTERY);
    this.#changed();
    return true;
  }

  // A message that was no authentic state (forged) or one that we cannot read (unknown).
  reject(error) {
    this.counts[error] += 1;
    this.#changed();
  }

  setWords(nonce, words) {
    this.words = { nonce, words };
    this.#changed();
  }

  // The partner pressed "Take control".
  hello(now) {
    this.zero();
    this.held = true;
    this.confirmed = false;
    this.aside = '';
    this.ours = false;
    this.#hello = { at: now, n: 0 };
    this.#changed();
  }

  // The page lets go of control: hidden, given, closed.
  leave(why) {
    if (this.held) {
      this.#release(why);
    }
    this.#changed();
  }

  // The partner pressed stop; sent: whether it could be handed to the socket.
  stopped(sent, now) {
    this.zero();
    this.stop = { at: now, sent };
    this.ours = true;
    this.#changed();
  }

  // Wishes level `value` on A or B. Returns the channels whose wish changed (joined ones together);
  // none while a stop is not yet confirmed.
  want(ch, value, now) {
    if (!this.controls(now) || this.stop) {
      return [];
    }
    const wish = Math.max(0, Math.min(Math.round(value), this.cap(ch)));
    const changed = (this.state.join ? CHANNELS : [ch]).filter((each) => this.wants[each] !== wish);
    for (const each of changed) {
      this.wants[each] = wish;
      this.#unsent[each] = true;
      this.#differs[each] = null;
    }
    this.#changed();
    return changed;
  }

  wantParam(ch, value, now) {
    if (!this.controls(now)) {
      return false;
    }
    this.params[ch] = Math.max(0, Math.min(Math.round(value), 100));
    this.#moved[ch] = now;
    this.#sentN[ch] = UNSENT;
    this.#changed();
    return true;
  }

  // Another mode or power: levels begin from zero then, and so do our wishes.
  choose(kind, value, now) {
    if (!this.controls(now) || this.state[kind] === value) {
      return false;
    }
    this.zero();
    this.chosen[kind] = { value, at: now };
    this.ours = false;
    this.#changed();
    return true;
  }

  // Both wishes to zero (a stop, a new mode or power, control lost). A parameter that waits to be sent
  // is dropped with them, as the sender does.
  zero() {
    this.zeros += 1;
    for (const ch of CHANNELS) {
      this.wants[ch] = 0;
      this.#unsent[ch] = false;
      this.#differs[ch] = null;
    }
    for (const ch of PARAMS.filter((each) => this.#sentN[each] === UNSENT)) {
      this.params[ch] = null;
      this.#sentN[ch] = 0;
    }
  }

  // A command left the page.
  sent(op, ch, n, now) {
    if (op === 'hello') {
      this.#hello.n = n;
    }
    if (op === 'level' || op === 'param') {
      this.#sentN[ch] = n;
      this.#unsent[ch] = false;
    }
    if (op !== 'alive' && op !== 'bye') {
      this.#sentAt.set(n, now);
      if (this.#sentAt.size > REMEMBERED) {
        this.#sentAt.delete(this.#sentAt.keys().next().value);
      }
    }
  }

  // Call a few times a second: what follows from silence. day: ms, of the clock of the day. It goes on
  // while the computer sleeps, where in some browsers `now` does not: then what we have is old.
  tick(now, day = now) {
    if (this.#ahead !== null && day - now - this.#ahead > SLEPT) {
      this.stateAt = null;
    }
    this.#ahead = day - now;
    if (this.held && this.state !== null && !this.fresh(now)) {
      this.#drop('silence');
    } else if (this.held && !this.confirmed && now - this.#hello.at > ANSWER) {
      this.#drop('unanswered');
    }
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }

  #release(why) {
    const had = this.mine && this.state.guard === 'live';
    this.aside = !had && ['hidden', 'silence', 'lost'].includes(why) ? `${why}Asking` : why;
    this.held = false;
    this.confirmed = false;
    this.params = { C: null, D: null };
    this.chosen = { mode: null, power: null };
    this.lowered = null;
    this.#sentAt.clear();
    this.zero();
  }

  #drop(why) {
    this.#release(why);
    this.dispatchEvent(new Event('dropped'));
  }

  #followControl() {
    if (!this.held) {
      return;
    }
    const { guard, n } = this.state;
    const busy = guard === 'live' || guard === 'asking';
    if (this.mine && busy) {
      this.confirmed = true;
      return;
    }
    const answered = this.mine && this.#hello.n > 0 && n >= this.#hello.n;
    if (this.confirmed || answered || busy) {
      this.#release('');
    }
  }

  // Another power has other limits, which is no news; the same power with lower ones is.
  #followLimits(before, now) {
    const { power, capa, capb } = this.state;
    const lower = capa < before.capa || capb < before.capb;
    if (this.held && this.mine && lower && power === before.power) {
      this.lowered = now;
    }
  }

  // Where the guard's target settles elsewhere (the wearer's hand on the box, a lower cap, a lost
  // message), the guard is right and the slider follows; up to the cap, which binds no hand on the box.
  #followLevels(now) {
    for (const ch of CHANNELS) {
      this.wants[ch] = Math.min(this.wants[ch], this.cap(ch));
      const target = Math.min(this.state[`t${field[ch]}`], this.cap(ch));
      const settled = this.held && this.mine && this.state.guard === 'live'
        && !this.#unsent[ch] && this.state.n >= this.#sentN[ch] && target !== this.wants[ch];
      if (!settled) {
        this.#differs[ch] = null;
        continue;
      }
      this.#differs[ch] ??= now;
      if (now - this.#differs[ch] >= SETTLE) {
        this.wants[ch] = target;
        this.#differs[ch] = null;
      }
    }
  }

  // A parameter has arrived, or it moves no more: then the box is right.
  #followParams(before, now) {
    for (const ch of PARAMS) {
      const value = this.state[field[ch]];
      if (value !== before[field[ch]]) {
        this.#moved[ch] = now;
      }
      const over = this.params[ch] === value || now - this.#moved[ch] > FRESH;
      if (this.state.n >= this.#sentN[ch] && over) {
        this.params[ch] = null;
      }
    }
  }

  #followChosen(now) {
    for (const kind of ['mode', 'power']) {
      const { value, at } = this.chosen[kind] ?? {};
      if (value === this.state[kind] || now - at > ANSWER) {
        this.chosen[kind] = null;
      }
    }
  }

  // Only the box itself can confirm zero: of one that does not answer, the levels are not known.
  #followStop() {
    const { box, a, b, ta, tb } = this.state;
    if (box === 'ok' && a === 0 && b === 0 && ta === 0 && tb === 0) {
      this.stop = null;
    }
  }

  // Once levels were raised anew, the next zero is not of the stop or the choice before them.
  #followOurs() {
    const { ta, tb } = this.state;
    const pending = this.stop || this.chosen.mode || this.chosen.power;
    if (!pending && ta + tb > 0 && this.wants.A + this.wants.B > 0) {
      this.ours = false;
    }
  }

  #measure(now) {
    if (!this.mine) {
      return;
    }
    for (const [n, at] of this.#sentAt) {
      if (n <= this.state.n) {
        this.trip = now - at;
        this.#sentAt.delete(n);
      }
    }
  }
}
