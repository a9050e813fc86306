// What it costs to give out a key while many live: time per key, the longest that a live session's messages stood
// still meanwhile, and memory; ours, and the same number of keys in Mosquitto's dynamic security plugin.
//   node tests/bench/issue.mjs [keys given out per row]
import { pbkdf2Sync, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync, appendFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import path from 'node:path';
import { bench, memory, ms, now, percentile, print, scratch, times } from '../lib/bench.mjs';
import { connect, hexId, identity, keyFromPem, startBroker, unixNow } from '../lib/broker.mjs';
import { issueRequest, keysvc, startKeysvc } from '../lib/keysvc.mjs';
import { certs, freePort, sleep, start, until } from '../lib/proc.mjs';

const ISSUES = Number(process.argv[2] ?? 24);
const LIVE = [100, 20000];
const TALK_MS = 2; // a live session's messages: that often

// A live session that talks all the time. worst(from, to) is the longest time that one of its messages took of those
// sent in between.
function talk(partner, agent, topic) {
  const sent = [];
  for (const client of [partner, agent]) client.raw.stream.setNoDelay(true);
  agent.raw.on('message', (name, payload) => {
    const message = name === topic && sent[Number(payload)];
    if (message) message.took = now() - message.at;
  });
  const ticking = setInterval(() => {
    sent.push({ at: now() });
    partner.raw.publish(topic, `${sent.length - 1}`);
  }, TALK_MS);
  return {
    stop: () => clearInterval(ticking),
    worst: (from, to) => Math.max(0, ...sent.filter((m) => m.at >= from && m.at <= to).map((m) => m.took ?? now() - m.at)),
  };
}

// Gives out ISSUES keys one after the other with a pause between, in which the same is measured as floor.
async function measure(speech, issueOne) {
  const [took, stall, floor] = [[], [], []];
  for (let i = 0; i < ISSUES; i += 1) {
    const issue = await issueOne(i);
    const begin = now();
    await issue();
    const end = now();
    await sleep(30);
    const rest = now();
    await sleep(Math.max(30, end - begin) + 30);
    took.push(end - begin);
    stall.push(speech.worst(begin - TALK_MS, end + 10));
    floor.push(speech.worst(rest, rest + (end - begin) + 10));
  }
  speech.stop();
  return { took, stall, floor };
}

// The next message on `topic`, without the pause of a poll.
const nextOn = (client, topic) => new Promise((done) => {
  const look = (name, payload) => { if (name === topic) { client.raw.off('message', look); done(JSON.parse(payload)); } };
  client.raw.on('message', look);
});

// --- ours --------------------------------------------------------------------------------------------

async function ours(t, live) {
  const dir = scratch(t);
  const tls = certs(`${dir}/tls`);
  const data = `${dir}/data`;
  await keysvc(['--dir', data, 'init']);
  const [port, then] = [await freePort(), unixNow() - 60];
  const lines = Array.from({ length: live }, () => `${hexId()} ${then} ${then + 14000} issued\n`);
  mkdirSync(`${data}/state`, { recursive: true });
  appendFileSync(`${data}/state/journal`, lines.join(''));
  const broker = await startBroker(t, { dir, port, tls: `${dir}/tls`, data });
  const daemon = await startKeysvc(t, { dir: data, brokerPort: port, ca: tls.ca });
  const at = { port, ca: tls.ca };
  const file = readdirSync(`${data}/secrets`).find((f) => f.startsWith('sign-'));
  const key = keyFromPem(file.slice(5, -4), readFileSync(`${data}/secrets/${file}`, 'utf8'));
  const sid = hexId();
  const enter = (name) => connect(t, { ...at, who: identity(key, name, { sid }) });
  const [agent, partner] = [await enter('agent'), await enter('partner')];
  await agent.subscribe(`s/${sid}/cmd`, { qos: 0 });
  const speech = talk(partner, agent, `s/${sid}/cmd`);
  const figures = await measure(speech, async (i) => {
    const client = hexId();
    const guest = await connect(t, { ...at, who: { client }, options: { localAddress: `127.0.0.${2 + i % 200}` } });
    await guest.subscribe(`key/guest/${client}/res`);
    return async () => {
      const next = nextOn(guest, `key/guest/${client}/res`);
      guest.raw.publish(`key/guest/${client}/req`, JSON.stringify(issueRequest()), { qos: 1 });
      const answer = await next;
      if (!answer.ok) throw new Error(JSON.stringify(answer));
      guest.raw.end(true);
    };
  });
  const { live: counted } = await daemon.status();
  if (counted !== live + ISSUES) throw new Error(`${counted} keys live, not ${live + ISSUES}`);
  const pids = [broker.pid, daemon.pid, ...Object.values(daemon.children())];
  return { ...figures, mb: pids.reduce((sum, pid) => sum + memory(pid), 0) };
}

// --- the dynamic security plugin -----------------------------------------------------------------------

const PLUGIN = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib']
  .map((d) => `${d}/mosquitto_dynamic_security.so`).find(existsSync);
const ITERATIONS = 101;

function account(username, rolename) {
  const salt = randomBytes(12);
  const hash = pbkdf2Sync(username, salt, ITERATIONS, 64, 'sha512');
  const [password, saltText] = [hash, salt].map((b) => b.toString('base64'));
  return { username, password, salt: saltText, iterations: ITERATIONS, roles: [{ rolename }] };
}

// Send, receive and subscribe.
const role = (rolename, send, read) => ({ rolename,
  acls: [['publishClientSend', send], ['publishClientReceive', read], ['subscribePattern', read]]
    .map(([acltype, topic]) => ({ acltype, topic, priority: 0, allow: true })) });
const sessionRole = (id) => role(id, `s/${id}/cmd`, `s/${id}/#`);
const without = (object, ...names) => Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));

// One role and one client per key: less than we have, which is a token for each side.
async function dynsec(t, live) {
  const dir = scratch(t);
  const tls = certs(`${dir}/tls`);
  const port = await freePort();
  const ids = Array.from({ length: live }, hexId);
  // One password hash for all: 20,000 of them would take longer than what is measured.
  const common = without(account('x', 'x'), 'username', 'roles');
  writeFileSync(`${dir}/security.json`, JSON.stringify({
    defaultACLAccess: { publishClientSend: false, publishClientReceive: false, subscribe: false, unsubscribe: true },
    clients: [account('admin', 'admin'), account('agent', 'live'), account('partner', 'live'),
      ...ids.map((id) => ({ username: id, ...common, roles: [{ rolename: id }] }))],
    groups: [],
    roles: [role('admin', '$CONTROL/#', '$CONTROL/#'), sessionRole('live'), ...ids.map(sessionRole)],
  }));
  writeFileSync(`${dir}/mosquitto.conf`, [`user ${userInfo().username}`, 'allow_anonymous false', 'set_tcp_nodelay true',
    'log_type error', 'sys_interval 0', `plugin ${PLUGIN}`, `plugin_opt_config_file ${dir}/security.json`,
    `listener ${port} 127.0.0.1`, `certfile ${tls.cert}`, `keyfile ${tls.key}`, ''].join('\n'));
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };
  const broker = start(t, 'mosquitto', ['-c', `${dir}/mosquitto.conf`], { env });
  const enter = (name) => connect(t, { port, ca: tls.ca, who: { client: name, token: name } });
  const control = await until(() => {
    if (broker.over()) throw new Error(broker.err());
    return enter('admin').catch(() => null);
  }, 30000, 'the broker with dynamic security');
  const answers = '$CONTROL/dynamic-security/v1/response';
  await control.subscribe(answers);
  const [agent, partner] = [await enter('agent'), await enter('partner')];
  await agent.subscribe('s/live/#', { qos: 0 });
  const speech = talk(partner, agent, 's/live/cmd');
  const figures = await measure(speech, async () => async () => {
    const id = hexId();
    const commands = [{ command: 'createRole', ...sessionRole(id) },
      { command: 'createClient', username: id, password: id, roles: [{ rolename: id }] }];
    const next = nextOn(control, answers);
    control.raw.publish('$CONTROL/dynamic-security/v1', JSON.stringify({ commands }), { qos: 1 });
    const { responses } = await next;
    if (responses.length !== 2 || responses.some((r) => r.error)) throw new Error(JSON.stringify(responses));
  });
  return { ...figures, mb: memory(broker.pid) };
}

// --- the table -----------------------------------------------------------------------------------------

await bench(async (t) => {
  const rows = [['keys that live', 'per key p50', 'worst', 'grows', 'stall p50', 'worst', 'floor p50', 'worst',
    'stall of floor', 'memory']];
  for (const [name, run] of [['tether', ours], ...(PLUGIN ? [['dynamic security', dynsec]] : [])]) {
    let first;
    for (const live of LIVE) {
      const { took, stall, floor, mb } = await run(t, live);
      const p50 = percentile(took, 50);
      first ??= p50;
      const both = (list) => [ms(percentile(list, 50)), ms(Math.max(...list))];
      rows.push([`${name}, ${live}`, ...both(took), times(p50, first), ...both(stall), ...both(floor),
        times(percentile(stall, 50), percentile(floor, 50)), `${mb.toFixed(0)} MB`]);
    }
  }
  console.log(`\n${ISSUES} keys given out one by one; a live session sends every ${TALK_MS} ms meanwhile. Stall: the slowest of its`);
  console.log('messages while a key was made; floor: the slowest in as long a time without one, in the same run. Memory:');
  console.log('broker and key service.\n');
  print(rows);
  if (!PLUGIN) console.log('\n  The dynamic security plugin is not on this machine.');
});
