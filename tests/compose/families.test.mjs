// IPv4 and IPv6 from other addresses than this machine's: each client is a network namespace joined to the host by
// a pair of virtual cards. One uses up what an address may have; the next one goes on, in both families. So the
// parts see whose connection it is, and not one address of the engine's for all.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Compose, skip as noEngine } from '../lib/compose.mjs';
import { root, start } from '../lib/proc.mjs';

const limit = (file, name) => Number(readFileSync(path.join(root, file), 'utf8').match(new RegExp(`^#define ${name}\\s+(\\d+)`, 'm'))[1]);
const PER_ADDRESS = limit('gateway/limits.h', 'MAX_PER_ADDRESS');
const JOINS = limit('gateway/limits.h', 'JOINS_BURST');
const GUESTS = limit('broker-conf/limits.h', 'GUEST_NET_BURST');
const ip = (...args) => execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

// Namespaces need root, and a kernel that has them.
const probe = `tether-probe-${process.pid}`;
const able = spawnSync('ip', ['netns', 'add', probe]).status === 0;
if (able) spawnSync('ip', ['netns', 'del', probe]);
const skip = noEngine || (able ? false : 'no network namespaces here');

const byte = process.pid % 250;
const hex = process.pid.toString(16);
// TETHER_BIND empty: published as shipped, on all addresses of both families.
const stack = new Compose({ after }, { name: 'families', profiles: [], soon: true, env: { TETHER_BIND: '' } });
const clients = [];
const made = { namespaces: [], forwarding: undefined };
let way; // of IPv6

// One client: a namespace with an address of each family, its way out being the host.
function client(number) {
  const name = `tether-${process.pid}-${number}`;
  const card = `th${hex}${number}`;
  const host = { 4: `10.213.${byte}.${number * 4 + 1}`, 6: `fd13:${hex}:0:${number}::1` };
  const own = { 4: `10.213.${byte}.${number * 4 + 2}`, 6: `fd13:${hex}:0:${number}::2` };
  ip('netns', 'add', name);
  made.namespaces.push(name);
  ip('link', 'add', card, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
  for (const [family, bits] of [[4, 30], [6, 64]]) {
    ip('addr', 'add', `${host[family]}/${bits}`, 'dev', card, ...(family === 6 ? ['nodad'] : []));
    ip('-n', name, 'addr', 'add', `${own[family]}/${bits}`, 'dev', 'eth0', ...(family === 6 ? ['nodad'] : []));
  }
  ip('link', 'set', card, 'up');
  ip('-n', name, 'link', 'set', 'lo', 'up');
  ip('-n', name, 'link', 'set', 'eth0', 'up');
  for (const family of [4, 6]) ip('-n', name, `-${family}`, 'route', 'add', 'default', 'via', host[family]);
  return { name, host };
}

const FORWARDING = '/proc/sys/net/ipv6/conf/all/forwarding';

// Where a client finds a part: published, or (IPv6, and an engine that would hand it on under its own address) the
// container's own address, to which the host is the way.
function place(from, family, part) {
  const published = { gateway: stack.httpsPort, broker: stack.mqttPort }[part];
  if (family === 4 || way === 'published') return [from.host[family], published];
  return [stack.inspect(part).NetworkSettings.Networks[`${stack.project}_outside`].GlobalIPv6Address,
    { gateway: 8443, broker: 8883 }[part]];
}

// Runs tests/lib/stranger.mjs as this client: what it found, and an end to what it holds.
async function stranger(t, from, family, part, job, n = 1) {
  const [host, port] = place(from, family, part);
  const program = start(t, 'ip', ['netns', 'exec', from.name, process.execPath, path.join(root, 'tests/lib/stranger.mjs'),
    job, host, String(port), stack.env.TETHER_ORIGIN, String(n)]);
  const [line] = await program.match(/^.*\n/m, 60000);
  const end = async () => { program.child.stdin.end(); await program.exited; };
  return { found: JSON.parse(line), end };
}

before(async () => {
  if (skip) return;
  await stack.up();
  const nat = spawnSync('ip6tables', ['-t', 'nat', '-S'], { encoding: 'utf8' }).stdout ?? '';
  way = nat.includes(`--dport ${stack.httpsPort}`) ? 'published' : 'routed';
  made.forwarding = readFileSync(FORWARDING, 'utf8').trim();
  if (way === 'routed' && made.forwarding === '0') execFileSync('sh', ['-c', `echo 1 >${FORWARDING}`]);
  clients.push(client(1), client(2));
}, { timeout: 1200000 });

after(() => {
  for (const name of made.namespaces) ip('netns', 'del', name); // its card goes with it
  if (made.forwarding === '0') execFileSync('sh', ['-c', `echo 0 >${FORWARDING}`]);
});

test('which way IPv6 takes here', { skip }, (t) => {
  t.diagnostic(way === 'published' ? 'IPv6 is tested over the published ports: this engine keeps the client\'s address'
    : 'IPv6 is tested over the containers\' own addresses, by a route: this engine has no ip6tables, and would hand the '
      + 'published ports\' clients on under one address of its own (docs/OPERATING.md, "IPv6")');
  const ports = Object.values(stack.inspect('gateway').NetworkSettings.Ports).flat();
  const families = new Set(ports.filter(Boolean).map(({ HostIp }) => (HostIp.includes(':') ? 6 : 4)));
  assert.deepEqual([...families].sort(), [4, 6], 'published on both families');
});

for (const family of [4, 6]) {
  test(`IPv${family}: whoever holds all connections of an address holds nobody else's`, { skip, timeout: 60000 }, async (t) => {
    const [one, other] = clients;
    assert.equal((await stranger(t, one, family, 'gateway', 'get')).found, 200, 'the page can be reached');
    const held = await stranger(t, one, family, 'gateway', 'connections', PER_ADDRESS + 8);
    assert.equal(held.found, PER_ADDRESS, 'as many as one address may have');
    assert.notEqual((await stranger(t, one, family, 'gateway', 'get')).found, 200, 'it gets no more');
    assert.equal((await stranger(t, other, family, 'gateway', 'get')).found, 200, 'another address does');
    await held.end();
  });

  test(`IPv${family}: whoever has guessed too often locks nobody else out`, { skip, timeout: 60000 }, async (t) => {
    const [one, other] = clients;
    const { found } = await stranger(t, one, family, 'gateway', 'joins', JOINS + 4);
    assert.deepEqual([...new Set(found.slice(0, JOINS))], ['forged']);
    assert.deepEqual([...new Set(found)], ['forged', 'limit'], 'then it is limited (on a slow machine with one more between)');
    assert.deepEqual((await stranger(t, other, family, 'gateway', 'joins')).found, ['forged'], 'another address is answered');
  });

  test(`IPv${family}: guests in masses from one address take no other guest's place`, { skip, timeout: 60000 }, async (t) => {
    const [one, other] = clients;
    const { found } = await stranger(t, one, family, 'broker', 'guests', GUESTS + 10);
    const admitted = found.filter((code) => code === 0).length;
    assert.ok(admitted >= GUESTS && admitted < found.length, `${admitted} of ${found.length} let in: ${found}`);
    assert.deepEqual((await stranger(t, other, family, 'broker', 'guests')).found, [0], 'another address is let in');
  });
}

// The rule for an operator's own firewall, in a namespace in the place of the machine: its kernel is what counts.
test('the firewall rule of docs/OPERATING.md holds each address to its connections, in both families', { skip, timeout: 60000 }, async (t) => {
  const rules = readFileSync(path.join(root, 'docs/OPERATING.md'), 'utf8').match(/```nft\n([^]*?)```/)[1];
  const most = Number(rules.match(/ip saddr ct count over (\d+) /)[1]);
  const [host, guest] = ['host', 'guest'].map((what) => `tether-${process.pid}-${what}`);
  for (const name of [host, guest]) {
    ip('netns', 'add', name);
    made.namespaces.push(name);
  }
  ip('link', 'add', 'eth0', 'netns', host, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', guest);
  const own = { 4: '10.214.0.1', 6: 'fd14::1' };
  const callers = { 4: ['10.214.0.2', '10.214.0.3'], 6: ['fd14::2', 'fd14:0:0:1::2'] };
  for (const [name, list] of [[host, [own[4], own[6], 'fd14:0:0:1::1']], [guest, [...callers[4], ...callers[6]]]]) {
    for (const address of list) {
      ip('-n', name, 'addr', 'add', `${address}/${address.includes(':') ? 64 : 24}`, 'dev', 'eth0', ...(address.includes(':') ? ['nodad'] : []));
    }
    ip('-n', name, 'link', 'set', 'eth0', 'up');
  }
  for (let twice = 0; twice < 2; twice++) execFileSync('ip', ['netns', 'exec', host, 'nft', '-f', '-'], { input: rules });
  const inside = (name, script, ...args) => start(t, 'ip', ['netns', 'exec', name, process.execPath, '-e', script, ...args]);
  const server = inside(host, `const all = []; require('node:net').createServer((s) => { all.push(s); s.on('error', () => {}); })
    .listen({ port: 8883, host: '::', backlog: 511 }, () => console.log('listens'));`);
  await server.match(/listens/);
  // As many as get through within a second of so many tries; they are held until the end.
  const tries = async (from, to) => {
    const caller = inside(guest, `const [from, to, n] = process.argv.slice(1); let through = 0;
      for (let i = 0; i < n; i++) require('node:net').connect({ host: to, port: 8883, localAddress: from }).on('connect', () => through++).on('error', () => {});
      setTimeout(() => console.log(through, 'through'), 1000);`, from, to, String(most + 20));
    return Number((await caller.match(/(\d+) through/, 10000))[1]);
  };
  for (const family of [4, 6]) {
    assert.equal(await tries(callers[family][0], own[family]), most, `IPv${family}: as many as the rule says`);
    assert.equal(await tries(callers[family][1], own[family]), most, `IPv${family}: another address has its own`);
  }
});
