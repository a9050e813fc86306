// The WebSocket to the gateway: connects, joins, reconnects. Knows nothing of keys or of what
// commands and states mean. What arrives is not trusted: states are handed on unread, the gateway's
// own words (they alone begin with "{") only decide whether and when to connect again.
//
// Events: "phase" (detail: { phase, why, again, retry, left }) and "state" (detail: text).
//   connecting  a socket is being opened, or the key service is being asked. again: since the last attempt
//               failed, or the connection was lost, with `why` as in `away`
//   joined      commands may be sent; left: seconds until the key's end
//   away        no connection; the next attempt comes in `retry` seconds. why: the code with which
//               the key was refused for now, "quiet" where we gave the connection up, else ''
//   refused     the key was refused for good: why is a code of docs/PROTOCOL.md
//   ended       the session is over: why is "expired" or "revoked"
//   closed      closed by this page
//   bad         the gateway did not pass a command on, text: why; the connection stays

const FIRST_DELAY = 1; // seconds; doubles with each failure
const MAX_DELAY = 10;
const MAX_JOIN = 20; // from here to joined; a gateway that is there has given up after 15
const QUIET = 10; // without a word in which a connection may have died; a guard speaks every second
const MAX_RETRY = 120; // the most that we let a gateway make us wait
const MAX_MESSAGE = 2048;
const MAX_SENTENCE = 120; // characters of a gateway's sentence: its longest has 94

// Refusals that may pass; every other one stays however often we ask.
const PASSING = ['busy', 'failed', 'late', 'limit'];

// A gateway's sentence, as it may be shown: plain characters, which can neither hide nor turn others.
const sentence = (text) => (typeof text === 'string' ? text : '').replace(/[^ -~]/g, '').slice(0, MAX_SENTENCE);

export class Link extends EventTarget {
  #url;
  #key;
  #env;
  #socket = null;
  #timer = null; // of the next attempt, or of the present one's end
  #heard = 0; // ms: when the socket was made, or last said something
  #failures = 0;
  #joined = false;
  #final = false; // no further attempt
  #asked = 0; // seconds that the gateway asked us to wait
  #why = ''; // its reason, when it refused us for now

  // env: { WebSocket, setTimeout, clearTimeout, random, now } for tests. now: a clock that goes on while
  // the computer sleeps.
  constructor(url, key, env = {}) {
    super();
    this.#url = url;
    this.#key = key;
    this.#env = {
      WebSocket: globalThis.WebSocket,
      setTimeout: (...args) => setTimeout(...args),
      clearTimeout: (timer) => clearTimeout(timer),
      random: Math.random,
      now: () => Date.now(),
      ...env,
    };
  }

  get joined() {
    return this.#joined;
  }

  // Bytes are still waiting here: more of them would only be older when they arrive.
  get busy() {
    return this.#socket !== null && this.#socket.bufferedAmount > 0;
  }

  // Connects now, also when a later attempt was planned. Does nothing when connected or over.
  open() {
    if (this.#final || this.#socket) {
      return;
    }
    this.#tell({ phase: 'connecting', again: this.#failures > 0, why: this.#why });
    this.#asked = 0;
    this.#why = '';
    const socket = new this.#env.WebSocket(this.#url, 'tether.v1');
    this.#socket = socket;
    this.#heard = this.#env.now();
    this.#wait(() => this.#giveUp(), MAX_JOIN);
    socket.onopen = () => socket.send(JSON.stringify({ v: 1, op: 'join', key: this.#key }));
    socket.onmessage = (event) => this.#read(event.data);
    socket.onclose = () => this.#lost(socket);
  }

  // Gives the present connection up and makes a new one: for one that has gone silent.
  restart() {
    if (this.#socket && !this.#final) {
      this.#why = 'quiet';
      this.#giveUp();
    }
  }

  // The page or the network is back: connects now, also where a connection stands that has not said a
  // word for so long that it may be dead. Not sooner, since a gateway counts our attempts to join.
  wake() {
    if (this.#socket && !this.#final && this.#env.now() - this.#heard >= QUIET * 1000) {
      this.#drop(this.#socket);
      this.#socket = null;
      this.#joined = false;
    }
    this.open();
  }

  // Closes for good, or (later true) until open() is called again.
  close(later = false) {
    this.#final ||= !later;
    this.#stopWaiting();
    if (this.#socket) {
      this.#drop(this.#socket);
      this.#socket = null;
    }
    this.#joined = false;
    this.#tell({ phase: 'closed' });
  }

  // True when the text was handed to the socket.
  send(text) {
    if (!this.#joined || this.#socket.readyState !== 1) {
      return false;
    }
    this.#socket.send(text);
    return true;
  }

  #tell(detail) {
    this.dispatchEvent(new CustomEvent('phase', { detail }));
  }

  #wait(then, seconds) {
    this.#stopWaiting();
    this.#timer = this.#env.setTimeout(then, seconds * 1000);
  }

  #stopWaiting() {
    this.#env.clearTimeout(this.#timer);
    this.#timer = null;
  }

  #giveUp() {
    const socket = this.#socket;
    this.#drop(socket);
    this.#lost(socket);
  }

  #drop(socket) {
    socket.onopen = null;
    socket.onmessage = null;
    socket.onclose = null;
    socket.close();
  }

  #lost(socket) {
    if (socket !== this.#socket) {
      return;
    }
    this.#socket = null;
    this.#joined = false;
    if (!this.#final) {
      this.#later();
    }
  }

  // Random, so that thousands of pages do not come back in the same moment.
  #later() {
    const most = Math.min(MAX_DELAY, FIRST_DELAY * 2 ** this.#failures);
    const wait = this.#asked + Math.max(0.3, most * this.#env.random());
    this.#failures = Math.min(this.#failures + 1, 8);
    this.#wait(() => this.open(), wait);
    this.#tell({ phase: 'away', why: this.#why, retry: Math.ceil(wait) });
  }

  #read(data) {
    this.#heard = this.#env.now();
    if (typeof data !== 'string' || data.length > MAX_MESSAGE) {
      return;
    }
    if (!data.startsWith('{')) {
      this.dispatchEvent(new CustomEvent('state', { detail: data }));
      return;
    }
    let message;
    try {
      message = JSON.parse(data);
    } catch {
      return;
    }
    this.#gateway(message);
  }

  #gateway({ gw, why, retry, left, text }) {
    const wait = Math.min(MAX_RETRY, Math.max(0, Number(retry) || 0));
    switch (gw) {
      case 'joined':
        this.#stopWaiting();
        this.#joined = true;
        this.#failures = 0;
        this.#tell({ phase: 'joined', left: Number(left) || 0 });
        break;
      case 'refused':
        if (PASSING.includes(why)) {
          this.#asked = wait;
          this.#why = why;
        } else {
          this.#over({ phase: 'refused', why: String(why) });
        }
        break;
      case 'ended':
        this.#over({ phase: 'ended', why: String(why) });
        break;
      case 'away':
        this.#asked = wait;
        break;
      case 'bad':
        this.#tell({ phase: 'bad', text: sentence(text) });
        break;
      default:
    }
  }

  #over(detail) {
    this.#stopWaiting();
    this.#final = true;
    this.#joined = false;
    this.#tell(detail);
  }
}
