// The key service against the real broker with our plugin, asked by independent MQTT clients.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import {
  appendFileSync, chmodSync, cpSync, existsSync, readFileSync, readdirSync, readlinkSync, rmSync, statSync,
} from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { connect, hexId, launchBroker, startBroker, unixNow } from '../lib/broker.mjs';
import {
  claimsOf, connectAsker, connectGateway, element, issueAsGuest, issueRequest, joinedSession, keysvc, program, revokedLines, setUp,
  soon, startKeysvc,
} from '../lib/keysvc.mjs';
import { certs, folder, freePort, read, sleep, start } from '../lib/proc.mjs';

const modeOf = (file) => (statSync(file).mode & 0o7777).toString(8);

// Resolves with the milliseconds until both have been cut off.
async function cutTime(session, act) {
  const begin = Date.now();
  const cut = Promise.all([session.agent.closed(), session.partner.closed()]);
  await Promise.all([act(), Promise.race([cut, sleep(5000).then(() => assert.fail('not cut off within 5 s'))])]);
  return Date.now() - begin;
}

// A key with a right MAC and any expiry, as only the holder of the secret can make it.
function forgeKey(data, sid, expiry) {
  const body = Buffer.concat([Buffer.from(sid, 'hex'), Buffer.alloc(4)]);
  body.writeUInt32BE(expiry, 16);
  const mac = createHmac('sha256', readFileSync(`${data}/secrets/key-secret`))
    .update('tether key 1').update(body).digest().subarray(0, 16);
  return Buffer.concat([body, mac]).toString('base64url');
}

// ---- init ----

test('init makes the secrets once, closed to others, and never again', async (t) => {
  const data = `${folder(t)}/data`;
  const first = await keysvc(['--dir', data, 'init']);
  assert.equal(first.code, 0, first.err);
  const secrets = readdirSync(`${data}/secrets`).sort();
  const kid = secrets[1].match(/^sign-([a-z0-9-]{1,16})\.pem$/)[1];
  assert.deepEqual(secrets, ['key-secret', `sign-${kid}.pem`]);
  for (const name of secrets) assert.equal(modeOf(`${data}/secrets/${name}`), '600');
  assert.equal(modeOf(`${data}/secrets`), '700');
  assert.equal(modeOf(`${data}/state`), '700');
  assert.equal(modeOf(`${data}/keys/${kid}.pem`), '644');
  assert.equal(statSync(`${data}/secrets/key-secret`).size, 32);
  const before = secrets.map((name) => read(`${data}/secrets/${name}`));
  const other = `${folder(t)}/data`;
  await keysvc(['--dir', other, 'init']);
  const keySecrets = [data, other].map((dir) => readFileSync(`${dir}/secrets/key-secret`, 'hex'));
  assert.notEqual(keySecrets[0], keySecrets[1]);
  assert.doesNotMatch(keySecrets.join(' '), /00000000/);

  const second = await keysvc(['--dir', data, 'init']);
  assert.equal(second.code, 5);
  assert.match(second.out, /nothing was changed/);
  assert.equal((await keysvc(['--dir', data, 'init', '--if-missing'])).code, 0);
  assert.deepEqual(readdirSync(`${data}/secrets`).sort(), secrets);
  assert.deepEqual(secrets.map((name) => read(`${data}/secrets/${name}`)), before);
});

test('a secret that others may read is refused, in words', async (t) => {
  const dir = folder(t);
  const tls = certs(`${dir}/tls`);
  await keysvc(['--dir', `${dir}/data`, 'init']);
  chmodSync(`${dir}/data/secrets/key-secret`, 0o640);
  const run = await keysvc(['--dir', `${dir}/data`, 'run', '--broker', 'localhost:1', '--ca', tls.ca]);
  assert.equal(run.code, 1);
  assert.match(run.err, /secrets\/key-secret: others may read it/);
});

test('without init, run says what to do', async (t) => {
  const run = await keysvc(['--dir', folder(t), 'run', '--broker', 'localhost:1']);
  assert.equal(run.code, 1);
  assert.match(run.err, /tether-keysvc init/);
});

test('a command line that is not understood ends with status 2 and the usage', async (t) => {
  const dir = folder(t);
  for (const args of [[], ['dance'], ['run'], ['run', '--broker', 'nowhere'], ['run', '--broker', 'a:70000'],
    ['run', '--broker', 'a:1', '--gateways', '-1'], ['run', '--broker', 'a:1', '--token-mode', '0666'],
    ['revoke'], ['revoke', '--all', 'x'], ['list', 'x'], ['--nonsense']]) {
    const result = await keysvc(['--dir', dir, ...args]);
    assert.equal(result.code, 2, args.join(' '));
    assert.match(result.err, /usage: tether-keysvc/, args.join(' '));
  }
});

// ---- issue and redeem ----

test('a guest gets a key, a gateway redeems it, and agent and partner meet on their topics', async (t) => {
  const at = await setUp(t);
  const gateway = await connectGateway(t, { ...at, file: at.daemon.tokens[0] });
  const { issued, agent, redeemed, partner } = await joinedSession(t, at, gateway);

  assert.equal(issued.ok, true);
  assert.equal(issued.id, 7);
  assert.match(issued.key, /^[\w-]{48}$/);
  assert.ok(issued.left > 14390 && issued.left <= 14400);
  assert.match(issued.latest, /^\d+\.\d+\.\d+$/);
  assert.match(issued.oldest, /^\d+\.\d+\.\d+$/);
  assert.deepEqual(Object.keys(redeemed).sort(), ['client', 'id', 'left', 'ok', 'sid', 'token', 'v']);
  assert.equal(redeemed.sid, issued.sid);
  assert.notEqual(redeemed.client, issued.client);
  assert.equal(claimsOf(issued.token).role, 'agent');
  assert.equal(claimsOf(redeemed.token).role, 'partner');
  assert.equal(claimsOf(redeemed.token).exp, Buffer.from(issued.key, 'base64url').readUInt32BE(16));

  await partner.publish(`s/${issued.sid}/cmd`, '{"v":1,"op":"stop"}');
  assert.equal(await agent.next(`s/${issued.sid}/cmd`), '{"v":1,"op":"stop"}');
  await agent.publish(`s/${issued.sid}/state`, 'state');
  assert.equal(await partner.next(`s/${issued.sid}/state`), 'state');
});

test('the same elements twice give two sessions: the key service adds its own', async (t) => {
  const at = await setUp(t);
  const same = { agent: element(), link: element() };
  const [one, two] = [await issueAsGuest(t, at, same), await issueAsGuest(t, at, same)];
  assert.equal(one.ok && two.ok, true);
  assert.notEqual(one.sid, two.sid);
});

test('forged, expired and far-off keys are refused, each by its name', async (t) => {
  const at = await setUp(t);
  const gateway = await connectGateway(t, { ...at, file: at.daemon.tokens[0] });
  const { key } = await issueAsGuest(t, at);
  for (const byte of [0, 17, 20, 35]) {
    const bytes = Buffer.from(key, 'base64url');
    bytes[byte] ^= 1;
    assert.equal((await gateway.redeem(bytes.toString('base64url'))).why, 'forged', `byte ${byte}`);
  }
  assert.equal((await gateway.redeem(forgeKey(at.data, hexId(), unixNow() + 60))).ok, true);
  assert.equal((await gateway.redeem(forgeKey(at.data, hexId(), unixNow() - 1))).why, 'expired');
  assert.equal((await gateway.redeem(forgeKey(at.data, hexId(), unixNow() + 14460))).why, 'expired');
  assert.equal((await gateway.redeem(key)).ok, true);
});

test('a partner token ends when its key does', async (t) => {
  const at = await setUp(t);
  const gateway = await connectGateway(t, { ...at, file: at.daemon.tokens[0] });
  const answer = await gateway.redeem(forgeKey(at.data, hexId(), unixNow() + 3));
  assert.ok(answer.left <= 3);
  const partner = await connect(t, { ...at, who: answer });
  const begin = Date.now();
  await partner.closed();
  assert.ok(Date.now() - begin < 5000);
});

test('requests that are not exactly as agreed are refused as bad, saying what was expected', async (t) => {
  const at = await setUp(t);
  const gateway = await connectGateway(t, { ...at, file: at.daemon.tokens[0] });
  const good = { v: 1, op: 'redeem', id: 8, key: 'A'.repeat(48) };
  const text = JSON.stringify(good);
  const cases = [
    ['{', /name in quotes/],
    ['', /JSON object/],
    [`${text} x`, /after the object/],
    [`${text}${text}`, /after the object/],
    [text.replace('"v":1', '"v":1,"v":1'), /twice/],
    [{ ...good, extra: 1 }, /not known/],
    [{ ...good, agent: element() }, /does not belong/],
    [{ v: 1, op: 'redeem', id: 8 }, /missing/],
    [{ ...good, v: 2 }, /`v` 1/],
    [{ ...good, v: '1' }, /`v` 1/],
    [{ ...good, id: -1 }, /whole number/],
    [{ ...good, id: 4294967296 }, /`id`/],
    [{ ...good, id: '8' }, /`id`/],
    [{ ...good, op: 'dance' }, /issue, end or redeem/],
    [{ ...good, key: 'A'.repeat(47) }, /48/],
    [{ ...good, key: 48 }, /48/],
    [{ ...good, key: { text: 'A' } }, /plain string/],
    [{ ...good, key: `${'A'.repeat(47)}\u00e9` }, /plain string/],
    [`${text.slice(0, -1)},"agent":"${'A'.repeat(2100)}"}`, /too long/],
  ];
  for (const [request, expected] of cases) {
    const answer = await gateway.ask(request);
    assert.equal(answer.why, 'bad', JSON.stringify(request));
    assert.match(answer.text, expected, JSON.stringify(request));
  }
  assert.equal((await gateway.ask(good)).why, 'forged', 'the same without the flaws is understood');
});

test('what another role may ask is refused by role', async (t) => {
  const at = await setUp(t);
  const gateway = await connectGateway(t, { ...at, file: at.daemon.tokens[0] });
  const guest = await connectAsker(t, { ...at, who: { role: 'guest' } });
  assert.equal((await gateway.ask(issueRequest())).why, 'role');
  assert.equal((await guest.ask({ v: 1, op: 'redeem', id: 8, key: 'A'.repeat(48) })).why, 'role');
  assert.equal((await guest.ask({ v: 1, op: 'end', id: 8, token: 'x' })).why, 'role');
});

test('a guest that asks too often is told when to come back', async (t) => {
  const at = await setUp(t);
  const guest = await connectAsker(t, { ...at, who: { role: 'guest' } });
  const answers = [];
  for (let i = 0; i < 3; i++) answers.push(await guest.ask(issueRequest()));
  assert.deepEqual(answers.map((a) => a.why), [undefined, undefined, 'busy']);
  assert.ok(answers[2].retry >= 1 && answers[2].retry <= 10);
});

// ---- end and replace ----

test('an agent ends its session: both sides are cut and the key is dead', async (t) => {
  const at = await setUp(t);
  const gateway = await connectGateway(t, { ...at, file: at.daemon.tokens[0] });
  const session = await joinedSession(t, at, gateway);
  const { agent, issued } = session;
  const ms = await cutTime(session, () => agent.ask({ v: 1, op: 'end', id: 9, token: issued.token }).catch(() => {}));
  assert.ok(ms < 1500, `${ms} ms`);
  assert.deepEqual(revokedLines(at.data), [`revoke ${issued.sid} ${claimsOf(issued.token).exp}`]);
  assert.equal((await gateway.redeem(issued.key)).why, 'revoked');
  assert.equal((await at.daemon.list())[0].state, 'ended');
});

test('an agent can end no session but its own', async (t) => {
  const at = await setUp(t);
  const [mine, other] = [await issueAsGuest(t, at), await issueAsGuest(t, at)];
  const agent = await connectAsker(t, { ...at, who: { role: 'agent', client: mine.client, token: mine.token } });
  const gateway = read(at.daemon.tokens[0]);
  const flip = other.token.replace(/.$/, (c) => (c === 'A' ? 'B' : 'A'));
  for (const token of [other.token, flip, gateway, 'x.y.z']) {
    assert.equal((await agent.ask({ v: 1, op: 'end', id: 9, token })).why, 'role');
    assert.equal((await agent.ask(issueRequest({ token }))).why, 'role');
  }
  assert.deepEqual(revokedLines(at.data), []);
});

test('an agent that asks for a new session ends its older one', async (t) => {
  const at = await setUp(t);
  const gateway = await connectGateway(t, { ...at, file: at.daemon.tokens[0] });
  const old = await issueAsGuest(t, at);
  const agent = await connectAsker(t, { ...at, who: { role: 'agent', client: old.client, token: old.token } });
  const fresh = await agent.ask(issueRequest({ token: old.token }));
  assert.equal(fresh.ok, true);
  assert.notEqual(fresh.sid, old.sid);
  assert.equal((await gateway.redeem(old.key)).why, 'revoked');
  assert.equal((await gateway.redeem(fresh.key)).ok, true);
  await agent.closed();
});

// ---- the admin ----

test('revoke by id, key and link cuts both sides within a second and says so', async (t) => {
  const at = await setUp(t);
  const gateway = await connectGateway(t, { ...at, file: at.daemon.tokens[0] });
  for (const nameOf of [(s) => s.sid, (s) => s.key, (s) => `https://example.org/#${s.key}.${'A'.repeat(22)}`]) {
    const session = await joinedSession(t, at, gateway);
    let result;
    const ms = await cutTime(session, async () => { result = await at.daemon.revoke(nameOf(session.issued)); });
    assert.ok(ms < 1500, `${ms} ms`);
    assert.equal(result.code, 0, result.err);
    assert.equal(result.out, `${session.issued.sid}: revoked, 2 connections cut\n`);
    assert.equal((await gateway.redeem(session.issued.key)).why, 'revoked');
    await assert.rejects(connect(t, { ...at, who: session.redeemed }), 'the token is dead too');
  }
});

test('revoke tells unknown from not understood, and reads standard input', async (t) => {
  const at = await setUp(t);
  const { sid, key } = await issueAsGuest(t, at);
  const strange = hexId();
  const unknown = await at.daemon.revoke(strange);
  assert.equal(unknown.code, 4);
  assert.match(unknown.out, new RegExp(`^${strange}: no live session`));
  assert.ok(revokedLines(at.data).some((line) => line.startsWith(`revoke ${strange} `)), 'refused all the same');
  const wrong = await at.daemon.revoke('rubbish');
  assert.equal(wrong.code, 2);
  assert.match(wrong.err, /session id/);
  const piped = await keysvc(['--dir', at.data, 'revoke', '-'], { input: `\n  ${key}\n` });
  assert.equal(piped.code, 0, piped.err);
  assert.match(piped.out, new RegExp(`^${sid}: revoked`));
});

test('revoke takes its time where somebody types', { timeout: 60000 }, async (t) => {
  const at = await setUp(t);
  const [one, two] = [await issueAsGuest(t, at), await issueAsGuest(t, at)];
  const typing = start(t, program, ['--dir', at.data, 'revoke', '-']);
  typing.write(`${one.key}\n`);
  await sleep(11000); // the key service closes a connection that has asked nothing for ten seconds
  typing.child.stdin.end(`${two.key}\n`);
  assert.equal((await typing.exited).code, 0, typing.err());
  for (const { sid } of [one, two]) assert.match(typing.out(), new RegExp(`^${sid}: revoked`, 'm'));
});

test('revoke --all ends every session and nobody else', async (t) => {
  const at = await setUp(t);
  const gateway = await connectGateway(t, { ...at, file: at.daemon.tokens[0] });
  const sessions = [await joinedSession(t, at, gateway), await joinedSession(t, at, gateway)];
  const result = await at.daemon.revoke('--all');
  assert.equal(result.code, 0, result.err);
  assert.match(result.out, /^2 sessions revoked, 4 connections cut\n$/);
  await Promise.all(sessions.flatMap((s) => [s.agent.closed(), s.partner.closed()]));
  assert.deepEqual((await at.daemon.list()).map((s) => s.state), ['revoked', 'revoked']);
  const { key } = await issueAsGuest(t, at);
  assert.equal((await gateway.redeem(key)).ok, true, 'gateway and guests go on');
});

test('thousands of sessions are listed, revoked at once and told to the broker anew', async (t) => {
  const at = await setUp(t);
  const live = await issueAsGuest(t, at);
  await at.daemon.stop();
  const now = unixNow();
  const many = Array.from({ length: 5000 }, () => `${hexId()} ${now - 60} ${now + 14000} issued\n`);
  appendFileSync(`${at.data}/state/journal`, many.join(''));
  const daemon = await startKeysvc(t, at.daemonOptions);
  assert.equal((await daemon.list()).length, 5001);
  const result = await daemon.revoke('--all');
  assert.equal(result.code, 0, result.err);
  assert.match(result.out, /^5001 sessions revoked, 0 connections cut/);
  assert.equal(revokedLines(at.data).length, 5001);
  await daemon.stop();
  const again = await startKeysvc(t, at.daemonOptions);
  await soon(async () => {
    const begin = Date.now();
    const told = await again.revoke(live.sid);
    assert.ok(Date.now() - begin < 2000, 'the command does not wait for ever');
    return /revoked, 0 connections cut/.test(told.out);
  }, 'the broker has confirmed all that came before, too', 10000);
});

test('list shows sessions with issue, expiry and state', async (t) => {
  const at = await setUp(t);
  const gateway = await connectGateway(t, { ...at, file: at.daemon.tokens[0] });
  const [one, two] = [await issueAsGuest(t, at), await issueAsGuest(t, at)];
  await gateway.redeem(two.key);
  const rows = await at.daemon.list();
  assert.deepEqual(rows.map((r) => [r.sid, r.state]), [[one.sid, 'issued'], [two.sid, 'joined']]);
  for (const row of rows) assert.equal(row.expires - row.issued, 14400);
  const table = (await keysvc(['--dir', at.data, 'list'])).out.split('\n');
  assert.match(table[0], /SESSION +ISSUED +EXPIRES +STATE/);
  assert.match(table[2], new RegExp(`^${two.sid}  \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\dZ  .*Z  joined$`));
});

test('without a daemon the admin commands end with status 3 and say so', async (t) => {
  const data = `${folder(t)}/data`;
  await keysvc(['--dir', data, 'init']);
  for (const args of [['list'], ['status'], ['revoke', hexId()], ['revoke', '--all']]) {
    const result = await keysvc(['--dir', data, ...args]);
    assert.equal(result.code, 3, args.join(' '));
    assert.match(result.err, /not running/);
  }
  assert.deepEqual(revokedLines(data), []);
});

// ---- losses ----

test('a revocation made while the broker is down holds from its first second', async (t) => {
  const at = await setUp(t);
  const issued = await issueAsGuest(t, at);
  const agent = { client: issued.client, token: issued.token };
  await (await connect(t, { ...at, who: agent })).end();
  await at.broker.stop();
  await soon(async () => !(await at.daemon.status()).connected, 'the key service has noticed');
  const result = await at.daemon.revoke(issued.sid);
  assert.equal(result.code, 0);
  assert.match(result.out, /will be told/);
  await startBroker(t, at.brokerOptions);
  await assert.rejects(connect(t, { ...at, who: agent }));
});

test('a broker that insists on the whole set gets it at each connection', async (t) => {
  const at = await setUp(t);
  const [dead, live] = [await issueAsGuest(t, at), await issueAsGuest(t, at)];
  await at.daemon.revoke(dead.sid);
  await at.broker.stop();
  const elsewhere = folder(t); // a broker that shares no revocation file with us
  await keysvc(['--dir', `${elsewhere}/data`, 'init']);
  rmSync(`${elsewhere}/data/keys`, { recursive: true });
  cpSync(`${at.data}/keys`, `${elsewhere}/data/keys`, { recursive: true });
  await startBroker(t, { ...at.brokerOptions, dir: elsewhere, data: `${elsewhere}/data`, requireSync: true });
  await soon(async () => (await at.daemon.status()).connected, 'connected again', 15000);
  const who = ({ client, token }) => ({ client, token });
  const agent = await soon(() => connect(t, { ...at, who: who(live) }).catch(() => null), 'the live one may come');
  await agent.end();
  await assert.rejects(connect(t, { ...at, who: who(dead) }));
});

test('a restart forgets nothing that lives, whatever a crash left half written', async (t) => {
  const at = await setUp(t);
  const [live, dead] = [await issueAsGuest(t, at), await issueAsGuest(t, at)];
  await at.daemon.revoke(dead.sid);
  await at.daemon.stop('SIGKILL');
  const past = unixNow() - 10;
  appendFileSync(`${at.data}/state/journal`, `${hexId()} ${past - 14400} ${past} issued\n${hexId()} 179536`);
  appendFileSync(`${at.data}/revoked/revoked`, `revoke ${hexId()} ${past}\nrevoke ${hexId().slice(0, 9)}`);
  const daemon = await startKeysvc(t, at.daemonOptions);
  assert.deepEqual((await daemon.list()).map((s) => [s.sid, s.state]), [[live.sid, 'issued'], [dead.sid, 'revoked']]);
  assert.deepEqual(revokedLines(at.data).map((line) => line.split(' ')[1]), [dead.sid]);
  const gateway = await connectGateway(t, { ...at, file: daemon.tokens[0] });
  assert.equal((await gateway.redeem(dead.key)).why, 'revoked');
  assert.equal((await gateway.redeem(live.key)).ok, true);
});

test('net and signer are replaced when they die, and sessions never notice', async (t) => {
  const at = await setUp(t);
  const gateway = await connectGateway(t, { ...at, file: at.daemon.tokens[0] });
  const session = await joinedSession(t, at, gateway);
  for (const name of ['net', 'signer']) {
    const before = at.daemon.children()[name];
    process.kill(before, 'SIGKILL');
    await soon(() => (at.daemon.children()[name] ?? before) !== before, `another ${name}`, 10000);
    const answer = await soon(() => gateway.ask({ v: 1, op: 'redeem', id: 8, key: session.issued.key }, 1000)
      .then((a) => a.ok, () => false), `a redeem after the ${name} died`, 15000);
    assert.equal(answer, true);
  }
  await session.partner.publish(`s/${session.issued.sid}/cmd`, 'x');
  assert.equal(await session.agent.next(`s/${session.issued.sid}/cmd`), 'x');
});

test('a second daemon in the same folder is refused', async (t) => {
  const at = await setUp(t);
  const second = await keysvc(['--dir', at.data, 'run', '--broker', `localhost:${at.port}`, '--ca', at.ca]);
  assert.equal(second.code, 1);
  assert.match(second.err, /another tether-keysvc/);
  assert.equal((await at.daemon.status()).connected, true);
});

// ---- promises about what it is ----

// They are not dumpable, so only root sees what they have open.
const asRoot = { skip: process.getuid() !== 0 && 'needs root to look into /proc/PID/fd' };

// Inodes of the sockets that a process holds (standard error is one too, from us).
const socketsOf = (pid) => readdirSync(`/proc/${pid}/fd`).filter((fd) => fd !== '2').flatMap((fd) => {
  try { return readlinkSync(`/proc/${pid}/fd/${fd}`).match(/^socket:\[(\d+)\]$/)?.[1] ?? []; } catch { return []; }
});

test('no process of it listens on TCP or holds a UDP socket', asRoot, async (t) => {
  const at = await setUp(t);
  await issueAsGuest(t, at);
  const rows = ['tcp', 'tcp6', 'udp', 'udp6'].filter((kind) => existsSync(`/proc/net/${kind}`)).flatMap((kind) =>
    read(`/proc/net/${kind}`).trim().split('\n').slice(1)
      .map((line) => line.trim().split(/\s+/)).map((f) => ({ kind, state: f[3], inode: f[9] })));
  const own = [at.daemon.pid, ...Object.values(at.daemon.children())].flatMap(socketsOf);
  const mine = rows.filter((row) => own.includes(row.inode));
  assert.deepEqual(mine.map((row) => row.state), ['01'], 'exactly one socket, and it is an established connection');
});

test('signer and net are sealed and hold no other descriptors than they need', asRoot, async (t) => {
  const at = await setUp(t);
  await issueAsGuest(t, at);
  const children = at.daemon.children();
  for (const [name, pid] of Object.entries(children)) {
    const status = read(`/proc/${pid}/status`);
    assert.match(status, /^Seccomp:\t2$/m, name);
    assert.match(status, /^NoNewPrivs:\t1$/m, name);
    const files = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`))
      .filter((target) => target.startsWith('/') && !target.startsWith('/dev/null'));
    assert.deepEqual(files.filter((target) => target.includes(at.data)), [], `${name} has no file of ours open`);
  }
  assert.equal(socketsOf(children.signer).length, 1, 'the signer has one socket: to main');
});

test('the log and the journal name nobody', async (t) => {
  const at = await setUp(t);
  const gateway = await connectGateway(t, { ...at, file: at.daemon.tokens[0] });
  const { issued, redeemed, agent } = await joinedSession(t, at, gateway);
  await agent.ask('rubbish');
  await at.daemon.revoke(issued.sid);
  process.kill(at.daemon.children().net, 'SIGKILL');
  await at.daemon.match(/connected to the broker[^]*connected to the broker/, 15000);
  const told = [issued.sid, issued.key, issued.client, issued.token, redeemed.client, '127.0.0.1', 'localhost'];
  for (const secret of told) assert.ok(!at.daemon.log().includes(secret), `the log has ${secret}`);
  for (const line of read(`${at.data}/state/journal`).split('\n').filter(Boolean)) {
    assert.match(line, /^[0-9a-f]{32} \d{10} \d{10} (issued|joined|ended|revoked)$/);
  }
  assert.equal(modeOf(`${at.data}/state/journal`), '600');
  assert.equal(modeOf(`${at.data}/state/keysvc.sock`), '600');
});

test('each gateway gets a token of its own, closed to others unless the operator lets a group in', async (t) => {
  const at = await setUp(t, { gateways: 2, args: ['--token-mode', '0640'] });
  for (const file of at.daemon.tokens) {
    assert.equal(modeOf(file), '640');
    assert.equal(statSync(file).gid, statSync(path.dirname(file)).gid);
    await connectGateway(t, { ...at, file });
  }
  assert.notEqual(read(at.daemon.tokens[0]), read(at.daemon.tokens[1]));
  await at.daemon.stop();
  const strict = await startKeysvc(t, { ...at.daemonOptions, args: [] });
  assert.equal(modeOf(strict.tokens[0]), '600');
});

test('a broker that can not prove its name is not spoken to', async (t) => {
  const at = await setUp(t);
  await at.daemon.stop();
  const port = await freePort();
  const change = (text) => text.replaceAll('127.0.0.1', '127.0.0.2');
  launchBroker(t, { ...at.brokerOptions, port, change });
  const options = { ...at.daemonOptions, connected: false };
  const named = await startKeysvc(t, { ...options, args: ['--broker', `127.0.0.2:${port}`] });
  await named.match(/certificate is for another name/, 15000);
  await named.stop();
  const strangers = certs(`${at.dir}/strangers`);
  const trusting = await startKeysvc(t, { ...options, args: ['--ca', strangers.ca] });
  await trusting.match(/not from an authority that is trusted here/, 8000);
  assert.equal((await trusting.status()).connected, false);
});

test('counters are published for the gateways, and name nobody', async (t) => {
  const at = await setUp(t);
  const gateway = await connectGateway(t, { ...at, file: at.daemon.tokens[0] });
  await gateway.subscribe('stat/+');
  const { sid } = await issueAsGuest(t, at);
  const text = await soon(async () => {
    const stat = await gateway.next('stat/keysvc', 12000);
    return JSON.parse(stat).issued === 1 && stat;
  }, 'a counter of one issued', 25000);
  assert.ok(!text.includes(sid));
  assert.deepEqual(Object.values(JSON.parse(text)).filter((value) => typeof value !== 'number'), []);
});
