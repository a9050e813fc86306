// A whole session on the compose stack with known names, ids, keys and addresses; then everything that is left
// on the machine is searched for each of them, in every spelling. What may be found is in docs/PRIVACY.md.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';
import { Compose, docker, skip } from '../lib/compose.mjs';
import { parseLink } from '../lib/partner.mjs';
import { folder, read, root, run, until } from '../lib/proc.mjs';

const PARTS = ['broker', 'keysvc', 'gateway'];
const LINE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ [a-z]+(-[a-z]+)? (error|warn|info|debug) .+$/;
// Places of docs/PRIVACY.md, "What is kept", and what may be found in each.
const ALLOWED = [
  ['volume state', 'journal', ['sid', 'other sid']],
  ['volume revoked', 'revoked', ['sid', 'other sid']],
  ['volume tokens', 'gw-1.jwt', ['gateway id', 'gateway token']],
];

const hooks = [];
const t = { after: (fn) => hooks.unshift(fn) };
let stack;
let client;
const known = {};
before(async () => {
  if (skip) return;
  stack = await new Compose(t, { name: 'privacy' }).up();
}, { timeout: 1200000 });
after(async () => { for (const hook of hooks) await Promise.resolve(hook()).catch((error) => console.error(String(error))); });

// ---- a client with addresses of its own ---------------------------------------------------------------

// A part's end in the network that the world reaches.
const outside = (service) => Object.entries(stack.inspect(service).NetworkSettings.Networks).find(([name]) => /_(outside|default)$/.test(name))[1];

// A network namespace on the gateway's own network, so that its addresses arrive as they are.
function namespace(service) {
  const name = `tp${process.pid}`;
  const network = outside(service);
  const bridge = `br-${network.NetworkID.slice(0, 12)}`;
  const four = network.IPAddress.replace(/\d+$/, '211');
  const ip = (...args) => run('ip', args);
  ip('netns', 'add', name);
  t.after(() => ip('netns', 'del', name));
  ip('link', 'add', `v${name}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
  ip('link', 'set', `v${name}`, 'master', bridge, 'up');
  for (const args of [['link', 'set', 'lo', 'up'], ['link', 'set', 'eth0', 'up'], ['addr', 'add', `${four}/${network.IPPrefixLen}`, 'dev', 'eth0']]) {
    ip('-n', name, ...args);
  }
  // Both families: where the engine gave the network no IPv6, the test gives the container's own end an address.
  let six = network.GlobalIPv6Address;
  let from6 = six?.replace(/[^:]*$/, 'd3c1:211');
  if (!six) {
    const pid = String(stack.inspect(service).State.Pid);
    const prefix = `fd5e:${process.pid.toString(16)}:71`;
    [six, from6] = [`${prefix}::2`, `${prefix}::d3c1:211`];
    const inside = (...args) => run('nsenter', ['-t', pid, '-n', ...args]);
    inside('sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=0', 'net.ipv6.conf.eth0.disable_ipv6=0');
    inside('ip', 'addr', 'add', `${six}/64`, 'dev', 'eth0', 'nodad');
  }
  ip('-n', name, 'addr', 'add', `${from6}/64`, 'dev', 'eth0', 'nodad');
  return { name, four, six: from6, gateway4: network.IPAddress, gateway6: six };
}

// A browser inside of it whose every request goes to `host`.
async function browser(host, userAgent) {
  const dir = folder(t);
  const wrapper = path.join(dir, 'chromium');
  writeFileSync(wrapper, `#!/bin/sh\nexec ip netns exec ${client.name} /usr/bin/chromium "$@"\n`);
  chmodSync(wrapper, 0o755);
  const own = await chromium.launch({ executablePath: wrapper, args: ['--no-sandbox', '--disable-gpu', '--disable-quic',
    '--disable-background-networking', `--host-resolver-rules=MAP localhost:${stack.httpsPort} ${host}:8443`] });
  t.after(() => own.close());
  const page = await (await own.newContext({ ignoreHTTPSErrors: true, userAgent })).newPage();
  return { page, close: () => own.close() };
}

const inNamespace = (...args) => promisify(execFile)('ip', ['netns', 'exec', client.name, ...args], { encoding: 'utf8', timeout: 60000 });
const events = () => execFileSync('docker', ['logs', stack.id('agent')], { encoding: 'utf8', maxBuffer: 1 << 26, stdio: ['ignore', 'pipe', 'ignore'] })
  .split('\n').filter((l) => l.startsWith('{')).map((l) => JSON.parse(l));
const status = (page, pattern) => page.waitForFunction((p) => new RegExp(p, 'i').test(document.querySelector('[role=status]')?.textContent),
  pattern, { timeout: 20000 });

test('a session with partners of both families, and everybody who may talk to the broker', { skip, timeout: 300000 }, async (x) => {
  client = namespace('gateway');
  known.link = await stack.link();
  const { key, secret, sid } = parseLink(known.link);
  Object.assign(known, { key, secret: secret.toString('base64url'), sid: sid.toString('hex'),
    'IPv4 address': client.four, 'IPv6 address': client.six, 'user agent': `MarkedBrowser/${process.pid}.4711` });

  // Over IPv6 where the gateway listens there: a page that looks and goes.
  const listens6 = await inNamespace('bash', '-c', `exec 3<>/dev/tcp/${client.gateway6}/8443`).then(() => true, () => false);
  x.diagnostic(`IPv6 from ${client.six}: ${listens6 ? 'the gateway answers' : 'the gateway does not listen on it'}`);
  assert.ok(listens6, 'the gateway is reached over IPv6');
  {
    const six = await browser(`[${client.gateway6}]`, known['user agent']);
    await six.page.goto(known.link);
    await six.page.getByRole('button', { name: 'Take control' }).waitFor({ timeout: 20000 });
    await six.close();
  }

  const four = await browser(client.gateway4, known['user agent']);
  four.page.on('websocket', (ws) => ws.on('framesent', ({ payload }) => { known['page id'] ??= JSON.parse(payload).page; }));
  await four.page.goto(`${known.link.split('#')[0]}?${'marked-query'}#${known.link.split('#')[1]}`);
  await four.page.getByRole('button', { name: 'Take control' }).click({ timeout: 20000 });
  await status(four.page, 'in control');
  for (const [channel, value] of [['A', 17], ['B', 13]]) {
    await four.page.getByRole('slider', { name: `Level ${channel}`, exact: true }).fill(String(value));
  }
  const live = await until(() => events().findLast((e) => e.event === 'state' && Object.values(e.level).join() === '17,13'), 40000,
    () => `A 17, B 13 at the box: ${JSON.stringify(events().findLast((e) => e.event === 'state'))}`);
  known['check words'] = live.words;
  assert.ok(known['check words'] && known['page id'], 'check words and page id are known');
  known['marked query'] = 'marked-query';

  const tokens = stack.exec('keysvc', 'cat', '/var/lib/tether/tokens/gw-1.jwt').trim();
  known['gateway token'] = tokens;
  const file = path.join(folder(t), 'gw.jwt');
  writeFileSync(file, tokens);
  const broker = outside('broker').IPAddress;
  const { stdout } = await inNamespace('node', path.join(root, 'tests/lib/marked.mjs'), broker, stack.ca(), file);
  Object.assign(known, JSON.parse(stdout));
  await four.page.getByRole('button', { name: 'Stop', exact: true }).click().catch(() => {});
  await four.close();
  for (const [what, value] of Object.entries(known)) assert.ok(value === undefined || value.length >= 5, what);
  x.diagnostic(`looked for: ${Object.keys(known).filter((k) => known[k]).join(', ')}`);
});

// ---- looking ----------------------------------------------------------------------------------------

// What base64 makes of `bytes` wherever they begin in a longer text, without the characters that neighbours share.
const base64s = (bytes) => [0, 1, 2].flatMap((shift) => {
  const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64').replace(/=+$/, '');
  const inner = text.slice(shift && shift + 1, (shift + bytes.length) % 3 ? -1 : undefined);
  return [inner, inner.replaceAll('+', '-').replaceAll('/', '_')];
});

function addressBytes(text) {
  if (!text.includes(':')) return Buffer.from(text.split('.').map(Number));
  const [head, tail] = text.split('::').map((half) => half.split(':').filter(Boolean));
  const groups = tail ? [...head, ...Array(8 - head.length - tail.length).fill('0'), ...tail] : head;
  return Buffer.from(groups.map((g) => g.padStart(4, '0')).join(''), 'hex');
}

// Every spelling of one value.
function spellings(what, value) {
  const text = Buffer.from(value);
  const found = [text, text.toString('hex'), ...base64s(text)];
  let bytes;
  if (/address/.test(what)) bytes = addressBytes(value);
  else if (/^[0-9a-f]{16,}$/.test(value)) bytes = Buffer.from(value, 'hex');
  else if (/^(key|other key|secret)$/.test(what)) bytes = Buffer.from(value, 'base64url');
  if (bytes) {
    const back = Buffer.from(bytes).reverse();
    found.push(bytes, back, bytes.toString('hex'), back.toString('hex'), ...(bytes.length > 4 ? base64s(bytes) : []));
  }
  return found.flatMap((f) => (typeof f === 'string' ? [Buffer.from(f), Buffer.from(f.toUpperCase())] : [f])).filter((f) => f.length >= 4);
}

// The names of all known values that are in `bytes`.
function namesIn(bytes) {
  const levels = /"(a|val)": ?17\b|\bA[ =:]?17\b|"b": ?13\b|\bB[ =:]?13\b/.test(bytes.toString('latin1')) ? ['levels'] : [];
  return [...Object.entries(known).filter(([what, value]) => value && spellings(what, value).some((s) => bytes.includes(s)))
    .map(([what]) => what), ...levels];
}

test('the search finds each value in each spelling, and not in other text', { skip }, () => {
  for (const [what, value] of Object.entries(known).filter(([, v]) => v)) {
    for (const spelling of spellings(what, value)) {
      assert.ok(namesIn(Buffer.concat([Buffer.from('xy'), spelling, Buffer.from('z')])).includes(what), `${what}: ${spelling}`);
    }
    for (const around of ['', 'a', 'ab']) {
      assert.ok(namesIn(Buffer.from(Buffer.from(`${around}${value}${around}`).toString('base64'))).includes(what), `${what} in base64`);
    }
  }
  assert.deepEqual(namesIn(Buffer.from('{"a":17}')), ['levels']);
  assert.deepEqual(namesIn(Buffer.from(read(path.join(root, 'docs/PROTOCOL.md')))), []);
});

// Everything that is left: [place, file, bytes].
function places() {
  const all = [];
  const volumes = docker(['volume', 'ls', '-q', '--filter', `label=com.docker.compose.project=${stack.project}`]).split('\n').filter(Boolean);
  for (const volume of volumes) {
    const name = `volume ${volume.slice(stack.project.length + 1)}`;
    const at = JSON.parse(docker(['volume', 'inspect', volume]))[0].Mountpoint;
    for (const entry of readdirSync(at, { recursive: true, withFileTypes: true })) {
      const file = path.join(entry.path, entry.name);
      all.push([name, `name of ${entry.name}`, Buffer.from(file)]);
      if (entry.isFile()) all.push([name, entry.name, readFileSync(file)]);
    }
  }
  const engine = path.join(docker(['info', '-f', '{{.DockerRootDir}}']).trim(), 'containers');
  for (const service of PARTS) {
    const id = stack.id(service);
    all.push([service, 'docker inspect', Buffer.from(docker(['inspect', id]))]);
    all.push([service, 'docker logs', Buffer.from(execFileSync('docker', ['logs', id], { stdio: ['ignore', 'pipe', 'pipe'] }))]);
    all.push([service, 'docker diff', Buffer.from(docker(['diff', id]))]);
    all.push([service, 'docker top', Buffer.from(docker(['top', id, '-o', 'pid,args']))]);
    // What is in memory as files, and (where somebody wrote past the read-only root) on its top layer.
    all.push([service, '/tmp, /run', Buffer.from(stack.exec(service, 'sh', '-c', 'find /tmp /run /dev/shm -type f -print -exec cat {} + 2>/dev/null || true'))]);
    for (const entry of existsSync(path.join(engine, id)) ? readdirSync(path.join(engine, id), { recursive: true, withFileTypes: true }) : []) {
      if (entry.isFile()) all.push([service, `the engine's ${entry.name}`, readFileSync(path.join(entry.path, entry.name))]);
    }
  }
  for (const service of ['certs', 'certs-watch', 'keysvc-init'].filter((s) => stack.id(s))) {
    all.push([service, 'docker logs', Buffer.from(stack.logs(service))]);
  }
  const metrics = stack.inspect('gateway').Config.Cmd.join(' ').match(/--metrics \S*:(\d+)/)?.[1];
  if (metrics) {
    all.push(['gateway', 'metrics', Buffer.from(stack.exec('gateway', 'bash', '-c',
      `exec 3<>/dev/tcp/metrics/${metrics}; printf 'GET /metrics HTTP/1.0\\r\\nHost: x\\r\\n\\r\\n' >&3; cat <&3`))]);
  }
  all.push(['network', 'inspect', Buffer.from(docker(['network', 'ls', '-q', '--filter', `label=com.docker.compose.project=${stack.project}`])
    .split('\n').filter(Boolean).map((n) => docker(['network', 'inspect', n])).join())]);
  return all;
}

function sweep(x) {
  const found = [];
  const seen = places();
  for (const [place, file, bytes] of seen) {
    for (const what of namesIn(bytes)) {
      const row = ALLOWED.findIndex(([p, f, list]) => p === place && f === file && list.includes(what));
      found.push({ place, file, what, row });
    }
  }
  assert.deepEqual(found.filter((f) => f.row < 0), [], 'found where it must not be');
  x.diagnostic(`${seen.length} files and outputs, ${seen.reduce((n, [, , b]) => n + b.length, 0)} bytes; found: ${found.map((f) => `${f.what} in ${f.place}/${f.file}`).join(', ')}`);
  return { found, seen };
}

test('while sessions live nothing about them is anywhere but where docs/PRIVACY.md says', { skip, timeout: 120000 }, (x) => {
  const { found, seen } = sweep(x);
  for (const [place, file, [what]] of ALLOWED.filter(([p]) => p !== 'volume revoked')) {
    assert.ok(found.some((f) => f.place === place && f.file === file && f.what === what), `${what} is in ${place}/${file}, so the search works there`);
  }
  for (const part of PARTS) assert.ok(seen.some(([p, f]) => p === `volume logs-${part}` && f.startsWith(`${part}.`)) || part === 'broker', `the log of ${part} was searched`);
  assert.ok(seen.some(([, file]) => file === 'metrics'), 'the metrics were searched');
  const table = read(path.join(root, 'docs/PRIVACY.md')).split('## What is kept')[1];
  for (const [place] of ALLOWED) assert.ok(table.includes(`| ${place.replace(/ (\w+)$/, ' `$1`')}`), place);
});

test('after their end only number, times and state are kept', { skip, timeout: 120000 }, async (x) => {
  stack.exec('keysvc', 'tether-keysvc', '--dir', '/var/lib/tether', 'revoke', '--all');
  const { found } = sweep(x);
  assert.ok(found.some((f) => f.place === 'volume revoked' && f.what === 'sid'));
  const journal = stack.exec('keysvc', 'cat', '/var/lib/tether/state/journal').trim().split('\n');
  for (const line of journal) assert.match(line, /^[0-9a-f]{32} \d{10} \d{10} (issued|joined|ended|revoked)$/);
  for (const line of stack.exec('keysvc', 'cat', '/var/lib/tether/revoked/revoked').trim().split('\n')) {
    assert.match(line, /^revoke [0-9a-f]{32} \d{10}$/);
  }
});

test('every line of every part has the one form, and the engine has kept none', { skip, timeout: 120000 }, async (x) => {
  // Also what the parts say when they end, one of them by a crash.
  stack.docker(['stop', '-t', '5', 'gateway']);
  process.kill(stack.pids('broker').find((pid) => read(`/proc/${pid}/comm`).trim() === 'mosquitto'), 'SIGKILL');
  stack.docker(['restart', '-t', '5', 'keysvc']);
  const kept = (part) => run('docker', stack.args(['--profile', 'logs', 'run', '--rm', '--no-deps', '-T', 'logs', ...(part ? [part] : [])]), { env: stack.env })
    .split('\n').filter(Boolean);
  await until(() => kept('broker').some((l) => /ended by signal 9/.test(l)), 10000, 'the crash is in the log');
  const all = kept();
  for (const line of all) assert.match(line, LINE);
  assert.deepEqual(all, all.toSorted((a, b) => (a.slice(0, 20) < b.slice(0, 20) ? -1 : a.slice(0, 20) > b.slice(0, 20) ? 1 : 0)), 'oldest first');
  for (const part of PARTS) {
    const own = kept(part);
    assert.ok(own.length > 0 && own.every((l) => l.slice(21).startsWith(part)), `${part} has its own lines`);
    x.diagnostic(`${part}: ${own.length} lines, e.g. ${own[0]}`);
    assert.equal(docker(['logs', stack.id(part)], { stdio: ['ignore', 'pipe', 'inherit'] }), '', `the engine keeps nothing of ${part}`);
    assert.equal(stack.inspect(part).HostConfig.LogConfig.Type, 'local');
  }
  // And nobody is named in what they said at their ends.
  stack.docker(['start', 'gateway']);
  for (const part of PARTS) await stack.healthy(part, 40000);
  const { seen } = sweep(x);
  const searched = Buffer.concat(seen.filter(([place]) => /^volume logs-/.test(place)).map(([, , bytes]) => bytes)).toString();
  for (const line of all) assert.ok(searched.includes(line.slice(21)), `searched: ${line}`);
});
