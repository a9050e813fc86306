// Certificates on the compose stack: from an ACME authority (pebble) and from files, and what is said when they can't be used.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, copyFileSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import path from 'node:path';
import { test } from 'node:test';
import tls from 'node:tls';
import WebSocket from 'ws';
import { Compose, compose, docker, skip, TAG } from '../lib/compose.mjs';
import { Partner } from '../lib/partner.mjs';
import { certs, folder, read, root, sleep, until } from '../lib/proc.mjs';

const HOST = 'tether.test';
const pebble = path.join(root, 'tests/compose/pebble.yaml');

// The certificate that is served: { serial, issuer, names }. Once more where the connection was just closed: Mosquitto does
// that to some whose first TLS bytes come late, with or without our plugin, and clients come again.
const served = (port, options, tries = 5) => handshake(port, options).catch((error) => {
  if (error.code !== 'ECONNRESET' || tries === 1) throw error;
  return served(port, options, tries - 1);
});
const handshake = (port, options = {}) => new Promise((done, fail) => {
  const socket = tls.connect({ host: '127.0.0.1', port, servername: HOST, rejectUnauthorized: false, ...options }, () => {
    const cert = socket.getPeerCertificate();
    done({ serial: cert.serialNumber, issuer: cert.issuer.CN, names: cert.subjectaltname });
    socket.destroy();
  });
  socket.on('error', fail);
});
// On both ports, when they are one. Not in haste: the gateway lets an address have 16 connections.
async function servedByBoth(stack) {
  await sleep(250);
  const [page, broker] = await Promise.all([served(stack.httpsPort), served(stack.mqttPort)]);
  return page.serial === broker.serial && page;
}
const plain = (port, where) => new Promise((done, fail) => {
  request({ host: '127.0.0.1', port, path: where, headers: { host: HOST } }, (r) => {
    r.resume();
    done({ status: r.statusCode, location: r.headers.location });
  }).on('error', fail).end();
});
const secrets = (stack) => stack.exec('keysvc', 'sh', '-c', 'cd /var/lib/tether && sha256sum secrets/* keys/*');

test('ACME: the stack gets a certificate, renews it under a live session, and keeps it when the authority is away',
  { skip, timeout: 900000 }, async (t) => {
    const stack = new Compose(t, { name: 'acme', files: [pebble], env: { TETHER_HOST: HOST, TETHER_CERTIFICATE: 'acme',
      TETHER_CONTACT: `mailto:security@${HOST}`, TETHER_ORIGIN: '' } });
    // Published on another port than 443, which the origin has to name.
    await stack.up();
    assert.equal(stack.env.TETHER_ORIGIN, '');
    const first = await until(async () => {
      const now = await servedByBoth(stack);
      return now && /^Pebble/.test(now.issuer) && now;
    }, 60000, () => `a certificate of pebble's on both ports:\n${stack.logs('certs', 'certs-watch')}`);
    assert.equal(first.names, `DNS:${HOST}`);
    const ca = stack.exec('certs-watch', 'cat', '/etc/tether/own/ca.pem');
    for (const port of [stack.httpsPort, stack.mqttPort]) await served(port, { rejectUnauthorized: true, ca });

    for (const where of ['/', '/privacy', '/any/thing']) {
      assert.deepEqual(await plain(stack.httpPort, where), { status: 308, location: `https://${HOST}${where}` });
    }

    const before = secrets(stack);
    const ids = stack.docker(['ps', '-q']);
    const box = stack.box();
    const link = await stack.link();
    const channel = new WebSocket(`wss://${HOST}:${stack.httpsPort}/ws`, 'tether.v1', { ca, origin: `https://${HOST}`,
      headers: { host: HOST }, lookup: (_, options, done) => (options.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4)) });
    const partner = new Partner(link, { channel });
    t.after(() => partner.close());
    await partner.takeControl();
    await partner.raise('A', 12);
    await until(() => box.now().a === 12, 5000, 'A at 12 in the box');
    const changes = box.levels().length;

    const asked = Date.now();
    await stack.run(['exec', '-T', 'certs-watch', 'certs-source', 'renew']); // not exec(): the partner has to answer meanwhile
    let renewed = await until(async () => {
      const now = await servedByBoth(stack);
      return now && now.serial !== first.serial && now;
    }, 30000, () => `another certificate on both ports:\n${stack.logs('certs-watch')}`);
    assert.match(renewed.issuer, /^Pebble/);
    console.log(`# renewed and served on both ports after ${((Date.now() - asked) / 1000).toFixed(1)} s`);
    await sleep(6000); // longer than hold: a session that had been cut would be at zero by now
    assert.equal(partner.closed, undefined, 'the page is connected as before');
    assert.equal(partner.state.guard, 'live');
    assert.equal(partner.state.page, partner.mark, 'in control without a new hello');
    assert.equal(box.levels().length, changes, 'no level changed in the box');
    await partner.raise('A', 15);
    await until(() => box.now().a === 15, 5000, 'the session goes on');

    // A new contact is another account with the authority. And what is good and of the same server is not asked for again.
    await stack.run(['exec', '-T', '-e', `TETHER_CONTACT=mailto:other@${HOST}`, 'certs-watch', 'certs-source', 'renew']);
    const other = await until(async () => {
      const now = await servedByBoth(stack);
      return now && now.serial !== renewed.serial && now;
    }, 30000, () => `another certificate on both ports:\n${stack.logs('certs-watch')}`);
    const onceMore = async (...env) => (await stack.run(['exec', '-T', ...env.flatMap((e) => ['-e', e]), 'certs-watch', 'timeout', '15',
      'certs-source', 'follow']).catch((error) => error)).stdout;
    assert.equal(await onceMore(), '', 'nothing to do');
    renewed = other;

    // As an operator does after a change of .env; and when the authority does not answer.
    await stack.run(['up', '-d']);
    assert.equal(secrets(stack), before, 'a second up changes no secret');
    assert.equal((await servedByBoth(stack)).serial, renewed.serial);
    assert.deepEqual(stack.docker(['ps', '-q']).split('\n').sort(), ids.split('\n').sort(), 'the same containers');
    assert.equal(partner.closed, undefined);
    stack.docker(['stop', '-t', '1', 'pebble']);
    const failed = spawnSync('docker', stack.args(['exec', '-T', 'certs-watch', 'certs-source', 'renew']), { env: stack.env, encoding: 'utf8' });
    assert.notEqual(failed.status, 0);
    assert.match(failed.stdout, /certs error no certificate could be had: .+/);
    assert.equal((await servedByBoth(stack)).serial, renewed.serial);

    // Inside too the broker's name is verified, with what is served now.
    await stack.run(['restart', 'keysvc', 'gateway']);
    await stack.healthy('keysvc');
    await stack.healthy('gateway');
  });

test('ACME: an authority that nobody knows, as for trying: its certificate is taken, with a warning; then another server',
  { skip, timeout: 600000 }, async (t) => {
    const stack = new Compose(t, { name: 'staging', files: [pebble], profiles: [], env: { TETHER_HOST: HOST, TETHER_CERTIFICATE: 'acme',
      TETHER_CONTACT: `mailto:security@${HOST}`, TETHER_ORIGIN: `https://${HOST}`, TETHER_TEST_PEBBLE: '/pebble' } });
    await stack.up();
    const issued = (other) => until(async () => {
      const now = await servedByBoth(stack);
      return now && /^Pebble/.test(now.issuer) && now.serial !== other && now;
    }, 60000, () => `a certificate of pebble's on both ports:\n${stack.logs('certs', 'certs-watch')}`);
    const { serial } = await issued();
    assert.match(stack.logs('certs-watch'), /certs warn nobody who is known here vouches for the certificate of https:\/\/pebble/);
    // Inside it is believed, by the signer that is in its chain.
    await stack.run(['restart', 'keysvc', 'gateway']);
    for (const part of ['broker', 'keysvc', 'gateway']) await stack.healthy(part, 60000);

    // The same authority under another address, which counts as another one.
    const said = await stack.run(['exec', '-T', '-e', 'TETHER_ACME_SERVER=https://pebble:14000/dir?other', 'certs-watch', 'timeout', '15',
      'certs-source', 'follow']).catch((error) => error);
    assert.match(said.stdout, /certs info certificate taken/);
    await issued(serial);
  });

test('ACME: what the authority has given is taken in the next round too, whole or not at all', { skip, timeout: 300000 }, (t) => {
  new Compose(t).build();
  // The container died when lego had ended: the pair lies there, and nothing is due. `before`: what happens then.
  const follow = (before) => spawnSync('docker', ['run', '--rm', '--network', 'none', '-e', `TETHER_HOST=${HOST}`, '-e', 'TETHER_CERTIFICATE=acme',
    '-e', `TETHER_CONTACT=mailto:security@${HOST}`, '--tmpfs', '/etc/tether/own:uid=700', '--entrypoint', 'bash', `tether/certs:${TAG}`, '-euc',
    `cd /etc/tether/tls; certs . broker; cp server.key /tmp/former
     sed 's/-days 30/-days 60/' /usr/local/bin/certs >/tmp/certs; bash /tmp/certs /tmp/given ${HOST}; cp /tmp/given/ca.pem /etc/tether/own; mkdir /var/lib/tether/acme/certificates
     for kind in crt:pem key:key; do cp /tmp/given/server.$\{kind#*:} /var/lib/tether/acme/certificates/${HOST}.$\{kind%:*}; done
     echo https://acme-v02.api.letsencrypt.org/directory >/var/lib/tether/acme/server
     ${before}; timeout 5 certs-source follow || true
     openssl verify -CAfile ca.pem server.pem && cmp /tmp/given/server.key server.key && cmp ca.pem ../trust/ca.pem && echo the new one
     ! cmp -s /tmp/former server.key || echo the former key`], { encoding: 'utf8' }).stdout;
  assert.match(follow(':'), /certs info certificate taken, good until .*\nserver\.pem: OK\nthe new one\n$/);
  const said = follow('mkdir server.pem.new && chmod 0 server.pem.new'); // as a full disk: the second file can't be written
  assert.doesNotMatch(said, /certificate taken|certs error/);
  assert.match(said, /the former key\n$/);
});

test("a trial's certificate is made anew while three days are left", { skip, timeout: 300000 }, (t) => {
  new Compose(t).build();
  const follow = (days) => spawnSync('docker', ['run', '--rm', '--network', 'none', '--tmpfs', '/etc/tether/tls:uid=700', '--entrypoint', 'bash',
    `tether/certs:${TAG}`, '-euc', `sed 's/-days 30/-days ${days}/' /usr/local/bin/certs >/tmp/certs && cd /etc/tether/tls && bash /tmp/certs .
      cp ca.pem trial-ca.pem; timeout 5 certs-source follow || true
      openssl verify -CAfile ca.pem server.pem; openssl x509 -in server.pem -noout -checkend $((29 * 86400)) || echo the old one`],
  { encoding: 'utf8' }).stdout;
  assert.match(follow(2), /certificate taken, good until .*\n.*certs warn the trial's certificate is another one now.*\nserver\.pem: OK\nCertificate will not expire/);
  assert.match(follow(4), /^server\.pem: OK\n.*\nthe old one\n$/);
});

test('a clock that was years ahead when the stack came up, and is set right, puts no renewal off for years', { timeout: 20000 }, () => {
  const [wait] = readFileSync(path.join(compose, 'certs-source'), 'utf8').match(/^wait_for\(\) \{\n[^]*?^\}/m);
  // The clock goes back while it waits, as bash sees that.
  const script = `${wait}\nevery=1\ntouch() { SECONDS=-100000000; }\nwait_for 2`;
  execFileSync('bash', ['-euc', script], { timeout: 8000 });
});

// --- own files -------------------------------------------------------------------------------------

// A folder with a good pair for HOST, as an operator makes it: readable by user 700.
function ownFolder(t, names = [HOST]) {
  const dir = folder(t);
  chmodSync(dir, 0o755);
  certs(dir, ...names);
  chmodSync(`${dir}/server.key`, 0o644);
  return dir;
}

test('own files: a bad one keeps the stack from starting, a replaced one is taken while it runs', { skip, timeout: 900000 }, async (t) => {
  const dir = ownFolder(t);
  const stack = new Compose(t, { name: 'own', profiles: [], env: { TETHER_HOST: HOST, TETHER_CERTIFICATE: 'own', TETHER_CERTS: dir,
    TETHER_ORIGIN: `https://${HOST}` } });
  chmodSync(`${dir}/server.key`, 0o600);
  await assert.rejects(stack.up(), new RegExp(`certs error server\\.key can't be read by user 700: sudo chown 700 ${dir}/server\\.key`));
  assert.equal(stack.docker(['ps', '-q']), '', 'nothing was started');

  chmodSync(`${dir}/server.key`, 0o644);
  await stack.up();
  const first = await served(stack.httpsPort);
  assert.equal((await served(stack.mqttPort)).serial, first.serial);
  const before = secrets(stack);

  // A key that is no longer the certificate's: the old one stays, and why is said.
  const other = ownFolder(t);
  renameSync(`${other}/server.key`, `${dir}/server.key`);
  await until(() => /certs error the old certificate stays: server\.key does not belong/.test(stack.logs('certs-watch')), 30000, 'it is refused');
  await sleep(6000);
  for (const port of [stack.httpsPort, stack.mqttPort]) assert.equal((await served(port)).serial, first.serial);

  // And now its certificate, from another authority.
  copyFileSync(`${other}/ca.pem`, `${dir}/ca.pem`);
  renameSync(`${other}/server.pem`, `${dir}/server.pem`);
  const second = await until(async () => {
    const now = await servedByBoth(stack);
    return now && now.serial !== first.serial && now;
  }, 40000, () => `the new certificate on both ports:\n${stack.logs('certs-watch')}`);
  await stack.run(['up', '-d']);
  assert.equal((await servedByBoth(stack)).serial, second.serial);
  assert.equal(secrets(stack), before, 'a second up changes no secret');
  await served(stack.mqttPort, { rejectUnauthorized: true, ca: read(`${dir}/ca.pem`) });
});

// What `check` and then `setup` say in a container of their own: they agree, and the first writes nothing.
const BOTH = `files() { find /etc/tether/tls /etc/tether/trust /var/lib/tether -type f -exec ls -l --full-time {} + 2>/dev/null; }
  before=$(files); looked=$(certs-source check 2>&1); code=$?
  [ "$before" = "$(files)" ] || echo "check has written"
  said=$(certs-source setup 2>&1); ends=$?
  [ $code = $ends ] || echo "check ends with $code, and setup with $ends"
  [ $ends = 0 ] || [ "\${looked#* }" = "\${said#* }" ] || echo "check says something else: $looked"
  echo "$said"; exit $ends`;

// What certs-source says so: { status, said }.
function setup(dir, env) {
  const options = Object.entries({ TETHER_HOST: HOST, TETHER_CERTS: './own', ...env }).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
  const { status, stdout, stderr } = spawnSync('docker', ['run', '--rm', '--network', 'none', '--read-only', '--cap-drop', 'ALL',
    '--tmpfs', '/tmp:mode=1777', '--tmpfs', '/etc/tether/tls:uid=700', '--tmpfs', '/etc/tether/trust:uid=700',
    '--tmpfs', '/var/lib/tether/challenges:uid=700', '-v', `${dir}:/etc/tether/own:ro`, ...options,
    '--entrypoint', 'bash', `tether/certs:${TAG}`, '-c', BOTH], { encoding: 'utf8' });
  return { status, said: stdout + stderr };
}
const openssl = (...args) => execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'pipe'] });

test('what is wrong with own files is said with what mends it', { skip, timeout: 300000 }, async (t) => {
  new Compose(t).build();
  const pem = (key) => key.export({ type: 'pkcs8', format: 'pem' });
  const rows = {
    'there is no server.pem in the folder ./own': (d) => rmSync(`${d}/server.pem`),
    'there is no server.key in the folder ./own': (d) => rmSync(`${d}/server.key`),
    'server.pem or server.key is a link that leads out of the folder ./own, where nobody here can follow: put copies there': (d) => {
      rmSync(`${d}/server.pem`);
      symlinkSync('../../archive/fullchain1.pem', `${d}/server.pem`); // as certbot has it
    },
    "the folder ./own can't be entered by user 700: sudo chmod 711 ./own": (d) => chmodSync(d, 0o700),
    "server.pem can't be read by user 700: sudo chmod 644 ./own/server.pem": (d) => chmodSync(`${d}/server.pem`, 0o600),
    "server.key can't be read by user 700: sudo chown 700 ./own/server.key && sudo chmod 400 ./own/server.key":
      (d) => chmodSync(`${d}/server.key`, 0o600),
    'server.pem holds no certificate in PEM': (d) => writeFileSync(`${d}/server.pem`, 'words'),
    'server.key holds no key in PEM without a passphrase': (d) => {
      openssl('pkey', '-in', `${d}/server.key`, '-aes256', '-passout', 'pass:x', '-out', `${d}/locked`);
      renameSync(`${d}/locked`, `${d}/server.key`);
      chmodSync(`${d}/server.key`, 0o644);
    },
    'server.key does not belong to the first certificate in server.pem':
      (d) => writeFileSync(`${d}/server.key`, pem(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)),
    'server.pem is not for other.test but for DNS:localhost': null,
    'nobody who is known here vouches for server.pem: put its chain behind it': (d) => rmSync(`${d}/ca.pem`),
    'server.pem has expired (notAfter=': (d) => {
      openssl('req', '-new', '-key', `${d}/server.key`, '-subj', `/CN=${HOST}`, '-out', `${d}/csr`);
      openssl('x509', '-req', '-in', `${d}/csr`, '-signkey', `${d}/server.key`, '-days', '0', '-out', `${d}/server.pem`);
    },
  };
  for (const [words, spoil] of Object.entries(rows)) {
    const dir = ownFolder(t);
    spoil?.(dir);
    const { status, said } = setup(dir, { TETHER_CERTIFICATE: 'own', TETHER_HOST: spoil ? HOST : 'other.test' });
    assert.equal(status, 1, `${words}: ${said}`);
    assert.ok(said.includes(`certs error ${words}`), `"${words}" is in: ${said}`);
    assert.equal(said.trim().split('\n').length, 1, `one line: ${said}`);
  }
  const good = setup(ownFolder(t), { TETHER_CERTIFICATE: 'own' });
  assert.equal(good.status, 0, good.said);
});

test('a value that is missing or impossible is said before anything starts', { skip, timeout: 300000 }, async (t) => {
  new Compose(t).build();
  const dir = folder(t);
  chmodSync(dir, 0o755);
  const acme = { TETHER_CERTIFICATE: 'acme', TETHER_CONTACT: `mailto:security@${HOST}` };
  for (const [words, env] of [
    ['TETHER_CERTIFICATE is "letsencrypt": trial, own or acme is expected', { TETHER_CERTIFICATE: 'letsencrypt' }],
    ['TETHER_HOST is empty: with TETHER_CERTIFICATE=acme the host name is needed', { ...acme, TETHER_HOST: '' }],
    ['TETHER_HOST is empty: with TETHER_CERTIFICATE=own the host name is needed', { TETHER_CERTIFICATE: 'own', TETHER_HOST: '' }],
    ['TETHER_CONTACT is "": with TETHER_CERTIFICATE=acme the authority wants an address', { ...acme, TETHER_CONTACT: '' }],
    ['TETHER_CONTACT is "https://x.test/": with TETHER_CERTIFICATE=acme', { ...acme, TETHER_CONTACT: 'https://x.test/' }],
    ['TETHER_CONTACT is "me@x.test": mailto:, https:// or tel: is expected', { TETHER_CONTACT: 'me@x.test' }],
    ['TETHER_HOST is "https://x.test": a name such as', { TETHER_HOST: 'https://x.test' }],
    ['TETHER_HOST is "x.test:443": a name such as', { TETHER_HOST: 'x.test:443' }],
    ['TETHER_HOST is "192.0.2.1": a name such as', { TETHER_HOST: '192.0.2.1' }],
    ['TETHER_HOST is "localhost": a name such as', { TETHER_HOST: 'localhost' }],
    ['TETHER_HOST is "a b;c": a name such as', { TETHER_HOST: 'a b;c' }],
    ['TETHER_CONTACT is "mailto:a b@x.test": mailto:, https:// or tel: is expected', { TETHER_CONTACT: 'mailto:a b@x.test' }],
    ['TETHER_CONTACT is "tel:": mailto:', { TETHER_CONTACT: 'tel:' }],
    ['TETHER_CONTACT is "https://x', { TETHER_CONTACT: `https://x${'x'.repeat(248)}` }],
    ...['8d', '169h', '6s', '07d', '7', '7w', '1000000s', '-1d'].map((age) =>
      [`TETHER_LOG_AGE is "${age}": a number with s, m, h or d behind it is expected, from 7s to 7d`, { TETHER_LOG_AGE: age }]),
    [`TETHER_ORIGIN is "https://other.test": https://${HOST} is expected`, { TETHER_ORIGIN: 'https://other.test' }],
    [`TETHER_ORIGIN is "http://${HOST}": https://${HOST} is expected`, { TETHER_ORIGIN: `http://${HOST}` }],
  ]) {
    const { status, said } = setup(dir, env);
    assert.equal(status, 1, `${words}: ${said}`);
    assert.ok(said.includes(`certs error ${words}`), `"${words}" is in: ${said}`);
  }
  assert.equal(setup(dir, {}).status, 0);
  for (const age of ['7s', '168h', '604800s']) assert.equal(setup(dir, { TETHER_LOG_AGE: age }).status, 0);
  assert.equal(setup(dir, { TETHER_CONTACT: `https://${'x'.repeat(248)}` }).status, 0);
  assert.equal(setup(dir, { TETHER_HOST: '', TETHER_ORIGIN: 'https://localhost:8443' }).status, 0);
  // Not impossible, where something before the machine changes ports; but most who have forgotten the one see nothing else.
  const words = `certs warn TETHER_ORIGIN is empty, so the page works at https://${HOST} alone; if browsers come by port 8443, it has to be https://${HOST}:8443`;
  const port = { TETHER_HTTPS_PORT: '8443' };
  assert.deepEqual([setup(dir, port).status, setup(dir, port).said.includes(words)], [0, true]);
  assert.doesNotMatch(setup(dir, { ...port, TETHER_ORIGIN: `https://${HOST}:8443` }).said, / warn /);
  assert.doesNotMatch(setup(dir, { TETHER_HTTPS_PORT: '443' }).said, / warn /);
});

test('.env.example explains every value of compose.yaml, and changes nothing as it stands', { skip }, () => {
  const yaml = readFileSync(path.join(compose, 'compose.yaml'), 'utf8');
  const example = readFileSync(path.join(compose, '.env.example'), 'utf8');
  const used = new Set([...yaml.matchAll(/\$\{(TETHER_\w+)/g)].map((m) => m[1]));
  const explained = [...example.matchAll(/^(TETHER_\w+)=/gm)].map((m) => m[1]);
  assert.deepEqual([...used].sort(), [...new Set(explained)].sort());
  for (const name of explained) assert.match(example, new RegExp(`^#.*\n(TETHER_\\w+=.*\n)*${name}=`, 'm'), `${name} has a comment`);
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(TETHER|COMPOSE)_/.test(name)));
  const config = (...args) => docker(['compose', '-f', path.join(compose, 'compose.yaml'), ...args, 'config'], { env });
  assert.equal(config('--env-file', path.join(compose, '.env.example')), config('--env-file', '/dev/null'));
});
