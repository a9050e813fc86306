// The compose stack driven by a browser, as an operator and a partner would; and what its parts say of their health
// when something is wrong.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { connect as tlsConnect } from 'node:tls';
import { connect, identity, keyFromPem } from '../lib/broker.mjs';
import { drivePage, openBrowser } from '../lib/browser.mjs';
import { Compose, docker, skip, TAG } from '../lib/compose.mjs';
import { folder, read, root, sleep, until } from '../lib/proc.mjs';

const USER = 700; // of the images
const stack = new Compose({ after }, { name: 'stack' });

before(async () => { if (!skip) await stack.up(); }, { timeout: 1200000 });

test('docker compose up: a browser drives a simulated box through it', { skip, timeout: 120000 }, async (t) => {
  const link = await stack.link();
  const box = stack.box();
  const browser = await openBrowser(t);
  await drivePage(browser, link, {
    raised: () => until(() => box.now().a === 15, 15000, 'A at 15 in the box'),
    stopped: () => until(() => box.now().a === 0 && box.now().b === 0, 5000, 'zero in the box'),
  }, 15);
  assert.match(stack.exec('keysvc', 'tether-keysvc', 'list', '--json'), /"sid"/);
});

// --- the images' Mosquitto, which is newer than Debian 12's ----------------------------------------

test('nobody is cut for coming in at the turn of a second', { skip, timeout: 30000 }, async (t) => {
  const ca = readFileSync(stack.ca());
  let [came, cut] = [0, 0];
  for (const end = Date.now() + 4000; Date.now() < end;) {
    const socket = tlsConnect({ host: '127.0.0.1', port: stack.mqttPort, servername: 'localhost', ca });
    t.after(() => socket.destroy());
    const over = new Promise((done) => { socket.once('secureConnect', () => { came += 1; done(); }).once('close', () => { cut += 1; done(); }); });
    socket.on('error', () => {});
    await over;
    await sleep(10);
  }
  await sleep(1200);
  assert.ok(came > 50, `${came} came in`);
  assert.equal(cut, 0, `of ${came}`);
});

test('a key service that is not understood is cut off', { skip, timeout: 30000 }, async (t) => {
  const [name] = stack.exec('keysvc', 'sh', '-c', 'ls /var/lib/tether/secrets').match(/sign-\S+\.pem/);
  const key = keyFromPem(name.slice(5, -4), stack.exec('keysvc', 'cat', `/var/lib/tether/secrets/${name}`));
  const keysvc = await connect(t, { port: stack.mqttPort, ca: stack.ca(), who: identity(key, 'keysvc') });
  await keysvc.publish('$CONTROL/tether/v1', 'revoke everything\n').catch(() => {});
  await keysvc.closed();
});

// --- health ---------------------------------------------------------------------------------------

// A part run beside the stack, with its volumes but other files in the places of `mounts`: { where: file or folder }.
// Its health is asked for every second.
function beside(t, part, { mounts = {}, network = 'none', args, entrypoint }) {
  const volumes = { keys: '/var/lib/tether/keys', revoked: '/var/lib/tether/revoked', tokens: '/var/lib/tether/tokens',
    tls: '/etc/tether/tls', challenges: '/var/lib/tether/challenges' };
  const id = docker(['run', '-d', '--init', '--network', network, ...(network === 'none' ? [] : ['--network-alias', 'metrics']), '--read-only', '--tmpfs', '/tmp', '--ulimit', 'nofile=20000:20000',
    ...Object.entries(volumes).filter(([, where]) => !(where in mounts)).flatMap(([name, where]) => ['-v', `${stack.project}_${name}:${where}:ro`]),
    ...Object.entries(mounts).flatMap(([where, what]) => ['-v', `${what}:${where}:ro`]),
    '--health-cmd', `health ${part}`, '--health-interval', '1s', '--health-retries', '2', '--health-timeout', '6s',
    '--entrypoint', entrypoint, `tether/${part}:${TAG}`, ...args]).trim();
  let gone = false;
  const remove = () => { if (!gone) docker(['rm', '-f', '-v', id]); gone = true; };
  t.after(remove);
  const state = () => JSON.parse(docker(['inspect', id]))[0].State;
  // Until health is `wanted` and the last check says `words`.
  const becomes = (wanted, words = /^$/) => until(() => {
    const { Running, Health } = state();
    return Running && Health?.Status === wanted && words.test(Health.Log.at(-1).Output.trim());
  }, 20000, () => `${part} is ${wanted} and says ${words}: ${JSON.stringify(state())}`);
  return { becomes, remove };
}

const brokerWith = (t, mounts) => beside(t, 'broker', { mounts, entrypoint: '/usr/sbin/mosquitto', args: ['-c', '/etc/tether/mosquitto.conf'] });
// The broker's configuration as shipped, changed by `edit`, as a file.
function conf(t, edit) {
  const dir = folder(t);
  chmodSync(dir, 0o755);
  const text = read(path.join(root, 'broker-conf/mosquitto.conf'));
  const changed = edit(text);
  writeFileSync(`${dir}/mosquitto.conf`, changed);
  return { '/etc/tether/mosquitto.conf': `${dir}/mosquitto.conf`, changed: changed !== text };
}

// A certificate that has expired, and its own authority.
function expired(t) {
  const dir = folder(t);
  const openssl = (...args) => execFileSync('openssl', args, { cwd: dir, stdio: 'ignore' });
  openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', 'server.key');
  openssl('req', '-new', '-key', 'server.key', '-subj', '/CN=localhost', '-out', 'csr');
  openssl('x509', '-req', '-in', 'csr', '-signkey', 'server.key', '-days', '0', '-out', 'server.pem');
  writeFileSync(`${dir}/ca.pem`, readFileSync(`${dir}/server.pem`));
  chmodSync(dir, 0o755);
  chownSync(`${dir}/server.key`, USER, USER);
  return { '/etc/tether/tls': dir };
}

test('health: a broker as shipped is well', { skip, timeout: 60000 }, async (t) => {
  await brokerWith(t, {}).becomes('healthy');
});

test('health: a broker without its plugin is not well, whether it lets nobody in or everybody', { skip, timeout: 90000 }, async (t) => {
  const without = (text) => text.replace(/^plugin.*\n/mg, '');
  for (const [edit, words] of [[without, /no guest gets in/],
    [(text) => without(text).replace('allow_anonymous false', 'allow_anonymous true'), /not as the plugin would/]]) {
    const { changed, ...mounts } = conf(t, edit);
    assert.ok(changed);
    await brokerWith(t, mounts).becomes('unhealthy', words);
  }
});

test('health: a broker whose certificate has expired is not well', { skip, timeout: 60000 }, async (t) => {
  await brokerWith(t, expired(t)).becomes('unhealthy', /no guest gets in/);
});

test('health: a gateway whose certificate has expired is not well, though it is connected', { skip, timeout: 60000 }, async (t) => {
  const { Config } = stack.inspect('gateway');
  const part = (mounts) => beside(t, 'gateway', { mounts, network: `${stack.project}_inside`, entrypoint: '/usr/bin/tether-gateway',
    args: Config.Cmd.map((arg) => (arg === '/etc/tether/tls/ca.pem' ? '/tmp/ca.pem' : arg)) });
  const ca = { '/tmp/ca.pem': stack.ca() };
  chmodSync(path.dirname(stack.ca()), 0o755);
  stack.docker(['stop', '--timeout', '5', 'gateway']); // its token is for one at a time
  const valid = part(ca);
  await valid.becomes('healthy');
  valid.remove();
  await part({ ...ca, ...expired(t) }).becomes('unhealthy', /certificate has expired/);
});

test('health: a key service whose signer is gone is not well, though it is connected, and is again with a new one', { skip, timeout: 90000 },
  async () => {
    const key = (from, to) => stack.exec('keysvc', 'sh', '-c', `cd /var/lib/tether/secrets && for k in sign-*.pem${from}; do mv $k $\{k%${from}}${to}; done`);
    const status = () => JSON.parse(stack.exec('keysvc', 'tether-keysvc', 'status', '--json'));
    assert.equal(status().signer, true);
    key('', '.away');
    try {
      stack.kill('keysvc', stack.processes('keysvc').find(({ args }) => /\bsigner\b/.test(args)).pid);
      const words = () => stack.inspect('keysvc').State.Health;
      await until(() => words().Status === 'unhealthy' && /connected, but without its signer/.test(words().Log.at(-1).Output), 40000,
        () => `keysvc is unhealthy: ${JSON.stringify(stack.inspect('keysvc').State)}`);
      assert.equal(status().connected, true);
    } finally {
      key('.away', '');
    }
    await stack.healthy('keysvc', 40000, Date.now());
    assert.equal(status().signer, true);
  });

test('health: without the broker neither key service nor gateway is well, and both are again when it is back', { skip, timeout: 90000 }, async () => {
  stack.docker(['start', 'gateway']);
  await stack.healthy('gateway', 30000);
  stack.docker(['stop', '--timeout', '5', 'broker']);
  for (const part of ['keysvc', 'gateway']) {
    await until(() => stack.health(part) === 'unhealthy', 30000, () => `${part} is unhealthy: ${JSON.stringify(stack.inspect(part).State)}`);
  }
  const since = Date.now();
  stack.docker(['start', 'broker']);
  for (const part of ['broker', 'keysvc', 'gateway']) await stack.healthy(part, 40000, since);
});
