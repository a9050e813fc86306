// The wire, as docs/PROTOCOL.md has it: links, commands, states, check words. Pure: no DOM, no
// socket, no clock; only WebCrypto. What it is given came over a network and is not trusted until
// openState() has checked its MAC. The guard's twin is common/auth.c; tests/vectors.json binds the two.

const OPS = { level: 1, param: 2, mode: 3, power: 4, stop: 5, hello: 6, alive: 7, bye: 8 };
const CHANNELS = { A: 0, B: 1, C: 0, D: 1 };
const POWERS = ['low', 'high'];

// Wire names; the index is what the canonical form carries.
export const MODES = [
  'pulse', 'bounce', 'continuous', 'flo', 'asplit', 'bsplit', 'wave', 'waterfall', 'squeeze',
  'milk', 'throb', 'thrust', 'cycle', 'twist', 'random', 'step', 'training',
];

export const STOP = '{"v":1,"op":"stop"}';
const MAX_STATE = 1536;
const MAC_CHARS = 22;
const MAC_BYTES = 16;
const U32 = 0xffffffff;

const utf8 = new TextEncoder();

export const hex = (bytes) => Array.from(bytes, (x) => x.toString(16).padStart(2, '0')).join('');

export function unhex(text) {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

export function b64url(bytes) {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

// The bytes of base64url text, or null: one spelling per value, so spare bits must be zero.
export function unb64url(text) {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) {
    return null;
  }
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  const bytes = Uint8Array.from(binary, (c) => c.charCodeAt(0));
  return b64url(bytes) === text ? bytes : null;
}

// A link, its fragment, or bare key.secret -> { key, sid, expiry, secret }, or null.
// expiry is in unix seconds and only a hint: who decides is the key service.
export function parseLink(text) {
  const found = /^(?:[^#\s]*#)?([A-Za-z0-9_-]{48})\.([A-Za-z0-9_-]{22})$/.exec(text.trim());
  const key = found && unb64url(found[1]);
  const secret = found && unb64url(found[2]);
  if (!key || !secret) {
    return null;
  }
  return {
    key: found[1],
    sid: key.slice(0, 16),
    expiry: new DataView(key.buffer).getUint32(16),
    secret,
  };
}

// The session's three keys; none can be read out again. Throws where WebCrypto is missing.
export async function deriveKeys({ secret, sid }) {
  const base = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveKey']);
  const derive = (info) => crypto.subtle.deriveKey(
    { name: 'HKDF', hash: 'SHA-256', salt: sid, info: utf8.encode(info) },
    base,
    { name: 'HMAC', hash: 'SHA-256', length: 256 },
    false,
    ['sign'],
  );
  const [p2g, g2p, words] = await Promise.all(
    ['tether p2g', 'tether g2p', 'tether words'].map(derive),
  );
  return { p2g, g2p, words };
}

const hmac = async (key, bytes) => new Uint8Array(await crypto.subtle.sign('HMAC', key, bytes));

// The number at offset 3 of the canonical form.
function valueOf(command) {
  switch (command.op) {
    case 'level':
    case 'param':
      return command.val;
    case 'mode':
      return MODES.indexOf(command.mode);
    case 'power':
      return POWERS.indexOf(command.power);
    default:
      return 0;
  }
}

// The 24 bytes that a command's MAC covers.
export function canonical(command) {
  const bytes = new Uint8Array(24);
  const view = new DataView(bytes.buffer);
  bytes.set([1, OPS[command.op], CHANNELS[command.ch] ?? 0, valueOf(command), command.a, command.b]);
  bytes.set(unhex(command.page), 8);
  view.setUint32(16, command.n);
  view.setUint32(20, command.beacon);
  return bytes;
}

// A command as it goes on the wire. `command`: op and its own fields, a, b, page, n, beacon.
export async function signCommand(keys, command) {
  const mac = (await hmac(keys.p2g, canonical(command))).slice(0, MAC_BYTES);
  return JSON.stringify({ v: 1, ...command, mac: b64url(mac) });
}

// Without an early exit, so that its time tells nothing about where the first difference is.
function sameBytes(x, y) {
  let difference = x.length ^ y.length;
  for (let i = 0; i < x.length; i += 1) {
    difference |= x[i] ^ y[i];
  }
  return difference === 0;
}

const whole = (low, high) => (x) => Number.isInteger(x) && x >= low && x <= high;
const oneOf = (...names) => (x) => names.includes(x);
const bool = (x) => typeof x === 'boolean';
const id = (x) => typeof x === 'string' && /^([0-9a-f]{16})?$/.test(x);
const percent = whole(0, 100);

const STATE_FIELDS = {
  v: oneOf(1),
  beacon: whole(1, U32),
  guard: oneOf('waiting', 'asking', 'live', 'stopped', 'fault', 'ended'),
  why: (x) => typeof x === 'string',
  box: oneOf('ok', 'silent', 'off', 'gone', 'starting'),
  a: percent, b: percent, ta: percent, tb: percent, capa: percent, capb: percent,
  c: percent, d: percent,
  mode: (x) => typeof x === 'string',
  modes: Array.isArray,
  power: oneOf(...POWERS),
  lockp: bool, lockm: bool, join: bool,
  bat: whole(-1, 100),
  left: whole(0, U32),
  idle: whole(-1, U32),
  page: id, nonce: id,
  n: whole(0, U32),
  stops: whole(0, U32),
  bad: whole(0, U32),
};

// An authentic state has the right shape unless agent and page are of different versions.
// Names that a newer agent may have added are set aside, everything else must fit.
function readState(json) {
  const state = JSON.parse(json);
  for (const [field, fits] of Object.entries(STATE_FIELDS)) {
    if (!fits(state[field])) {
      return null;
    }
  }
  return {
    ...state,
    mode: MODES.includes(state.mode) ? state.mode : 'other',
    modes: MODES.filter((name) => state.modes.includes(name)),
  };
}

// `<mac>.<JSON>` -> { state } or { error: 'forged' | 'unknown' }; never throws on bad input.
// The caller checks that beacons rise.
export async function openState(keys, text) {
  const mac = text.length <= MAX_STATE && text[MAC_CHARS] === '.'
    ? unb64url(text.slice(0, MAC_CHARS)) : null;
  const json = text.slice(MAC_CHARS + 1);
  if (!mac || !sameBytes((await hmac(keys.g2p, utf8.encode(json))).slice(0, MAC_BYTES), mac)) {
    return { error: 'forged' };
  }
  try {
    const state = readState(json);
    return state ? { state } : { error: 'unknown' };
  } catch {
    return { error: 'unknown' };
  }
}

// What a session's states call a page: its id stays here, since who has the link and a page's id can
// speak as that page. page is hex, and so is the mark.
export async function pageMark(keys, page) {
  return hex((await hmac(keys.words, unhex(page))).slice(0, 8));
}

// The three words that page and wearer compare; `list` has 256. page and nonce are hex.
export async function checkWords(keys, page, nonce, list) {
  const digest = await hmac(keys.words, unhex(page + nonce));
  return Array.from(digest.slice(0, 3), (byte) => list[byte]);
}
