// The wiring: address bar -> keys -> link, sender, store, view. Runs in the partner's browser; the
// key and the secret live in this module's memory only, for as long as the page is open.

import { Link } from './link.js';
import { checkWords, deriveKeys, hex, openState, pageMark, parseLink } from './protocol.js';
import { Sender } from './sender.js';
import { Store } from './state.js';
import { View } from './view.js';
import { words } from './words.js';

const TICK = 250; // ms

const now = () => performance.now();
const page = hex(crypto.getRandomValues(new Uint8Array(8)));
const count = { n: 0 }; // of our commands: the numbers go on with the page id, also in another session
const store = new Store();
let session = null; // { keys, link, sender }: at most one
let awake = null; // the screen's wake lock, or its promise, while control is asked for or held

// Takes the fragment out of the address bar and this history entry before anything else happens.
function takeFragment() {
  const { hash } = window.location;
  if (hash) {
    window.history.replaceState(null, '', window.location.pathname);
  }
  return hash;
}

const visible = () => document.visibilityState === 'visible';

// The commands, as the view's buttons and sliders call them.
const act = {
  take() {
    store.hello(now());
    session.sender.hello();
  },
  give() {
    letGo('given');
  },
  cancel() {
    letGo('');
  },
  stop() {
    store.stopped(session?.sender.stop() ?? false, now());
  },
  level(ch, value) {
    for (const changed of store.want(ch, value, now())) {
      session.sender.level(changed);
    }
    draw();
  },
  param(ch, value) {
    if (store.wantParam(ch, value, now())) {
      session.sender.param(ch, store.params[ch]);
    }
    draw();
  },
  choose(kind, value) {
    if (store.choose(kind, value, now())) {
      session.sender[kind](value);
    }
    draw();
  },
  open,
};

const view = new View(store, act);

function draw() {
  view.render(now());
}

// Gives control up because of what happened on this side.
function letGo(why) {
  if (store.held) {
    store.leave(why);
    session.sender.bye();
  }
}

// A message that claims to be a state. Verified and taken in the order of arrival.
async function receive(mine, text) {
  const { state, error } = await openState(mine.keys, text);
  if (mine !== session) {
    return;
  }
  if (error) {
    store.reject(error);
    return;
  }
  if (!store.accept(state, now())) {
    return;
  }
  answer(state);
  if (store.mine && state.nonce && store.words?.nonce !== state.nonce) {
    store.setWords(state.nonce, await checkWords(mine.keys, page, state.nonce, words));
  }
}

// The heartbeat. A page that does not hold control stays silent, except to give back what the
// guard still believes it to have (a `bye` that was lost).
function answer(state) {
  if (store.held && visible()) {
    session.sender.alive();
  } else if (store.mine && !store.held && ['live', 'asking'].includes(state.guard)) {
    session.sender.bye();
  }
}

async function open(text) {
  const parsed = parseLink(text);
  if (!parsed) {
    store.mistyped(now());
    return;
  }
  if (!crypto.subtle) {
    store.failed('insecure');
    return;
  }
  letGo('');
  session?.link.close();
  session = null;
  const keys = await deriveKeys(parsed);
  const mark = await pageMark(keys, page);
  const scheme = window.location.protocol === 'https:' ? 'wss:' : 'ws:';
  start(keys, new Link(`${scheme}//${window.location.host}/ws`, parsed.key), mark);
}

function start(keys, link, mark) {
  const sender = new Sender({
    keys,
    page,
    link,
    count,
    facts: () => ({ a: store.wants.A, b: store.wants.B, beacon: store.beacon }),
    env: { sent: (op, ch, n) => store.sent(op, ch, n, now()) },
  });
  const mine = { keys, link, sender };
  session?.link.close();
  session = mine;
  store.opened(mark);
  let line = Promise.resolve();
  link.addEventListener('phase', ({ detail }) => {
    if (mine !== session) {
      return;
    }
    store.phase(detail, now());
    // Also one that was handed to a socket: it may have been dead by then.
    if (detail.phase === 'joined' && store.stop) {
      act.stop();
    }
  });
  link.addEventListener('state', ({ detail }) => {
    line = line.then(() => receive(mine, detail));
  });
  link.open();
}

function tick() {
  store.tick(now(), Date.now());
  if (store.dead(now())) {
    session?.link.restart();
  }
  stayAwake(store.held && visible());
}

// A phone that locks itself gives control up, or withdraws the request for it: its screen stays on until then.
async function stayAwake(wanted) {
  if (!wanted) {
    awake?.release?.();
    awake = null;
    return;
  }
  if (awake === null && navigator.wakeLock) {
    awake = navigator.wakeLock.request('screen');
    try {
      const lock = await awake;
      awake = lock;
      lock.addEventListener('release', () => { awake = null; });
    } catch {
      awake = {}; // refused (battery saver): not asked again until control ends
    }
  }
}

store.addEventListener('change', draw);
store.addEventListener('dropped', () => session?.sender.bye());

document.addEventListener('visibilitychange', () => {
  if (visible()) {
    session?.link.wake();
  } else {
    letGo('hidden');
  }
});
// Firefox has closed the socket by the time of pagehide, Safari on a phone knows no beforeunload.
window.addEventListener('beforeunload', () => letGo('hidden'));
window.addEventListener('pagehide', () => {
  letGo('hidden');
  session?.link.close(true);
});
window.addEventListener('pageshow', () => session?.link.wake());
window.addEventListener('online', () => session?.link.wake());
window.addEventListener('hashchange', () => {
  const hash = takeFragment();
  if (hash) {
    open(hash);
  }
});
setInterval(tick, TICK);

const fragment = takeFragment();
if (fragment) {
  open(fragment);
}
draw();
