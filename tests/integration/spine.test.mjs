// The main job, end to end, with real programs on loopback and a partner that shares no code with the
// page: what the partner does reaches the box, what the box says reaches the partner, nobody else does
// anything.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { connect as tcpConnect } from 'node:net';
import { describe, test } from 'node:test';
import { connect, hexId, identity, keyFromPem } from '../lib/broker.mjs';
import { ShortKeysvc } from '../lib/hostile.mjs';
import { Partner, parseLink, sign } from '../lib/partner.mjs';
import { sleep, until } from '../lib/proc.mjs';
import { family, openDoors } from '../lib/sockets.mjs';
import { startStack } from '../lib/stack.mjs';

// A token of this session as the key service would make it, and an MQTT client that uses it: what a
// hostile gateway has in its hands.
async function hostilePartner(t, stack) {
  const file = readdirSync(`${stack.data}/secrets`).find((f) => f.startsWith('sign-'));
  const key = keyFromPem(file.slice(5, -4), readFileSync(`${stack.data}/secrets/${file}`, 'utf8'));
  const sid = parseLink(stack.link).sid.toString('hex');
  const who = identity(key, 'partner', { sid });
  const mqtt = await connect(t, { port: stack.mqttPort, ca: stack.tls.ca, who });
  const publish = (payload) => mqtt.publish(`s/${sid}/cmd`, typeof payload === 'string' || Buffer.isBuffer(payload)
    ? payload : JSON.stringify(payload));
  return { who, publish, closed: mqtt.closed };
}

// They wait more than they work.
describe('the main job', { concurrency: 3 }, () => {
  test('a level set by the partner reaches the box, and the box confirms it', async (t) => {
    const stack = await startStack(t);
    const partner = new Partner(stack.link, { ca: stack.tls.ca });
    t.after(() => partner.close());
    await partner.takeControl();
    await partner.raise('A', 25);
    assert.equal(stack.log.now().a, 25);
    assert.equal(stack.log.now().b, 0);
    const steps = stack.log.levels().filter((l) => l.a > 0).map((l) => l.a);
    assert.deepEqual(steps, Array.from({ length: 25 }, (_, i) => i + 1), 'one percent a step');

    partner.level('A', 99);
    await partner.when((s) => s.a === 60, 15000, 'the cap');
    await sleep(500);
    assert.equal(Math.max(...stack.log.levels().map((l) => l.a)), 60, 'never above the cap');

    stack.box.write('knob B 12\n');
    await partner.when((s) => s.b === 12, 3000, 'the wearer\'s knob is shown');
    partner.stop();
    await until(() => stack.log.now().a === 0 && stack.log.now().b === 0, 2000, 'zero');
    const state = await partner.when((s) => s.a === 0 && s.b === 0, 2000, 'zero is told');
    assert.equal(state.why, 'partner');
    await partner.raise('B', 3);
  });

  test('a mode is set from zero, and power stays locked', async (t) => {
    const stack = await startStack(t);
    const partner = new Partner(stack.link, { ca: stack.tls.ca });
    t.after(() => partner.close());
    await partner.takeControl();
    await partner.raise('A', 5);
    partner.send('mode', { mode: 'waterfall' });
    const state = await partner.when((s) => s.mode === 'waterfall', 5000, 'the mode');
    assert.deepEqual([state.a, state.why, state.guard], [0, 'change', 'live']);
    partner.send('power', { power: 'high' });
    await sleep(1000);
    assert.equal(partner.state.power, 'low');
    assert.ok(partner.state.lockp);
    assert.deepEqual(stack.log.commands().filter((c) => /^[^ABCDMK]/.test(c.command)), [], 'no other letter');
  });

  test('without the secret a valid partner token can do nothing but stop', async (t) => {
    const stack = await startStack(t);
    const partner = new Partner(stack.link, { ca: stack.tls.ca });
    t.after(() => partner.close());
    await partner.takeControl();
    await partner.raise('A', 10);
    const attacker = await hostilePartner(t, stack);
    const bad = partner.state.bad;

    // forged: another secret
    const forger = new Partner(stack.link, { ca: stack.tls.ca, secretOverride: randomBytes(16), alive: false });
    t.after(() => forger.close());
    forger.page = partner.page;
    await attacker.publish(sign(forger.keys, { v: 1, op: 'level', ch: 'A', val: 50, a: 50, b: 50, page: partner.page, n: 99999, beacon: partner.beacon }));
    // replayed: a real command, again
    const real = partner.command('alive');
    partner.raw(real);
    await sleep(200);
    for (let i = 0; i < 3; i += 1) await attacker.publish(real);
    // changed: a real command with another value under the same MAC
    const changed = { ...partner.command('level', { ch: 'A', val: 11 }), val: 55, a: 55 };
    await attacker.publish(changed);
    await attacker.publish({ ...partner.command('alive'), n: 4294967295 });
    // nonsense
    await attacker.publish('{"v":1,"op":"level"');
    await attacker.publish(randomBytes(300));
    await attacker.publish('x'.repeat(2000));
    await sleep(1500);
    assert.equal(stack.log.now().a, 10, 'the level stands');
    assert.equal(partner.state.guard, 'live');
    assert.ok(partner.state.bad >= bad + 6, `refused and counted: ${bad} -> ${partner.state.bad}`);
    assert.ok(forger.forged > 0, 'states do not verify under another secret');
    await partner.raise('A', 12);

    await attacker.publish({ v: 1, op: 'stop' });
    await until(() => stack.log.now().a === 0, 2000, 'anyone may stop');
  });

  test('a second page is told that the session is in use and does not disturb the first', async (t) => {
    const stack = await startStack(t);
    const [first, second] = [new Partner(stack.link, { ca: stack.tls.ca }), new Partner(stack.link, { ca: stack.tls.ca })];
    t.after(() => { first.close(); second.close(); });
    await first.takeControl();
    await first.raise('A', 8);
    await second.when((s) => s.guard === 'live', 5000);
    second.send('hello');
    second.level('A', 40);
    await sleep(1000);
    assert.equal(second.state.page, first.mark);
    assert.equal(stack.log.now().a, 8);
    first.send('bye');
    await until(() => stack.log.now().a === 0, 2000, 'bye is zero');
    await second.takeControl();
  });

  test('whoever has the link too cannot speak as the page that was allowed', async (t) => {
    const stack = await startStack(t);
    const [first, second] = [new Partner(stack.link, { ca: stack.tls.ca }), new Partner(stack.link, { ca: stack.tls.ca })];
    t.after(() => { first.close(); second.close(); });
    let heard = '';
    second.ws.on('message', (data) => { heard += data; });
    await first.takeControl();
    await first.raise('A', 8);
    const seen = await second.when((s) => s.guard === 'live' && s.a === 8, 5000);
    assert.equal(seen.page, first.mark);
    // all that a state tells of the first, with the secret that both have
    const own = { n: 4294967290, a: 60, b: 60, beacon: second.beacon, page: seen.page };
    second.raw(sign(second.keys, { v: 1, op: 'level', ch: 'A', val: 60, ...own }));
    await second.when((s) => s.bad > seen.bad, 2000, 'refused');
    await first.raise('A', 10);
    first.send('bye');
    await until(() => stack.log.now().a === 0, 2000, 'bye is zero');
    assert.ok(heard.includes(first.mark) && !heard.includes(first.page), 'no state names a page by its id');
  });

  test('the wearer is asked, sees the check words, and may refuse', async (t) => {
    const stack = await startStack(t, { admit: 'ask' });
    const partner = new Partner(stack.link, { ca: stack.tls.ca });
    t.after(() => partner.close());
    await partner.when((s) => s.guard === 'waiting', 10000);
    partner.send('hello');
    const { nonce } = await partner.when((s) => s.guard === 'asking' && s.page === partner.mark, 3000);
    partner.level('A', 20);
    await sleep(500);
    assert.equal(stack.log.now().a, 0);
    stack.agent.say({ cmd: 'refuse' });
    await partner.when((s) => s.why === 'refused' && s.page === partner.mark, 3000);
    partner.send('hello');
    const again = await partner.when((s) => s.guard === 'asking', 3000);
    assert.match(nonce, /^[0-9a-f]{16}$/);
    assert.notEqual(again.nonce, nonce, 'no two questions have the same words');
    const words = await until(() => stack.agent.last('state')?.words, 3000, 'check words');
    assert.match(words, /^[a-z]+ [a-z]+ [a-z]+$/);
    await sleep(600); // a question that has only just come can't be answered
    stack.agent.say({ cmd: 'allow' });
    await partner.when((s) => s.guard === 'live', 3000);
  });

  test('the wearer\'s stop latches until resume; disconnect kills the key and makes a new one', async (t) => {
    const stack = await startStack(t);
    const partner = new Partner(stack.link, { ca: stack.tls.ca });
    t.after(() => partner.close());
    await partner.takeControl();
    await partner.raise('A', 10);
    stack.agent.say({ cmd: 'stop' });
    await until(() => stack.log.now().a === 0, 1000, 'zero');
    await partner.when((s) => s.guard === 'stopped' && s.why === 'wearer', 3000);
    partner.send('hello');
    partner.level('A', 10);
    await sleep(700);
    assert.equal(partner.state.guard, 'stopped');
    assert.equal(stack.log.now().a, 0);
    stack.agent.say({ cmd: 'resume' });
    await partner.when((s) => s.guard === 'waiting', 3000);
    await partner.takeControl();

    stack.agent.say({ cmd: 'disconnect' });
    await partner.when((s) => s.guard === 'ended' && s.why === 'ended', 3000, 'told that it ended');
    const link = await stack.agent.link(15000, stack.link);
    const late = new Partner(stack.link, { ca: stack.tls.ca });
    t.after(() => late.close());
    await until(() => late.gw.some((m) => m.gw === 'refused' && m.why === 'revoked'), 5000, `the old key is dead: ${JSON.stringify(late.gw)}`);
    const secrets = [stack.link, link].map((one) => parseLink(one).secret.toString('hex'));
    assert.notEqual(secrets[0], secrets[1], 'and another secret');
    assert.doesNotMatch(secrets.join(' '), /00000000/);
    const fresh = new Partner(link, { ca: stack.tls.ca });
    t.after(() => fresh.close());
    await fresh.takeControl();
  });

  test('what the agent adds to a session id, and the name under which it asks, are others each time', async (t) => {
    const stack = await startStack(t, { agent: false });
    await stack.keysvc.stop();
    const service = await ShortKeysvc.start(t, stack, 600);
    for (let i = 0; i < 2; i += 1) {
      await stack.startAgent().link();
      await stack.agent.program.stop();
    }
    const asked = service.asked.filter(({ op }) => op === 'issue');
    assert.equal(asked.length, 2);
    for (const part of ['agent', 'link', 'topic']) assert.notEqual(asked[0][part], asked[1][part], part);
    assert.doesNotMatch(JSON.stringify(asked), /AAAAAAAA|00000000/);
  });

  test('the agent opens no port, and the key service no TCP port', async (t) => {
    const stack = await startStack(t);
    // The guard's own is where `tether status` asks; nothing is read there (agent/guard/statusside.c).
    const [guard, ...children] = family(stack.agent.pid);
    assert.deepEqual(openDoors(guard), [`unix ${stack.dir}/tether.sock`]);
    assert.ok(children.length >= 3);
    for (const pid of children) assert.deepEqual(openDoors(pid), [], `agent process ${pid}`);
    for (const pid of family(stack.keysvc.pid)) {
      assert.deepEqual(openDoors(pid).filter((d) => !d.startsWith('unix')), [], `key service process ${pid}`);
    }
  });

  test('a bare connection, a refused login and a takeover leave broker and live session working', async (t) => {
    const stack = await startStack(t);
    const partner = new Partner(stack.link, { ca: stack.tls.ca });
    t.after(() => partner.close());
    await partner.takeControl();
    await partner.raise('A', 10);
    for (let i = 0; i < 5; i += 1) {
      await new Promise((done) => { tcpConnect(stack.mqttPort, '127.0.0.1', function open() { this.destroy(); done(); }); });
    }
    await assert.rejects(connect(t, { port: stack.mqttPort, ca: stack.tls.ca, who: { client: hexId(), token: 'nonsense' } }));
    const first = await hostilePartner(t, stack);
    await connect(t, { port: stack.mqttPort, ca: stack.tls.ca, who: first.who });
    await first.closed;
    await sleep(1500);
    assert.ok(!stack.broker.over());
    assert.equal(stack.log.now().a, 10);
    await partner.raise('A', 12);
  });

  test('levels moved as fast as a finger can: one command in flight, the newest wins, nothing queues', async (t) => {
    const stack = await startStack(t);
    const partner = new Partner(stack.link, { ca: stack.tls.ca });
    t.after(() => partner.close());
    await partner.takeControl();
    await partner.raise('A', 20);
    for (let i = 0; i < 75; i += 1) {
      partner.level('A', i % 2 ? 20 : 5 + (i % 15));
      await sleep(40);
    }
    partner.level('A', 7);
    const sent = performance.now();
    await partner.when((s) => s.a === 7, 3000, 'the last one');
    assert.ok(performance.now() - sent < 1500, 'and soon');
    await sleep(1000);
    assert.equal(stack.log.now().a, 7);
    let flying = 0;
    let worst = 0;
    for (const line of stack.log.lines()) {
      if (line.what === 'in') flying += (line.text.match(/\\r/g) ?? []).length;
      if (line.what === 'out') flying = 0;
      worst = Math.max(worst, flying);
    }
    assert.ok(worst <= 1, `at most one command without its reply, saw ${worst}`);
  });
});
