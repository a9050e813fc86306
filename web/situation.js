// From what the store knows to what is said: one sentence for every situation, the alarms, and
// which button makes sense. Pure; the words themselves are in strings.js.

const STOP_CONFIRM = 2000; // ms for a stop to be confirmed before we say that it was not
const SOON = 300; // seconds left
const NEWS = 10000; // ms that a lowered limit, a mistyped link or a refused command is told

const say = (key, kind, action = null, arg = undefined) => ({ key, kind, action, arg });

const ZERO_SAID = ['given', 'hidden', 'lost']; // sentences that say that both outputs are at zero
const CROWDED = ['busy', 'limit']; // refusals of a server that can be reached
export const RETRIED = ['away', 'crowded', 'renewing']; // sentences for the time until a connection is made
const PERMANENT = ['forged', 'expired', 'revoked', 'version'];

function awayKey(why) {
  if (why === 'quiet') {
    return 'renewing';
  }
  return CROWDED.includes(why) ? 'crowded' : 'away';
}

// Why there is no use in looking at states: no link, no connection, over. Null when joined.
function beforeJoined({ opening, link, state }) {
  if (opening) {
    return say(opening, opening === 'none' ? 'wait' : 'over');
  }
  if (state?.guard === 'ended') {
    return say(['expired', 'revoked'].includes(state.why) ? state.why : 'ended', 'over');
  }
  switch (link.phase) {
    case 'refused':
      return say(PERMANENT.includes(link.why) ? link.why : 'refusedLink', 'over');
    case 'ended':
      return say(link.why === 'expired' ? 'expired' : 'revoked', 'over');
    case 'joined':
      return null;
    default:
      return link.phase === 'away' || link.again
        ? say(awayKey(link.why), 'warn', null, link.retry) : say('connecting', 'wait');
  }
}

// Joined, but no fresh state.
function withoutState(store, now, fresh) {
  if (now - store.joinedAt <= fresh) {
    return say('joined', 'wait');
  }
  if (store.counts.forged > 0 && store.state === null) {
    return say('forgedOnly', 'warn');
  }
  if (store.counts.unknown > 0 && store.state === null) {
    return say('versions', 'warn');
  }
  return store.state === null ? say('absent', 'wait') : say('stale', 'warn');
}

// What both outputs do: "zero" only where the box itself says so. While nobody has control a target
// above zero is the wearer's own hand on the box; without one the box is on its way to zero.
function outputs({ guard, box, a, b, ta, tb }) {
  if (box !== 'ok') {
    return 'unknown';
  }
  if (a + b + ta + tb === 0) {
    return 'zero';
  }
  return ta + tb > 0 && guard !== 'live' ? 'hand' : 'moving';
}

// Why this page has no control, in a sentence that says that both outputs are at zero: while they are.
function atZero({ state }, key) {
  const now = outputs(state);
  if (now === 'zero') {
    return say(key, 'wait', 'take');
  }
  return now === 'hand' ? say('byHand', 'wait', 'take') : say('stopping', 'stop', 'take');
}

// Why the page itself let go.
function aside(store) {
  if (ZERO_SAID.includes(store.aside)) {
    return atZero(store, store.aside);
  }
  return say(store.aside || 'ready', 'wait', 'take');
}

function liveSituation(store) {
  const { why, a, b, ta, tb } = store.state;
  const { A, B } = store.wants;
  if (!store.mine) {
    return say('inUse', 'wait');
  }
  if (!store.held) {
    return aside(store);
  }
  if (store.stop) {
    return say('stopping', 'stop', 'give');
  }
  if (!['partner', 'change'].includes(why) || A + B + ta + tb > 0) {
    return say('live', 'ok', 'give');
  }
  if (a + b > 0) {
    return say('stopping', 'stop', 'give');
  }
  if (why === 'change') {
    return say('fromZero', 'ok', 'give');
  }
  // "partner" covers our stop and one of somebody else who has the link.
  return say(store.ours ? 'stoppedByYou' : 'stoppedElsewhere', 'stop', 'give');
}

// A question of ours that we let go of (hidden, lost, withdrawn) stands until the guard hears of it.
function askingSituation(store) {
  if (!store.mine) {
    return say('wanted', 'wait');
  }
  return store.held ? say('asking', 'wait', 'cancel') : aside(store);
}

function waitingSituation(store) {
  const { why } = store.state;
  if (store.held) {
    return say('helloSent', 'wait', 'cancel');
  }
  if (why === 'refused') {
    return store.mine ? say('refused', 'warn', 'take') : say('ready', 'wait', 'take');
  }
  const known = ['silent', 'wearer', 'idle', 'checkin', 'box', 'link', 'clock', 'ui'];
  if (store.aside) {
    return aside(store);
  }
  return known.includes(why) ? atZero(store, `after_${why}`) : say('ready', 'wait', 'take');
}

const LATCHED = ['wearer', 'idle', 'checkin', 'box', 'link', 'clock', 'ui'];

// The wearer's latch holds, whatever the box does.
function stoppedSituation({ state }) {
  const why = LATCHED.includes(state.why) ? state.why : 'wearer';
  const now = outputs(state);
  return now === 'zero' ? say(`stopped_${why}`, 'stop') : say(`stopped_${now}`, 'stop', null, why);
}

// The sentence of role=status: { key, kind, action, arg }.
// kind: wait, ok, warn, stop, over. action: take, give, cancel or null. arg: for the sentence.
export function situation(store, now, fresh) {
  const early = beforeJoined(store);
  if (early) {
    return early;
  }
  if (!store.fresh(now)) {
    return withoutState(store, now, fresh);
  }
  const { guard, why, box } = store.state;
  if (box !== 'ok' && guard !== 'stopped') {
    return say(`box_${box}`, 'warn', store.held ? 'give' : null);
  }
  switch (guard) {
    case 'live':
      return liveSituation(store);
    case 'asking':
      return askingSituation(store);
    case 'stopped':
      return stoppedSituation(store);
    case 'fault':
      return say(`fault_${LATCHED.includes(why) ? why : 'box'}`, 'warn');
    default:
      return waitingSituation(store);
  }
}

// What is alarming now, beside the sentence: keys of strings.alarm.
export function alarms(store, now) {
  const found = [];
  const add = (key, when) => when && found.push(key);
  const { stop, counts, lowered, misread } = store;
  const ours = store.mine && store.state.guard === 'live'; // as far as is known: our silence ends it
  add('stopUnsent', stop && !stop.sent && ours);
  add('stopUnheard', stop && !stop.sent && !ours);
  add('stopUnconfirmed', stop && stop.sent && now - stop.at > STOP_CONFIRM);
  add('forged', counts.forged + counts.replayed > 0 && store.state !== null);
  add('misread', misread !== null && now - misread.at <= NEWS);
  add('mistyped', store.mistypedAt !== null && now - store.mistypedAt <= NEWS);
  if (store.fresh(now)) {
    const { box, guard, idle } = store.state;
    const left = secondsLeft(store, now);
    add('boxSilent', guard === 'stopped' && box !== 'ok');
    add('battery', store.lowBattery);
    add('limits', lowered !== null && now - lowered <= NEWS && store.controls(now));
    add('idle', idle >= 0 && store.controls(now));
    add('soon', guard !== 'ended' && left <= SOON);
  }
  return found;
}

// Alarms that are good to know, not dangerous.
export const NOTICES = ['battery', 'limits', 'idle', 'soon', 'misread', 'mistyped'];

// Seconds until the session's end, or null when not known.
export function secondsLeft({ left }, now) {
  return left && Math.max(0, Math.round(left.seconds - (now - left.at) / 1000));
}
