// The key service's own keys and tokens over time: changed, renewed, shared, and come back to after long absence.
import assert from 'node:assert/strict';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { connect, hexId, startBroker, unixNow } from '../lib/broker.mjs';
import {
  claimsOf, connectAsker, connectGateway, issueAsGuest, joinedSession, keysvc, revokedLines, setUp, soon, startKeysvc,
} from '../lib/keysvc.mjs';
import { folder, freePort, read, sleep } from '../lib/proc.mjs';

const kidOf = (token) => JSON.parse(Buffer.from(token.split('.')[0], 'base64url').toString()).kid;
const publicKids = (data) => readdirSync(`${data}/keys`).map((name) => name.replace('.pem', '')).sort();
const signers = (data) => readdirSync(`${data}/secrets`).filter((name) => name.startsWith('sign-'));
const rotate = (at) => keysvc(['--dir', at.data, 'rotate']);

// Asks redeem over and over while `act` runs: the answers that were not ok, and how many there were.
async function askingAllTheWhile(gateway, key, act) {
  let over = false;
  const wrong = [];
  let count = 0;
  const asking = (async () => {
    while (!over) {
      const answer = await gateway.redeem(key).catch((error) => ({ ok: false, why: error.message }));
      count++;
      if (!answer.ok) wrong.push(answer.why);
      await sleep(5);
    }
  })();
  try { await act(); } finally { over = true; await asking; }
  return { wrong, count };
}

test('rotate: a new key signs, no request is lost, and what the former key signed lives on', { timeout: 60000 },
  async (t) => {
    const at = await setUp(t, { gateways: 2 });
    const gateway = await connectGateway(t, { ...at, file: at.daemon.tokens[0] });
    const old = await joinedSession(t, at, gateway);
    const [former] = publicKids(at.data);
    let result;
    const { wrong, count } = await askingAllTheWhile(gateway, old.issued.key, async () => {
      result = await rotate(at);
      await at.daemon.match(/connection to the broker was renewed/, 10000);
      await sleep(500);
    });
    assert.equal(result.code, 0, result.err);
    const fresh = result.out.match(/^the signing key is now ([a-z0-9-]{1,16}); 2 gateway tokens written anew\n/)[1];
    assert.notEqual(fresh, former);
    assert.deepEqual(wrong, []);
    assert.ok(count > 100, `${count} requests`);
    assert.deepEqual(signers(at.data), [`sign-${fresh}.pem`], 'the former private key is gone');
    assert.equal((statSync(`${at.data}/secrets/sign-${fresh}.pem`).mode & 0o777).toString(8), '600');
    assert.deepEqual(publicKids(at.data), [former, fresh].sort());
    for (const file of at.daemon.tokens) assert.equal(kidOf(read(file)), fresh);
    assert.equal((await at.daemon.status()).kid, fresh);

    // Both sides of the older session stay and may come back; new ones are signed with the new key.
    await old.partner.publish(`s/${old.issued.sid}/cmd`, 'x');
    assert.equal(await old.agent.next(`s/${old.issued.sid}/cmd`), 'x');
    await (await connect(t, { ...at, who: old.redeemed })).end();
    const issued = await issueAsGuest(t, at);
    assert.equal(kidOf(issued.token), fresh);
    const agent = await connectAsker(t, { ...at, who: { role: 'agent', client: issued.client, token: issued.token } });
    assert.equal((await agent.ask({ v: 1, op: 'end', id: 9, token: issued.token })).ok, true, 'the net process knows it too');
    const agentOfOld = { role: 'agent', client: old.issued.client, token: old.issued.token };
    const again = await connectAsker(t, { ...at, who: agentOfOld });
    assert.equal((await again.ask({ v: 1, op: 'end', id: 9, token: old.issued.token })).ok, true);
  });

test('the public half of a former key is removed four hours later, and only that', { timeout: 60000 }, async (t) => {
  const at = await setUp(t);
  const [former] = publicKids(at.data);
  await rotate(at);
  const now = publicKids(at.data).find((kid) => kid !== former);
  cpSync(`${at.data}/keys/${now}.pem`, `${at.data}/keys/elsewhere.pem`); // another key service's, say
  const note = `${at.data}/state/retired-${former}`;
  const restartAt = async (age) => {
    await at.daemon.stop();
    utimesSync(note, unixNow() - age, unixNow() - age);
    at.daemon = await startKeysvc(t, at.daemonOptions);
  };
  await restartAt(14400);
  assert.deepEqual(publicKids(at.data), [former, now, 'elsewhere'].sort(), 'a minute of grace');
  await restartAt(14461);
  await soon(() => !existsSync(note), 'it is tidied');
  assert.deepEqual(publicKids(at.data), [now, 'elsewhere'].sort());
});

test('a rotation that can not be done changes nothing and says why', { timeout: 60000 }, async (t) => {
  const at = await setUp(t);
  const [former] = publicKids(at.data);
  rmSync(`${at.data}/keys`, { recursive: true });
  writeFileSync(`${at.data}/keys`, '');
  const result = await rotate(at);
  assert.equal(result.code, 1);
  assert.match(result.err, /was not changed/);
  assert.match(at.daemon.log(), /can't make keys\/.*no new signing key/s);
  assert.equal((await at.daemon.status()).kid, former);
  rmSync(`${at.data}/keys`);
  mkdirSync(`${at.data}/keys`);
  const both = await Promise.all([rotate(at), rotate(at)]);
  assert.deepEqual(both.map((r) => r.code).sort(), [0, 1]);
  assert.match(both.find((r) => r.code === 1).err, /already/);
});

test('a rotation after which a token can not be written is not called none', { timeout: 60000 }, async (t) => {
  const at = await setUp(t);
  const [former] = publicKids(at.data);
  renameSync(`${at.data}/tokens`, `${at.data}/away`);
  writeFileSync(`${at.data}/tokens`, '');
  const result = await rotate(at);
  const { kid } = await at.daemon.status();
  assert.notEqual(kid, former);
  assert.deepEqual([result.code, result.out], [1, '']);
  assert.match(result.err, new RegExp(`the signing key is now ${kid}, but not all gateways have tokens`));
  rmSync(`${at.data}/tokens`);
  renameSync(`${at.data}/away`, `${at.data}/tokens`);
  await soon(() => kidOf(read(at.daemon.tokens[0])) === kid, 'it is written when it can be', 15000);
});

test('after a crash in the middle of a rotation the service comes back with whichever key is whole', { timeout: 120000 },
  async (t) => {
    const at = await setUp(t);
    for (const ms of [5, 30, 60, 120, 3000, 5100, 5200]) {
      const running = rotate(at);
      await sleep(ms);
      await at.daemon.stop('SIGKILL');
      await running;
      at.daemon = await startKeysvc(t, at.daemonOptions);
      const { kid } = await at.daemon.status();
      assert.ok(publicKids(at.data).includes(kid), `${ms} ms: the key that signs is published`);
      assert.equal(signers(at.data).at(-1), `sign-${kid}.pem`);
      await soon(async () => (await issueAsGuest(t, at)).ok, `${ms} ms: keys are issued`);
      await sleep(1000); // names of keys have the second in them
    }
  });

test('service tokens of any number of gateways are renewed before they end, without a gap', { timeout: 90000 }, async (t) => {
  const at = await setUp(t, { gateways: 3, args: ['--token-life', '12'] });
  const { key } = await issueAsGuest(t, at);
  const first = at.daemon.tokens.map(read);
  assert.equal(new Set(first.map((token) => claimsOf(token).sub)).size, 3);
  for (const token of first) assert.equal(claimsOf(token).exp - claimsOf(token).iat, 12);
  // Each file holds a token good for a while at any time: looked at ten times a second for three lives.
  const end = Date.now() + 26000;
  let least = 12;
  let seen = 0;
  while (Date.now() < end) {
    for (const file of at.daemon.tokens) least = Math.min(least, claimsOf(read(file)).exp - Date.now() / 1000);
    // A gateway that comes now is served, on whichever connection the key service is.
    if (seen++ % 20 === 0) {
      const gateway = await connectGateway(t, { ...at, file: at.daemon.tokens[seen % 3] });
      assert.equal((await gateway.redeem(key)).ok, true);
      await gateway.end();
    }
    await sleep(100);
  }
  assert.ok(least > 5, `a token file with ${least} s left`);
  const renewals = at.daemon.log().match(/connection to the broker was renewed/g) ?? [];
  assert.ok(renewals.length >= 2, `${renewals.length} renewals of the own connection`);
  assert.ok(!/connected to the broker[^]*connected to the broker/.test(at.daemon.log()), 'it was never away');
});

test('a second key service on the same secrets honours the same keys, and makes ones that the first honours',
  { timeout: 60000 }, async (t) => {
    const at = await setUp(t);
    const { key } = await issueAsGuest(t, at);
    const elsewhere = folder(t);
    const other = { ...at, dir: elsewhere, data: `${elsewhere}/data`, port: await freePort() };
    mkdirSync(other.data);
    cpSync(`${at.data}/secrets`, `${other.data}/secrets`, { recursive: true, preserveTimestamps: true });
    chmodSync(`${other.data}/secrets`, 0o700);
    const made = await keysvc(['--dir', other.data, 'init', '--if-missing']);
    assert.equal(made.code, 0, made.err);
    assert.deepEqual(publicKids(other.data), publicKids(at.data), 'init makes the public half from the private one');
    await startBroker(t, { ...at.brokerOptions, dir: elsewhere, data: other.data, port: other.port });
    other.daemon = await startKeysvc(t, { ...at.daemonOptions, dir: other.data, brokerPort: other.port });
    const there = await connectGateway(t, { ...other, file: other.daemon.tokens[0] });
    assert.equal((await there.redeem(key)).ok, true);
    const issued = await issueAsGuest(t, other);
    const here = await connectGateway(t, { ...at, file: at.daemon.tokens[0] });
    assert.equal((await here.redeem(issued.key)).ok, true);
    // What one does not know can be revoked there all the same.
    assert.equal((await other.daemon.revoke(key)).code, 4);
    assert.equal((await there.redeem(key)).why, 'revoked');
  });

test('after five hours away all that was is over, and all that is needed is there again by itself', { timeout: 60000 },
  async (t) => {
    const at = await setUp(t);
    const old = await issueAsGuest(t, at);
    await at.daemon.revoke(old.sid);
    await at.daemon.stop();
    // What the files would hold then.
    const past = unixNow() - 5 * 3600;
    const [sid, dead] = [hexId(), hexId()];
    writeFileSync(`${at.data}/state/journal`,
      `${sid} ${past} ${past + 14400} joined\n${dead} ${past} ${past + 14400} revoked\n`);
    writeFileSync(`${at.data}/revoked/revoked`, `revoke ${dead} ${past + 14400}\n`);
    writeFileSync(at.daemon.tokens[0], 'an.expired.token');
    const daemon = await startKeysvc(t, at.daemonOptions);
    assert.deepEqual(await daemon.list(), []);
    assert.deepEqual(revokedLines(at.data), []);
    assert.equal((await daemon.status()).revoked, 0);
    assert.ok(claimsOf(read(daemon.tokens[0])).exp > unixNow() + 14000);
    const gateway = await connectGateway(t, { ...at, file: daemon.tokens[0] });
    const { partner, agent, issued } = await joinedSession(t, at, gateway);
    await partner.publish(`s/${issued.sid}/cmd`, 'x');
    assert.equal(await agent.next(`s/${issued.sid}/cmd`), 'x');
  });

test('rotate, like every command, says that no service runs where none does', async (t) => {
  const data = `${folder(t)}/data`;
  await keysvc(['--dir', data, 'init']);
  const before = signers(data);
  const result = await keysvc(['--dir', data, 'rotate']);
  assert.equal(result.code, 3);
  assert.match(result.err, /not running/);
  assert.deepEqual(signers(data), before);
});

test('a key that begins with a dash is a key and no option', { timeout: 30000 }, async (t) => {
  const at = await setUp(t);
  const rest = 'A'.repeat(47);
  const plain = await at.daemon.revoke(`B${rest}`);
  assert.notEqual(plain.code, 2, 'no usage: the form is right');
  for (const word of [`-${rest}`, `-${rest}.${'A'.repeat(22)}`, `--${rest.slice(1)}`]) {
    const dashed = await at.daemon.revoke(word);
    assert.equal(dashed.code, plain.code, `${word}: ${dashed.err}`);
  }
  assert.equal((await at.daemon.revoke('-x')).code, 2, 'what is no key is an option that is not known');
});
