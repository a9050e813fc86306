// The life of a server as docs/OPERATING.md tells it: its own blocks of commands (```sh test=NAME) are what is run
// here, in a copy of compose/ as an operator has it, with a wearer's agent and a partner on this machine.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { BoxLog, monotonic } from '../lib/boxlog.mjs';
import { Compose, TAG, compose, docker, skip } from '../lib/compose.mjs';
import { Partner } from '../lib/partner.mjs';
import { folder, freePort, read, root, run, sleep, until } from '../lib/proc.mjs';
import { Agent, startBox } from '../lib/stack.mjs';

const HOLD = 5000; // as shipped
const LEVEL = 10;
const page = read(path.join(root, 'docs/OPERATING.md'));
const blocks = Object.fromEntries([...page.matchAll(/^( *)```sh test=([\w-]+)\n([\s\S]*?)^ *```$/gm)]
  .map(([, indent, name, text]) => [name, text.replaceAll(new RegExp(`^${indent}`, 'gm'), '')]));
const used = new Set();

// One stack for all tests of this file: what they start is ended at the file's end, the newest first.
const endings = [];
const file = { after: (end) => endings.push(end) };
after(async () => { for (const end of endings.reverse()) await end(); }, { timeout: 100000 });
let dir, stack, wearer;

// Runs a block as it stands: { code, text (standard output and error), from, to (moments) }. Fails the test unless `code`.
async function typed(name, { env = {}, code = 0 } = {}) {
  assert.ok(blocks[name], `docs/OPERATING.md has a block ${name}`);
  used.add(name);
  const from = monotonic();
  const child = spawn('bash', ['-euo', 'pipefail', '-c', blocks[name]], { cwd: `${dir}/compose`,
    env: { ...stack.env, COMPOSE_FILE: 'compose.yaml:quick.yaml', ...env },
    stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (d) => { text += d; });
  const got = await new Promise((done, fail) => { child.on('close', done); child.on('error', fail); });
  assert.equal(got, code, `${name}:\n${text}\n${got === code ? '' : stack.logs()}`);
  return { code: got, text, from, to: monotonic() };
}

// A project of its own name with the ports of the first, so that a server can be lost and made anew at the same address.
function project(name) {
  const next = new Compose(file, { name, profiles: [], env: stack ? Object.fromEntries(['TETHER_HTTPS_PORT', 'TETHER_MQTT_PORT',
    'TETHER_HTTP_PORT', 'TETHER_ORIGIN'].map((k) => [k, stack.env[k]])) : {} });
  file.after(() => next.down());
  return next;
}

// A wearer with a box: agent(), which starts the program (an earlier one is ended), and the box's log.
async function newWearer() {
  const home = folder(file);
  await startBox(file, home);
  const self = { log: new BoxLog(`${home}/box.log`), ca: `${home}/ca.pem` };
  self.trust = () => writeFileSync(self.ca, stack.exec('broker', 'cat', '/etc/tether/tls/ca.pem'));
  self.start = async () => {
    const before = self.agent?.last('link')?.link;
    await self.agent?.program.stop();
    self.agent = new Agent(file, ['--box', `${home}/box`, '--server', `localhost:${stack.env.TETHER_MQTT_PORT}`, '--ca', self.ca,
      '--page', `${stack.env.TETHER_ORIGIN}/`, '--cap-a', '60', '--cap-b', '60', '--admit', 'always'],
    { XDG_RUNTIME_DIR: home, XDG_CONFIG_HOME: home });
    return self.agent.link(30000, before);
  };
  self.trust();
  return self;
}

function enter(link) {
  const partner = new Partner(link, { ca: wearer.ca });
  file.after(() => partner.close());
  return partner;
}

// A partner in control, the box at LEVEL. `link`: of a session that is there already.
async function live(link) {
  const partner = enter(link ?? await wearer.start());
  await partner.takeControl(20000);
  await partner.raise('A', LEVEL);
  await until(() => wearer.log.now().a === LEVEL, 3000, () => `the box at ${LEVEL}: ${JSON.stringify(wearer.log.now())}`);
  return partner;
}

// As the page does it: tries again until in control; resolves with the partner.
async function comesBack(link, ms) {
  const end = monotonic() + ms;
  for (;;) {
    const partner = enter(link);
    const done = await partner.takeControl(3000).then(() => partner, () => { partner.close(); });
    if (done) return done;
    if (monotonic() > end) throw new Error(`not in control again after ${ms} ms: ${JSON.stringify(partner.gw)}, ${partner.error ?? ''}`);
    await sleep(200);
  }
}

// The moment at which the partner was cut from the wearer, as the partner sees it.
const cutOf = (partner) => until(() => partner.closed || partner.gw.some((m) => m.gw !== 'joined'), 20000,
  () => `a cut; heard ${JSON.stringify(partner.gw)}`).then(monotonic);

// What the gateway says to who joins by `link`: 'joined', or why not. One address may try once in 6 s, after ten at once.
async function why(link) {
  for (;;) {
    const partner = enter(link);
    await until(() => partner.closed || partner.gw.length > 0, 10000, 'an answer to the join');
    const [answer] = partner.gw;
    partner.close();
    if (answer?.why !== 'limit') return answer?.why ?? answer?.gw;
    await sleep(answer.retry * 1000);
  }
}

// Gives control up, so that the next one need not wait for hold.
async function leave(partner) {
  partner.send('bye');
  await partner.when((s) => s.guard !== 'live', 3000, 'control given up');
  partner.close();
}

// Of the copy, as an operator has it by `git clone`; returns its name.
function commit(what) {
  const git = (...args) => run('git', ['-C', dir, '-c', 'user.name=x', '-c', 'user.email=x@x.test', ...args]).trim();
  git('add', '-A');
  git('commit', '-q', '-m', what);
  return git('rev-parse', 'HEAD');
}

before(async () => {
  if (skip) return;
  dir = folder(file);
  cpSync(compose, `${dir}/compose`, { recursive: true });
  run('git', ['init', '-q', dir]);
  commit('the first version');
  // Health is looked at more often than an operator needs it, by an overlay as one would have it in .env.
  writeFileSync(`${dir}/compose/quick.yaml`, JSON.stringify({ services: Object.fromEntries(['broker', 'keysvc', 'gateway'].map((part) =>
    [part, { healthcheck: { interval: '1s', retries: 10 } }])) }));
  stack = project('life');
  for (const name of ['HTTPS', 'MQTT', 'HTTP']) stack.env[`TETHER_${name}_PORT`] = String(await freePort());
  stack.env.TETHER_ORIGIN = `https://localhost:${stack.env.TETHER_HTTPS_PORT}`;
  stack.build();
}, { timeout: 1200000 });

test('install: one command, typed twice, brings up a server that gives out links', { skip, timeout: 300000 }, async () => {
  await typed('install');
  const secrets = () => stack.exec('keysvc', 'bash', '-c', 'cd /var/lib/tether && sha256sum secrets/* keys/*');
  const made = secrets();
  const ids = ['broker', 'keysvc', 'gateway'].map((s) => stack.id(s));
  await typed('install');
  assert.equal(secrets(), made, 'secrets are made once');
  assert.deepEqual(['broker', 'keysvc', 'gateway'].map((s) => stack.id(s)), ids, 'nothing was made anew');
  for (const service of ['broker', 'keysvc', 'gateway']) await stack.healthy(service);
  assert.match((await typed('values', { env: { TETHER_LOG_AGE: '8d' }, code: 1 })).text, /certs error TETHER_LOG_AGE is "8d"/);
  // Values that are good, but of a server that this one is not: what is served stays.
  const kept = () => stack.exec('broker', 'sh', '-c', 'cd /etc/tether/tls && stat -c "%n %i %Y" * && sha256sum *');
  const before = kept();
  for (const source of ['acme', 'trial']) {
    await typed('values', { env: { TETHER_HOST: 'other.test', TETHER_ORIGIN: '', TETHER_CERTIFICATE: source, TETHER_CONTACT: 'mailto:security@other.test' } });
    assert.equal(kept(), before, `looking touches no certificate: ${source}`);
  }
  assert.deepEqual(['broker', 'keysvc', 'gateway'].map((s) => stack.id(s)), ids, 'looking touches nothing');
  assert.match((await typed('check')).text, /^broker: +connected/m);
  assert.match((await typed('logs')).text, / keysvc info .*\n/);
  const list = JSON.parse((await typed('components')).text);
  assert.ok(list.components.some((c) => c.name === 'mosquitto'), 'the broker is made of mosquitto');
  wearer = await newWearer();
});

let former;
// What a part is made of: the image, and the version of compose.yaml.
const version = (part) => (({ Image, Labels }) => [Image, Labels['tether.test']])(stack.inspect(part).Config);

test('upgrade: each part is made anew under a live session', { skip, timeout: 300000 }, async () => {
  const rows = [];
  let partner = await live();
  const link = wearer.agent.last('link').link;
  // The next version: other sources, and images of another tag.
  const next = `${TAG}-next`;
  const images = [...new Set(stack.docker(['config', '--images']).split('\n').filter(Boolean))];
  const tagged = images.map((image) => image.replace(/:[^:]*$/, `:${next}`));
  file.after(() => docker(['image', 'rm', '-f', ...tagged]));
  images.forEach((image, i) => docker(['tag', image, tagged[i]]));
  const yaml = `${dir}/compose/compose.yaml`;
  former = commit('as it runs');
  writeFileSync(yaml, read(yaml).replace('\n  init: true\n', '\n  init: true\n  labels: {tether.test: next}\n'));
  commit('the next version');
  stack.env.TETHER_TAG = next; // as in .env
  for (const part of ['broker', 'keysvc', 'gateway']) {
    const before = stack.id(part);
    const since = monotonic();
    const cut = part === 'keysvc' ? undefined : cutOf(partner);
    const running = typed(`upgrade-${part}`);
    if (cut) {
      const at = await cut;
      const zero = since + await wearer.log.zeroAfter(since, HOLD + 10000);
      partner.close();
      partner = await comesBack(link, 60000); // while the command still waits for the part to be well
      const again = monotonic();
      await running;
      assert.ok(zero - at <= HOLD + 500, `${part}: zero ${zero - at} ms after the cut`);
      rows.push(`| ${part} | ${Math.max(0, zero - at).toFixed(0)} ms | ${((again - at) / 1000).toFixed(1)} s |`);
      assert.deepEqual([wearer.log.now().a, wearer.log.now().b], [0, 0], 'from zero');
      await partner.raise('A', LEVEL);
    } else {
      await running;
      await sleep(1500);
      assert.equal(wearer.log.levels().filter((l) => l.ms > since).length, 0, 'the box noticed nothing');
      assert.equal(partner.closed, undefined, 'nor did the partner');
      rows.push(`| ${part} | never | - |`);
    }
    assert.notEqual(stack.id(part), before, `${part} was made anew`);
    assert.deepEqual(version(part), [`tether/${part}:${next}`, 'next']);
  }
  const ids = () => ['keysvc', 'broker', 'gateway'].map((part) => stack.id(part));
  const made = ids();
  await typed('upgrade-rest');
  assert.deepEqual(ids(), made, 'what was made anew is left alone');
  assert.deepEqual(version('certs-watch'), [`tether/certs:${next}`, 'next'], 'and the rest is new');
  console.log(`\n| part made anew | zero after the cut | in control again |\n${rows.join('\n')}\n`);
  assert.equal(wearer.agent.last('link').link, link, 'the link has stayed');
  partner.close();
});

test('agents: one that is too old is told so and gets no key; the session that lives goes on', { skip, timeout: 200000 }, async () => {
  const partner = await live();
  const since = monotonic();
  await typed('oldest', { env: { TETHER_OLDEST_AGENT: '7.1.0' } });
  assert.match((await typed('check')).text, /7\.1\.0/, 'the status shows it');
  await sleep(1500);
  assert.equal(wearer.log.levels().filter((l) => l.ms > since).length, 0, 'the box noticed nothing');
  await leave(partner);
  const before = wearer.agent.last('link').link;
  wearer.agent.say({ cmd: 'disconnect' });
  await until(() => /the server needs at least 7\.1\.0\. Please update it/.test(JSON.stringify(wearer.agent.events())), 20000,
    () => JSON.stringify(wearer.agent.events()));
  assert.equal(wearer.agent.last('link')?.link || before, before, 'no new link');
  await typed('oldest');
  await stack.healthy('keysvc');
  await leave(await live());
});

test('back: the former images under their tag, and the compose.yaml that they came with', { skip, timeout: 200000 }, async () => {
  await typed('rollback', { env: { FORMER: TAG, COMMIT: former } });
  for (const part of ['keysvc', 'broker', 'gateway']) assert.deepEqual(version(part), [`tether/${part}:${TAG}`, undefined]);
  stack.env.TETHER_TAG = TAG; // as in .env
  const partner = await comesBack(wearer.agent.last('link').link, 40000);
  partner.close();
});

test('rotate: no session notices; with the former public key gone all that it had signed is cut', { skip, timeout: 200000 }, async () => {
  const link = await wearer.start();
  const partner = await live(link);
  const since = monotonic();
  await typed('rotate');
  await sleep(1500);
  assert.equal(wearer.log.levels().filter((l) => l.ms > since).length, 0, 'the box noticed nothing');
  assert.equal(await why(link), 'joined', 'a link of before is redeemed');
  const { from } = await typed('rotate-stolen');
  const zero = await wearer.log.zeroAfter(from, HOLD + 5000);

  assert.ok(zero < HOLD + 3000, `zero ${zero} ms after the command`);
  assert.equal(stack.exec('keysvc', 'ls', '/var/lib/tether/keys').trim().split('\n').length, 1);
  partner.close();
  await until(() => stack.health('gateway') === 'healthy' && stack.health('keysvc') === 'healthy', 30000, 'healthy again');
  await leave(await live());
});

for (const [block, title] of [['revoke-one', 'revoke one by its link'], ['revoke-all', 'revoke all']]) {
  test(`${title}: both sides cut within a second, the box at zero within two`, { skip, timeout: 100000 }, async () => {
    const link = await wearer.start();
    const partner = await live(link);
    const page = until(() => partner.closed && partner.gw.find((m) => m.gw === 'ended'), 8000, 'the page is told').then(monotonic);
    const agent = until(() => JSON.stringify(wearer.agent.events()).includes('its key was revoked'), 8000, 'the wearer is told').then(monotonic);
    const { from, to, text } = await typed(block, { env: { LINK: link } });
    const zero = await wearer.log.zeroAfter(from, 8000);
    const late = { page: await page - to, wearer: await agent - to, zero };
    console.log(`\n${title}: the command took ${(to - from).toFixed(0)} ms; page cut ${late.page.toFixed(0)} ms and wearer `
      + `${late.wearer.toFixed(0)} ms after its return; zero ${zero.toFixed(0)} ms after it was typed\n`);
    assert.ok(late.page <= 1000 && late.wearer <= 1000 && zero <= 2000, JSON.stringify(late));
    assert.match(text, /revoked/);
    assert.equal(await why(link), 'revoked');
  });
}

test('a new key secret: links of before are dead, new ones work', { skip, timeout: 100000 }, async () => {
  const secret = () => stack.exec('keysvc', 'sha256sum', '/var/lib/tether/secrets/key-secret');
  const link = await wearer.start();
  assert.equal(await why(link), 'joined');
  const former = secret();
  await typed('rotate-secret');
  assert.notEqual(secret(), former);
  await until(() => stack.health('gateway') === 'healthy', 30000, 'the gateway is healthy');
  assert.equal(await why(link), 'revoked');
  await leave(await live());
});

test('the commands of docs/OPERATING.md: install, back up, lose the machine, restore: the old link works', { skip, timeout: 300000 }, async () => {
  stack.exec('keysvc', 'touch', '/var/lib/tether/secrets/sign-20260101-000000.pem.new'); // as a crash may leave one
  await typed('backup');
  const saved = `${dir}/compose/tether-backup.tar`;
  assert.equal(statSync(saved).mode & 0o777, 0o600);
  const bytes = readFileSync(saved);
  await typed('backup', { code: 1 });
  assert.deepEqual(readFileSync(saved), bytes, 'a backup is never written over');
  const link = await wearer.start();
  await typed('restore', { code: 5 });

  stack.down();
  stack = project('life-again');
  for (const to of ['-', 'nothing.tar']) {
    const { status, stdout, stderr } = spawnSync('./backup', [to], { cwd: `${dir}/compose`, env: stack.env, encoding: 'utf8' });
    assert.deepEqual([status, stdout], [1, ''], `a backup of nothing fails: ${stderr}`);
    assert.match(stderr, /nothing saved: the stack has no secrets yet/);
  }
  assert.ok(!existsSync(`${dir}/compose/nothing.tar`));
  await typed('restore');
  wearer.trust();
  const partner = await comesBack(link, 60000);
  assert.equal(wearer.agent.last('link').link, link, 'the agent is the one of before');
  await partner.raise('A', LEVEL);
  await leave(partner);
});

test('decommissioning leaves no container, no volume and no network', { skip, timeout: 100000 }, async () => {
  const partner = await live();
  const left = () => [['ps', '-aq'], ['volume', 'ls', '-q'], ['network', 'ls', '-q']].map((args) =>
    docker([...args, '--filter', `label=com.docker.compose.project=${stack.project}`]).split('\n').filter(Boolean).length);
  assert.ok(left().every((n) => n > 0), 'there was something');
  const { from } = await typed('remove');
  const zero = await wearer.log.zeroAfter(from, HOLD);
  assert.ok(zero <= 2000, `zero ${zero} ms after it was typed`);
  assert.deepEqual(left(), [0, 0, 0]);
  partner.close();
});

test('every block of docs/OPERATING.md that is marked was run', { skip }, () => {
  assert.deepEqual(Object.keys(blocks).filter((name) => !used.has(name)), []);
  assert.ok(used.size >= 13, `${used.size} blocks`);
});
