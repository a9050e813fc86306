// Guests in masses: whoever needs no credentials can be anybody and many. A wearer elsewhere still gets a key.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import tls from 'node:tls';
import { connect, hexId, startBroker } from '../lib/broker.mjs';
import { connectPacket, publishPacket } from '../lib/attack.mjs';
import { connectAsker, connectGateway, issueRequest, keysvc, startKeysvc } from '../lib/keysvc.mjs';
import { certs, folder, freePort, sleep, until } from '../lib/proc.mjs';

async function setUp(t) {
  const dir = folder(t);
  const { ca } = certs(`${dir}/tls`);
  const data = `${dir}/data`;
  await keysvc(['--dir', data, 'init']);
  const port = await freePort();
  const at = { port, ca, data, broker: await startBroker(t, { dir, port, tls: `${dir}/tls`, data }) };
  at.daemon = await startKeysvc(t, { dir: data, brokerPort: port, ca });
  at.guest = (localAddress) => connect(t, { port, ca, who: { client: hexId() }, options: { localAddress } });
  return at;
}

// A wearer at `localAddress` asks for a key as the agent does, and waits as long: milliseconds until it has it.
async function askFrom(at, t, localAddress) {
  const client = hexId();
  const begin = Date.now();
  const guest = await connect(t, { ...at, who: { client }, options: { localAddress } });
  await guest.subscribe(`key/guest/${client}/res`);
  await guest.publish(`key/guest/${client}/req`, JSON.stringify(issueRequest()));
  const answer = JSON.parse(await guest.next(`key/guest/${client}/res`, 10000));
  await guest.end();
  return { ...answer, ms: Date.now() - begin };
}

test('all guest places taken from a few addresses: a wearer still gets a key', { timeout: 60000 }, async (t) => {
  const at = await setUp(t);
  const held = [];
  for (let i = 2; i < 8; i += 1) {
    for (let n = 0; n < 6; n += 1) held.push(await at.guest(`127.0.0.${i}`));
  }
  const stay = () => held.filter((g) => g.raw.connected).length;
  await until(() => stay() <= 6 * 4, 5000, () => `no more than four of each address; ${stay()} are there`);
  await sleep(300);
  assert.equal(stay(), 6 * 4, 'four of each address stay');
  const answer = await askFrom(at, t, '127.0.0.1');
  assert.equal(answer.ok, true, JSON.stringify(answer));
});

// A guest who asks twice and leaves, without waiting for anything but the door.
const hitAndRun = (at, localAddress, secureContext) => new Promise((done) => {
  const client = hexId();
  const socket = tls.connect({ host: '127.0.0.1', port: at.port, servername: 'localhost', secureContext, localAddress });
  socket.on('error', () => done());
  socket.on('close', () => done());
  const ask = () => publishPacket(`key/guest/${client}/req`, JSON.stringify(issueRequest()));
  socket.once('secureConnect', () => socket.write(Buffer.concat([connectPacket({ client }), ask(), ask()])));
  let acks = 0;
  socket.on('data', (d) => { acks += d.filter((b) => b === 0x40).length; if (acks >= 2) socket.destroy(); });
  setTimeout(() => socket.destroy(), 2000).unref();
});

test('a few addresses that ask and ask under ever new names take no key from anybody else', { timeout: 60000 }, async (t) => {
  const at = await setUp(t);
  const secureContext = tls.createSecureContext({ ca: readFileSync(at.ca) });
  let on = true;
  const flood = Array.from({ length: 6 }, async (_, i) => { while (on) await hitAndRun(at, `127.0.0.${9 + i % 3}`, secureContext); });
  await sleep(4000);
  const issued = (await at.daemon.list()).length;
  const answers = [];
  for (let i = 0; i < 3; i += 1) answers.push(await askFrom(at, t, '127.0.0.1').catch((error) => ({ ok: false, text: error.message })));
  on = false;
  await Promise.all(flood);
  t.diagnostic(`${issued} keys went to the flood; answers after ${answers.map((a) => a.ms)} ms`);
  for (const answer of answers) assert.equal(answer.ok, true, JSON.stringify(answer));
});

// An agent's connection that says the same thing as fast as the broker takes it, until stop().
async function flooder(at, t, who, topic, payload) {
  const client = await connect(t, { ...at, who });
  const packet = publishPacket(topic, payload, { qos: 0 });
  const many = Buffer.concat(Array(16).fill(packet));
  let on = true;
  let sent = 0;
  const push = () => {
    while (on && client.raw.connected) {
      sent += 16;
      if (!client.raw.stream.write(many)) { client.raw.stream.once('drain', push); return; }
    }
  };
  push();
  return { stop: () => { on = false; return sent; }, connected: () => client.raw.connected };
}

// The same with acknowledgements, 20 under way: such messages wait in the broker, where there is room for 200.
async function patientFlooder(at, t, who) {
  const client = await connect(t, { ...at, who });
  const ask = () => client.publish(`key/agent/${who.client}/req`, '{"v":1,"op":"x"}').catch(() => {});
  let on = true;
  const ends = Promise.all(Array.from({ length: 20 }, async () => { while (on && client.raw.connected) await ask(); }));
  return { stop: () => { on = false; return ends; } };
}

test('agents that ask without end push nobody\'s question out', { timeout: 60000 }, async (t) => {
  const at = await setUp(t);
  const agents = [];
  for (let i = 0; i < 30; i += 1) agents.push(await askFrom(at, t, `127.0.1.${i + 1}`));
  const floods = await Promise.all(agents.map((a) => patientFlooder(at, t, { client: a.client, token: a.token })));
  await sleep(500);
  const answers = [];
  for (let i = 0; i < 10; i += 1) answers.push(await askFrom(at, t, `127.0.2.${i + 1}`).catch((error) => ({ ok: false, text: error.message })));
  floods.forEach((f) => f.stop());
  assert.deepEqual(answers.filter((a) => !a.ok), []);
});

// Comes back under each new name and has its session replaced, until it is told to wait.
async function replaceUntilBusy(at, first, localAddress) {
  let who = first;
  for (let count = 0; ; count += 1) {
    const agent = await connectAsker(null, { ...at, who: { role: 'agent', ...who }, options: { localAddress } });
    const answer = await agent.ask(issueRequest({ token: who.token }));
    agent.raw.end(true);
    if (!answer.ok) { assert.equal(answer.why, 'busy'); return count; }
    who = { client: answer.client, token: answer.token };
  }
}

test('agents that replace their session again and again take no key from a guest', { timeout: 60000 }, async (t) => {
  const at = await setUp(t);
  const firsts = [];
  for (let i = 0; i < 8; i += 1) firsts.push(await askFrom(at, t, '127.0.0.9'));
  const counts = await Promise.all(firsts.map(({ client, token }) => replaceUntilBusy(at, { client, token }, '127.0.0.9')));
  const answers = [];
  for (let i = 0; i < 10; i += 1) answers.push(await askFrom(at, t, `127.0.2.${i + 1}`));
  t.diagnostic(`replaced ${counts} times`);
  assert.deepEqual(answers.filter((a) => !a.ok), []);
});

test('an agent that floods the key service, and one that floods its own topic, keep nobody else waiting', { timeout: 60000 }, async (t) => {
  const at = await setUp(t);
  const gateway = await connectGateway(t, { ...at, file: at.daemon.tokens[0] });
  const [one, two] = [await askFrom(at, t, '127.0.0.8'), await askFrom(at, t, '127.0.0.8')];
  const floods = [
    await flooder(at, t, { client: one.client, token: one.token }, `key/agent/${one.client}/req`, `{"v":1,"op":"${'x'.repeat(1900)}"}`),
    await flooder(at, t, { client: two.client, token: two.token }, `s/${two.sid}/state`, 'x'.repeat(1500)),
  ];
  await sleep(1000);
  const begin = Date.now();
  const waits = [];
  for (let i = 0; i < 5; i += 1) {
    const answer = await askFrom(at, t, `127.0.0.${20 + i}`);
    assert.equal(answer.ok, true, JSON.stringify(answer));
    const { ok } = await gateway.redeem(answer.key);
    assert.equal(ok, true);
    waits.push(answer.ms);
  }
  const seconds = (Date.now() - begin) / 1000;
  const sent = floods.map((f) => `${f.stop()}${f.connected() ? '' : ' (cut)'}`);
  t.diagnostic(`answers after ${waits} ms; the floods sent ${sent} messages in ${seconds} s`);
  assert.ok(Math.max(...waits) < 2000);
});
