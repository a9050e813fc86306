// The key service under load, on a full disk, killed at any moment, and where it can't even begin.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { unixNow } from '../lib/broker.mjs';
import {
  connectAsker, connectGateway, issueAsGuest, issueRequest, joinedSession, keysvc, program, revokedLines, setUp,
  startKeysvc,
} from '../lib/keysvc.mjs';
import { folder, read, run, sleep, until } from '../lib/proc.mjs';

const failed = 'tether-keysvc: the revocation could not be written: see the key service\'s log\n';

// ---- limits ----

// Sends `requests`, fifteen at a time (the broker takes twenty in flight). Resolves with the answers.
async function askMany(asker, requests) {
  const answers = [];
  for (let at = 0; at < requests.length; at += 15) {
    const part = requests.slice(at, at + 15);
    await Promise.all(part.map((r) => asker.publish(`key/${asker.role}/${asker.client}/req`, JSON.stringify(r))));
    await until(() => asker.received.length >= part.length, 5000, 'all are answered');
    answers.push(...asker.received.splice(0).map((m) => JSON.parse(m.text)));
  }
  return answers;
}

const countOk = (answers) => answers.filter((a) => a.ok).length;

// All that were refused were told "busy" and when to come back, within `most` seconds.
function assertBusy(answers, most) {
  const refused = answers.filter((a) => !a.ok);
  assert.ok(refused.length > 0, 'some were refused');
  for (const a of refused) {
    assert.equal(a.why, 'busy');
    assert.match(a.text, /try again/);
    assert.ok(a.retry >= 1 && a.retry <= most, `retry ${a.retry}`);
  }
}

test('issue has a limit over all clients: 200 at once, then four a second', { timeout: 60000 }, async (t) => {
  const at = await setUp(t);
  const answers = [];
  const begin = Date.now();
  // On a slow machine room grows while they ask: until some were refused.
  for (let i = 0; i < 116 || answers.every((a) => a.ok); i++) {
    // Two each, which one client may; from several addresses, of which each may so often.
    const guest = await connectAsker(t, { ...at, who: { role: 'guest' }, options: { localAddress: `127.0.0.${2 + i % 16}` } });
    answers.push(...await askMany(guest, [issueRequest(), issueRequest()]));
    await guest.end();
  }
  const seconds = (Date.now() - begin) / 1000;
  const ok = countOk(answers);
  assert.ok(ok >= 200 && ok <= 201 + 4 * seconds, `${ok} issued in ${seconds} s`);
  assertBusy(answers, 20); // a guest that shares its bucket with others has to wait for its own limit
  await sleep(1000);
  assert.equal((await issueAsGuest(t, at)).ok, true, 'a second later there is room again');
});

test('redeem has a limit for one gateway and one over all', { timeout: 90000 }, async (t) => {
  const at = await setUp(t, { gateways: 5 });
  const { key } = await issueAsGuest(t, at);
  const gateways = await Promise.all(at.daemon.tokens.map((file) => connectGateway(t, { ...at, file })));
  // So many, and on until one was refused: room grows meanwhile.
  const redeem = async (asker, count, over) => {
    const answers = [];
    while (answers.length < count || !over.refused) {
      answers.push(...await askMany(asker, Array.from({ length: 15 }, (_, id) => ({ v: 1, op: 'redeem', id, key }))));
      over.refused ||= answers.some((a) => !a.ok);
    }
    return answers;
  };
  // Each stays within its own 1000, so whoever is refused is so for the 2000 of all.
  const begin = Date.now();
  const four = {};
  const answers = (await Promise.all(gateways.slice(0, 4).map((g) => redeem(g, 1000, four)))).flat();
  const seconds = (Date.now() - begin) / 1000;
  const ok = countOk(answers);
  assert.ok(ok >= 2000 && ok <= 2001 + 200 * seconds, `${ok} redeemed in ${seconds} s`);
  assertBusy(answers, 1);
  // Alone, when those of all have grown again: 1000 and 100 a second.
  await sleep(7000);
  const start = Date.now();
  const own = await redeem(gateways[4], 2000, {});
  const most = 1001 + 100 * (Date.now() - start) / 1000;
  assert.ok(countOk(own) >= 1000 && countOk(own) <= most, `${countOk(own)} of at most ${most}`);
  assertBusy(own, 1);
});

// ---- disk full ----

const limitFiles = (pid, bytes) => execFileSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:`]);

test('a revocation that can not be written is never called done', { timeout: 60000 }, async (t) => {
  const at = await setUp(t);
  const gateway = await connectGateway(t, { ...at, file: at.daemon.tokens[0] });
  const { issued, agent } = await joinedSession(t, at, gateway);
  limitFiles(at.daemon.pid, 10);
  const one = await at.daemon.revoke(issued.sid);
  assert.deepEqual([one.code, one.out, one.err], [1, '', failed]);
  const all = await at.daemon.revoke('--all');
  assert.deepEqual([all.code, all.out], [1, '']);
  assert.match(all.err, /not all could be written/);
  const own = await agent.ask({ v: 1, op: 'end', id: 9, token: issued.token });
  assert.deepEqual([own.ok, own.why, own.retry > 0], [false, 'failed', true]);
  assert.deepEqual(revokedLines(at.data), []);
  assert.match(at.daemon.log(), /can't write the revocation file/);
  assert.equal((await gateway.redeem(issued.key)).ok, true, 'it is as alive as it was said to be');
  const refused = await issueAsGuest(t, at);
  assert.deepEqual([refused.ok, refused.why], [false, 'failed'], 'no key is given out that the journal can not hold');
  limitFiles(at.daemon.pid, 'unlimited');
  const again = await at.daemon.revoke(issued.sid);
  assert.equal(again.code, 0, again.err);
  assert.match(again.out, /2 connections cut/);
  assert.equal(revokedLines(at.data).length, 1);
});

test('the same on a file system that is really full', { timeout: 60000,
  skip: process.getuid() !== 0 && 'needs root to mount' }, async (t) => {
  const at = await setUp(t);
  await at.daemon.stop();
  const mount = `${at.data}/revoked`;
  try { run('mount', ['-t', 'tmpfs', '-o', 'size=16k', 'tmpfs', mount]); } catch { return t.skip('mounting is not allowed here'); }
  try { await onFullDisk(t, at, mount); } finally { run('umount', ['-l', mount]); }
});

async function onFullDisk(t, at, mount) {
  writeFileSync(`${mount}/revoked`, '');
  const daemon = await startKeysvc(t, at.daemonOptions);
  const { sid, key } = await issueAsGuest(t, at);
  const gateway = await connectGateway(t, { ...at, file: daemon.tokens[0] });
  try { for (;;) appendFileSync(`${mount}/filler`, 'x'.repeat(1024)); } catch (error) { assert.equal(error.code, 'ENOSPC'); }
  const result = await daemon.revoke(sid);
  assert.deepEqual([result.code, result.out, result.err], [1, '', failed]);
  assert.equal((await gateway.redeem(key)).ok, true);
  rmSync(`${mount}/filler`);
  assert.equal((await daemon.revoke(sid)).code, 0);
  assert.equal((await gateway.redeem(key)).why, 'revoked');
}

// ---- killed ----

// What was acknowledged so far, checked against a service that has just started.
async function checkRecords(t, at, known) {
  const listed = new Map((await at.daemon.list()).map((s) => [s.sid, s.state]));
  const gateway = await connectGateway(t, { ...at, file: at.daemon.tokens[0] });
  for (const { sid, key, revoked } of known) {
    assert.ok(listed.has(sid), 'an issued session is in the journal');
    if (!revoked) continue;
    assert.equal(listed.get(sid), 'revoked');
    assert.ok(revokedLines(at.data).some((line) => line.startsWith(`revoke ${sid} `)), 'an acknowledged revocation is in the file');
    assert.equal((await gateway.redeem(key)).why, 'revoked');
  }
  await gateway.end();
  const lines = [...read(`${at.data}/state/journal`).split('\n').filter(Boolean), ...revokedLines(at.data)];
  for (const line of lines) {
    assert.match(line, /^([0-9a-f]{32} \d{10} \d{10} (issued|joined|ended|revoked)|revoke [0-9a-f]{32} \d{10})$/);
  }
}

test('killed at any moment of issue, redeem and revoke, it loses nothing that it acknowledged', { timeout: 180000 },
  async (t) => {
    const at = await setUp(t);
    const known = [];
    let acknowledged = 0;
    // How long one takes here: kills come until well after that.
    const first = await issueAsGuest(t, at);
    const begun = performance.now();
    assert.equal((await at.daemon.revoke(first.sid)).code, 0);
    const step = Math.max(8, (performance.now() - begun) / 5);
    for (let round = 0; round < 16; round++) {
      const address = `127.0.0.${2 + round}`;
      const session = await issueAsGuest(t, { ...at, address });
      known.push(session);
      const gateway = await connectGateway(t, { ...at, file: at.daemon.tokens[0] });
      const guest = await connectAsker(t, { ...at, who: { role: 'guest' }, options: { localAddress: address } });
      const acts = [
        guest.ask(issueRequest()).then((a) => { if (a.ok) known.push(a); }, () => {}),
        gateway.redeem(session.key).catch(() => {}),
        at.daemon.revoke(session.sid).then((r) => { session.revoked = r.code === 0; acknowledged += r.code === 0; }),
      ];
      await sleep(round * step);
      await at.daemon.stop('SIGKILL');
      await acts[2];
      await Promise.all([guest.end(), gateway.end()]);
      at.daemon = await startKeysvc(t, at.daemonOptions);
      await checkRecords(t, at, known);
    }
    assert.ok(acknowledged > 0 && acknowledged < 16, `${acknowledged} of 16 were acknowledged: kills came before and after`);
  });

test('a revocation that the journal had not heard of when it was killed is listed as one', { timeout: 30000 }, async (t) => {
  const at = await setUp(t);
  const [dead, live] = [await issueAsGuest(t, at), await issueAsGuest(t, at)];
  await at.daemon.stop('SIGKILL');
  appendFileSync(`${at.data}/revoked/revoked`, `revoke ${dead.sid} ${unixNow() + 14000}\n`);
  at.daemon = await startKeysvc(t, at.daemonOptions);
  assert.deepEqual((await at.daemon.list()).map((s) => [s.sid, s.state]), [[dead.sid, 'revoked'], [live.sid, 'issued']]);
});

// ---- where it can't begin ----

test('init that can not do its work says which part and why, and run refuses what init left', async (t) => {
  const dir = folder(t);
  const make = {
    'a file in place of the folder': [(d) => writeFileSync(d, ''), /can't (make|use) .*: (File exists|Not a directory)/],
    'no parent': [() => {}, /can't make .*: No such file/, 'none/data'],
    'a file in place of the secrets': [(d) => { mkdirSync(d); writeFileSync(`${d}/secrets`, ''); }, /can't make secrets\/key-secret: Not a directory/],
    'a signing key that is none': [(d) => {
      mkdirSync(`${d}/secrets`, { recursive: true });
      writeFileSync(`${d}/secrets/sign-a.pem`, 'x', { mode: 0o600 });
    }, /secrets\/sign-a.pem is not a usable signing key/],
  };
  for (const [name, [prepare, said, at]] of Object.entries(make)) {
    const data = `${dir}/${at ?? name.replaceAll(' ', '-')}`;
    prepare(data);
    const result = await keysvc(['--dir', data, 'init']);
    assert.equal(result.code, 1, name);
    assert.match(result.err, said, name);
    assert.equal(result.out, '', name);
  }
  const full = `${dir}/full`;
  mkdirSync(full);
  const script = 'ulimit -f 0; trap "" XFSZ; exec "$0" --dir "$1" init';
  assert.throws(() => run('bash', ['-c', script, program, full]), (error) => {
    assert.match(error.stderr, /can't make secrets\/key-secret: File too large/);
    return true;
  });
  assert.deepEqual(readdirSync(`${full}/secrets`), [], 'nothing half written is left');
});

test('run refuses secrets that are damaged, missing or open to others, each in words', async (t) => {
  const dir = folder(t);
  const cases = {
    'a short key secret': [(d) => writeFileSync(`${d}/secrets/key-secret`, 'x'), /key-secret: it is not 32 bytes/],
    'a long key secret': [(d) => appendFileSync(`${d}/secrets/key-secret`, 'x'), /key-secret: it is not 32 bytes/],
    'no key secret': [(d) => rmSync(`${d}/secrets/key-secret`), /key-secret: No such file/],
    'no signing key': [(d, sign) => rmSync(sign), /no signing key in secrets/],
    'a damaged signing key': [(d, sign) => writeFileSync(sign, 'x'), /not a P-256 private key/],
    'a signing key for the group': [(d, sign) => chmodSync(sign, 0o640), /others may read it/],
    'a signing key of an odd name': [(d, sign) => renameSync(sign, `${d}/secrets/sign-A b.pem`), /can't be a key id/],
    'a revocation file that is a folder': [(d) => { rmSync(`${d}/revoked/revoked`); mkdirSync(`${d}/revoked/revoked`); },
      /can't open revoked\/revoked/],
    'no state folder': [(d) => rmSync(`${d}/state`, { recursive: true }), /can't open state: .*init/],
  };
  for (const [name, [damage, said]] of Object.entries(cases)) {
    const data = `${dir}/${name.replaceAll(' ', '-')}`;
    await keysvc(['--dir', data, 'init']);
    damage(data, `${data}/secrets/${readdirSync(`${data}/secrets`).find((f) => f.startsWith('sign-'))}`);
    const result = await keysvc(['--dir', data, 'run', '--broker', 'localhost:1']);
    assert.equal(result.code, 1, `${name}: ${result.err}`);
    assert.match(result.err, said, name);
    assert.ok(!existsSync(`${data}/state/keysvc.sock`), `${name}: no socket is left behind`);
  }
});
