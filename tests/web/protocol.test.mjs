// web/protocol.js against the worked examples that the C code is tested against too.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import * as protocol from '../../web/protocol.js';
import { words } from '../../web/words.js';
import { root } from '../lib/proc.mjs';
import { canonical, makeSession, plainState, signState } from '../lib/fakegw.mjs';

const vectors = JSON.parse(readFileSync(`${root}/tests/vectors.json`, 'utf8'));

async function keysOf(session) {
  return protocol.deriveKeys(protocol.parseLink(session.link));
}

test('the worked examples are there', () => {
  assert.ok(vectors.sessions.length > 0);
  for (const session of vectors.sessions) {
    assert.ok(session.commands.length > 0 && session.states.length > 0 && session.checkWords.length > 0);
  }
});

test('a link is taken apart as in the worked examples', () => {
  for (const session of vectors.sessions) {
    const parsed = protocol.parseLink(session.link);
    const key = vectors.keys.find((each) => session.link.includes(each.key));
    assert.equal(protocol.hex(parsed.sid), session.sid);
    assert.equal(protocol.hex(parsed.secret), session.secret);
    assert.equal(parsed.key, key.key);
    assert.equal(parsed.expiry, key.expiry);
  }
});

test('a link is accepted with and without address and hash, and with white space around', () => {
  const { fragment, key } = makeSession();
  for (const text of [fragment, `#${fragment}`, `https://host/#${fragment}`, ` ${fragment}\n`]) {
    assert.equal(protocol.parseLink(text)?.key, key, text);
  }
});

test('a link that is cut, prolonged or misspelt anywhere is refused', () => {
  const { fragment } = makeSession();
  for (let i = 0; i < fragment.length; i += 1) {
    assert.equal(protocol.parseLink(fragment.slice(0, i)), null, `cut at ${i}`);
    assert.equal(protocol.parseLink(`${fragment.slice(0, i)}=${fragment.slice(i + 1)}`), null, `at ${i}`);
  }
  assert.equal(protocol.parseLink(`${fragment}A`), null);
  assert.equal(protocol.parseLink(''), null);
  assert.equal(protocol.parseLink(`https://host/${fragment}`), null, 'no hash');
});

test('base64url has one spelling per value', () => {
  assert.deepEqual([...protocol.unb64url('AA')], [0]);
  for (const text of ['AB', 'A', 'AA==', 'A+', 'A A', 'AAAAA']) {
    assert.equal(protocol.unb64url(text), null, text);
  }
});

test('commands have the canonical form and the MAC of the worked examples', async () => {
  for (const session of vectors.sessions) {
    const keys = await keysOf(session);
    for (const example of session.commands) {
      const { v, mac, ...command } = JSON.parse(example.json);
      if (command.op === 'stop') {
        assert.equal(protocol.STOP, example.json);
        continue;
      }
      assert.equal(v, 1);
      assert.equal(protocol.hex(protocol.canonical(command)), example.canonical, example.json);
      assert.deepEqual(JSON.parse(await protocol.signCommand(keys, command)), { v, ...command, mac });
    }
  }
});

test('every op, channel, mode and power has the canonical form of the protocol page', () => {
  const base = { a: 1, b: 2, page: '0011223344556677', n: 0x01020304, beacon: 0xfffefdfc };
  const own = [{ op: 'hello' }, { op: 'alive' }, { op: 'bye' }];
  own.push(...['A', 'B'].map((ch) => ({ op: 'level', ch, val: 100 })));
  own.push(...['C', 'D'].map((ch) => ({ op: 'param', ch, val: 7 })));
  own.push(...['low', 'high'].map((power) => ({ op: 'power', power })));
  own.push(...protocol.MODES.map((mode) => ({ op: 'mode', mode })));
  for (const fields of own) {
    const command = { ...fields, ...base };
    assert.equal(protocol.hex(protocol.canonical(command)), canonical(command).toString('hex'));
  }
});

test('the states of the worked examples are accepted', async () => {
  for (const session of vectors.sessions) {
    const keys = await keysOf(session);
    for (const { json, text } of session.states) {
      const { state, error } = await protocol.openState(keys, text);
      assert.equal(error, undefined);
      assert.deepEqual(state, JSON.parse(json));
    }
  }
});

test('a state with any character changed or cut off is forged', async () => {
  const [session] = vectors.sessions;
  const keys = await keysOf(session);
  const { text } = session.states[0];
  for (let i = 0; i < text.length; i += 1) {
    const other = text[i] === '1' ? '2' : '1';
    const changed = text.slice(0, i) + other + text.slice(i + 1);
    assert.deepEqual(await protocol.openState(keys, changed), { error: 'forged' }, `at ${i}`);
    assert.deepEqual(await protocol.openState(keys, text.slice(0, i)), { error: 'forged' }, `cut at ${i}`);
  }
});

test('a state signed with another session’s key, or with the key for commands, is forged', async () => {
  const [mine, other] = [makeSession(), makeSession()];
  const keys = await protocol.deriveKeys(protocol.parseLink(mine.fragment));
  const json = JSON.stringify({ ...plainState(), beacon: 1 });
  assert.ok((await protocol.openState(keys, signState(mine, json))).state);
  const reflected = { ...mine, g2p: mine.p2g };
  for (const session of [other, reflected]) {
    assert.deepEqual(await protocol.openState(keys, signState(session, json)), { error: 'forged' });
  }
});

test('an authentic state that lacks a field or has one out of range is unknown, not shown', async () => {
  const session = makeSession();
  const keys = await protocol.deriveKeys(protocol.parseLink(session.fragment));
  const good = { ...plainState(), beacon: 1 };
  const open = (state) => protocol.openState(keys, signState(session, JSON.stringify(state)));
  for (const field of Object.keys(good)) {
    const { [field]: _, ...rest } = good;
    assert.deepEqual(await open(rest), { error: 'unknown' }, `without ${field}`);
    assert.deepEqual(await open({ ...good, [field]: {} }), { error: 'unknown' }, `${field} an object`);
  }
  for (const wrong of [{ a: 101 }, { capb: -1 }, { beacon: 0 }, { guard: 'x' }, { page: 'ab' }, { v: 2 }, { bat: 1.5 }]) {
    assert.deepEqual(await open({ ...good, ...wrong }), { error: 'unknown' }, JSON.stringify(wrong));
  }
  assert.deepEqual(await protocol.openState(keys, signState(session, '{')), { error: 'unknown' });
});

test('modes that a newer agent may have are set aside', async () => {
  const session = makeSession();
  const keys = await protocol.deriveKeys(protocol.parseLink(session.fragment));
  const json = JSON.stringify({ ...plainState(), beacon: 1, mode: 'novel', modes: ['wave', 'novel'] });
  const { state } = await protocol.openState(keys, signState(session, json));
  assert.equal(state.mode, 'other');
  assert.deepEqual(state.modes, ['wave']);
});

test('check words are those of the worked examples', async () => {
  assert.equal(new Set(words).size, 256);
  for (const session of vectors.sessions) {
    const keys = await keysOf(session);
    for (const example of session.checkWords) {
      const found = await protocol.checkWords(keys, example.page, example.nonce, words);
      assert.equal(found.join(' '), example.words);
    }
  }
});

test('marks of pages are those of the worked examples, and are not the page ids', async () => {
  for (const session of vectors.sessions) {
    const keys = await keysOf(session);
    assert.ok(session.marks.length > 1);
    for (const { page, mark } of session.marks) {
      assert.equal(await protocol.pageMark(keys, page), mark);
      assert.notEqual(mark, page);
    }
  }
});

test('no derived key can be read out again', async () => {
  const keys = await protocol.deriveKeys(protocol.parseLink(makeSession().fragment));
  for (const key of Object.values(keys)) {
    await assert.rejects(crypto.subtle.exportKey('raw', key));
  }
});
