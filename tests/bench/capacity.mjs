// How many sessions a server carries: processor time and memory of a session at rest in a partner's hands (a state
// and its answer each second), of a join and of a key, beside the floor: the same messages between the same number of
// clients over a bare Mosquitto without plugin, gateway or key service, in the same run.
//   node tests/bench/capacity.mjs [sessions [seconds]]
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem, userInfo } from 'node:os';
import tls from 'node:tls';
import { bench, inBatches, memory, now, print, scratch, spent, times } from '../lib/bench.mjs';
import { connect, hexId } from '../lib/broker.mjs';
import { COMMAND, Page, STATE, session, world } from '../lib/gwworld.mjs';
import { issueAsGuest, setUp } from '../lib/keysvc.mjs';
import { certs, freePort, run, sleep, start, until } from '../lib/proc.mjs';

const SESSIONS = Number(process.argv[2] ?? 800);
const SECONDS = Number(process.argv[3] ?? 15);
const AT_ONCE = 50;
const PER_ADDRESS = 8; // ten joins at once are allowed
const KEYS = 100;

const state = STATE.padEnd(640, ' ').replace(/}( *)$/, '$1}');
const alive = JSON.stringify({ ...COMMAND, op: 'alive', ch: undefined, val: undefined });
const address = (i) => `127.0.${2 + Math.floor(i / PER_ADDRESS / 250)}.${1 + Math.floor(i / PER_ADDRESS) % 250}`;

// A state and an answer for each of `all` ({ state(), answer(), states, answers }) a second, evenly spread; processor
// time of `pids` meanwhile. Returns ms of it per session and second.
async function load(all, pids) {
  const before = pids.map(spent);
  const from = now();
  let n = 0;
  while (n < all.length * SECONDS) {
    const due = Math.min(all.length * SECONDS, (now() - from) / 1000 * all.length);
    for (; n < due; n += 1) { all[n % all.length].state(); all[n % all.length].answer(); }
    await sleep(5);
  }
  const arrived = (what) => all.reduce((sum, s) => sum + s.got[what], 0);
  await until(() => arrived('states') >= n && arrived('answers') >= n, 20000,
    () => `${n} of each arrive: ${arrived('states')} states and ${arrived('answers')} answers did`);
  return pids.map((pid, i) => (spent(pid) - before[i]) / n);
}

// Both of them count what they get.
function pair(agent, onState, answer, send) {
  const got = { states: 0, answers: 0 };
  agent.raw.on('message', () => { got.answers += 1; });
  onState(() => { got.states += 1; });
  return { got, answer, state: send };
}

async function floor(t) {
  const dir = scratch(t);
  const files = certs(`${dir}/tls`);
  const port = await freePort();
  writeFileSync(`${dir}/mosquitto.conf`, [`user ${userInfo().username}`, 'allow_anonymous true', 'set_tcp_nodelay true',
    'log_type error', 'sys_interval 0', `listener ${port} 127.0.0.1`, `certfile ${files.cert}`, `keyfile ${files.key}`, ''].join('\n'));
  const broker = start(t, 'mosquitto', ['-c', `${dir}/mosquitto.conf`], { env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` } });
  const secureContext = tls.createSecureContext({ ca: readFileSync(files.ca) });
  const enter = () => connect(t, { port, ca: files.ca, who: { client: hexId() }, options: { secureContext, ca: undefined } });
  await until(() => enter().then((c) => c.end().then(() => true), () => false), 5000, 'the bare broker');
  const empty = memory(broker.pid);
  const all = new Array(SESSIONS);
  const begin = spent(broker.pid);
  await inBatches(SESSIONS, AT_ONCE, async (i) => {
    const [agent, partner, sid] = [await enter(), await enter(), hexId()];
    await agent.subscribe(`s/${sid}/cmd`, { qos: 0 });
    await partner.subscribe(`s/${sid}/state`, { qos: 0 });
    all[i] = pair(agent, (f) => partner.raw.on('message', f), () => partner.raw.publish(`s/${sid}/cmd`, alive),
      () => agent.raw.publish(`s/${sid}/state`, state));
  });
  const join = (spent(broker.pid) - begin) / SESSIONS;
  const kb = (memory(broker.pid) - empty) * 1024 / SESSIONS;
  const [second] = await load(all, [broker.pid]);
  return { join, kb, second };
}

async function ours(t) {
  const w = await world(t);
  const pids = [w.broker.pid, w.gateway.pid];
  const secureContext = tls.createSecureContext({ ca: readFileSync(w.ca) });
  const empty = pids.map(memory);
  const begin = pids.map(spent);
  const all = new Array(SESSIONS);
  await inBatches(SESSIONS, AT_ONCE, async (i) => {
    const s = await session(t, w, { options: { secureContext, ca: undefined } });
    const page = new Page(t, w, { secureContext, localAddress: address(i) });
    await page.join(s.key);
    await page.heard('joined', 20000);
    all[i] = pair(s.agent, (f) => page.ws.on('message', f), () => page.ws.send(alive), () => s.agent.raw.publish(`s/${s.sid}/state`, state));
  });
  const join = pids.map((pid, i) => (spent(pid) - begin[i]) / SESSIONS);
  const kb = pids.map((pid, i) => (memory(pid) - empty[i]) * 1024 / SESSIONS);
  return { join, kb, second: await load(all, pids) };
}

// Processor time of the key service and its children, and of the broker, for a key that a guest asks for, in ms.
async function issuing(t) {
  const at = await setUp(t);
  const pids = () => [at.daemon.pid, ...Object.values(at.daemon.children())];
  const before = [pids().reduce((sum, pid) => sum + spent(pid), 0), pids().reduce((sum, pid) => sum + memory(pid), 0)];
  await inBatches(KEYS, 10, (i) => issueAsGuest(t, { ...at, address: `127.0.1.${1 + i}` }));
  return { key: (pids().reduce((sum, pid) => sum + spent(pid), 0) - before[0]) / KEYS, mb: before[1] };
}

await bench(async (t) => {
  const [bare, whole, keys] = [await floor(t), await ours(t), await issuing(t)];
  const sum = ([a, b]) => a + b;
  const us = (value) => `${(value * 1000).toFixed(0)} us`;
  const row = (name, values, least, unit) => [name, unit(least), unit(values[0]), unit(values[1]), times(sum(values), least)];
  console.log(`\n${SESSIONS} sessions, ${SECONDS} s with a state of ${state.length} B and an answer of ${alive.length} B each second; ${cpus().length} cores `
    + `(${cpus()[0].model.trim()}), ${(totalmem() / 2 ** 30).toFixed(0)} GB, Mosquitto ${run('bash', ['-c',
      'PATH=$PATH:/usr/sbin mosquitto -h | sed -n "1s/.*version //p"'], {}).trim()}, Linux ${run('uname', ['-r']).match(/^[\d.]+/)[0]}; everything on this machine\n`);
  print([['', 'floor', 'broker', 'gateway', 'both of floor'],
    row('processor time of a session and second', whole.second, bare.second, us),
    row('processor time of a session\'s two connects', whole.join, bare.join, us),
    row('memory of a session', whole.kb, bare.kb, (kb) => `${kb.toFixed(0)} kB`)]);
  const part = (i) => Math.floor(1000 / whole.second[i]);
  console.log(`\n  sessions per core: broker ${part(0)}, gateway ${part(1)}, both on one core ${Math.floor(1000 / sum(whole.second))}`
    + ` (floor ${Math.floor(1000 / bare.second)})`);
  console.log(`  sessions per GB: ${Math.floor(2 ** 20 / sum(whole.kb))} (floor ${Math.floor(2 ** 20 / bare.kb)}); the kernel's memory for sockets is not in it`);
  console.log(`  a key costs the key service ${us(keys.key)} of processor time; it holds ${keys.mb.toFixed(0)} MB\n`);
});
