// `tether-keysvc status`: every number in it is caused here and compared.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { statSync, utimesSync } from 'node:fs';
import { test } from 'node:test';
import { startBroker } from '../lib/broker.mjs';
import { connectAsker, issueRequest, keysvc, startKeysvc } from '../lib/keysvc.mjs';
import { certs, folder, freePort, read, sleep, until } from '../lib/proc.mjs';

test('status tells in one screen how the service goes', { timeout: 60000 }, async (t) => {
  const dir = folder(t);
  const tls = certs(`${dir}/tls`);
  const port = await freePort();
  await keysvc(['--dir', dir, 'init']);
  const broker = await startBroker(t, { dir, port, tls: `${dir}/tls`, data: dir });
  const daemon = await startKeysvc(t, { dir, brokerPort: port, ca: tls.ca, gateways: 2, args: ['--latest', '3.2.1'] });

  const sessions = [];
  for (let i = 0; i < 3; i++) {
    const guest = await connectAsker(t, { port, ca: tls.ca, who: { role: 'guest' } });
    const answer = await guest.ask(issueRequest());
    assert.equal(answer.ok, true);
    sessions.push(answer);
  }
  const token = read(daemon.tokens[0]).trim();
  const client = JSON.parse(Buffer.from(token.split('.')[1], 'base64url')).sub;
  const gateway = await connectAsker(t, { port, ca: tls.ca, who: { role: 'gw', client, token } });
  const redeem = (key) => gateway.ask({ v: 1, op: 'redeem', id: 1, key });
  assert.equal((await redeem(sessions[0].key)).ok, true);
  assert.equal((await redeem(randomBytes(36).toString('base64url'))).why, 'forged');
  await daemon.revoke(sessions[2].sid);
  await daemon.revoke(sessions[2].key); // again: no other revocation
  assert.equal((await redeem(sessions[2].key)).why, 'revoked');
  const minutesAgo = Date.now() / 1000 - 130;
  utimesSync(daemon.tokens[1], minutesAgo, minutesAgo);
  await sleep(1100);

  const s = await daemon.status();
  assert.equal(s.connected, true);
  assert.equal(s.signer, true);
  assert.equal(s.live, 2);
  assert.equal(s.revoked, 1);
  assert.deepEqual(s.ending, [0, 0, 0, 2]);
  assert.deepEqual(s.since_start, { issued: 3, redeemed: 1, ended: 0, revoked: 1, signer_failures: 0 });
  assert.deepEqual(s.refused, { forged: 1, expired: 0, revoked: 1, busy: 0, failed: 0 });
  assert.equal(s.latest, '3.2.1');
  assert.match(s.version, /^\d+\.\d+\.\d+$/);
  assert.ok(Math.abs(s.clock - Date.now() / 1000) < 5);
  assert.equal(typeof s.clock_kept, 'boolean');
  assert.ok(s.uptime >= 1 && s.uptime < 60 && s.connected_for <= s.uptime);
  assert.ok(s.key_age >= 1 && s.key_age < 60);
  assert.equal(s.journal_bytes, statSync(`${dir}/state/journal`).size);
  assert.equal(s.tokens.length, 2);
  assert.ok(s.tokens[0] < 60 && s.tokens[1] >= 130 && s.tokens[1] < 190, `${s.tokens}`);
  assert.ok(s.next_tokens > 3500 && s.next_tokens <= 3600, `${s.next_tokens}`);

  const { code, out } = await keysvc(['--dir', dir, 'status']);
  assert.equal(code, 0);
  assert.match(out, /^version: +\d+\.\d+\.\d+; agents from 0\.1\.0 on, the newest is 3\.2\.1$/m);
  assert.match(out, /^broker: +connected for 0 min \d\d s$/m);
  assert.match(out, /^sessions: +2 live; of these end within 1 h 0, 2 h 0, 3 h 0, 4 h 2$/m);
  assert.match(out, /^barred: +1 /m);
  assert.match(out, /^since start: +3 issued, 1 redeemed, 0 ended, 1 revoked$/m);
  assert.match(out, /^refused: +2: 1 forged, 0 expired, 1 revoked, /m);
  assert.match(out, /^gateway tokens: gw-1 0 min \d\d s old, gw-2 2 min \d\d s old; next in 59 min \d\d s$/m);
  assert.ok(out.split('\n').length <= 24 && out.split('\n').every((l) => l.length <= 100), out);
  for (const secret of [...sessions.map((x) => x.sid), sessions[0].key, client, token.slice(0, 40)]) assert.ok(!out.includes(secret));

  // A signer that is killed is replaced, and counted; a broker that is away is said, with status 0.
  process.kill(daemon.children().signer, 'SIGKILL');
  await until(async () => { const now = await daemon.status(); return now.since_start.signer_failures === 1 && now.signer; }, 8000, 'the signer was replaced');
  await broker.stop();
  await until(async () => (await daemon.status()).connected === false, 8000, 'the broker is away');
  const away = await keysvc(['--dir', dir, 'status']);
  assert.equal(away.code, 0);
  assert.match(away.out, /^broker: +not connected, trying$/m);
  await daemon.stop();
  assert.equal((await keysvc(['--dir', dir, 'status'])).code, 3);
});
