// Every line of a real session, out and in, against docs/headless.schema.json, read by a validator that
// shares nothing with the program; and the example front end on the real stack.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { monotonic } from '../lib/boxlog.mjs';
import { Partner } from '../lib/partner.mjs';
import { bin, folder, root, sleep, start, until } from '../lib/proc.mjs';
import { startStack } from '../lib/stack.mjs';

// What is wrong with each line; null where nothing is. The system's own python3 has the package.
const check = (lines, ...definition) => JSON.parse(execFileSync('/usr/bin/python3',
  [path.join(root, 'tests/lib/schema.py'), path.join(root, 'docs/headless.schema.json'), ...definition],
  { input: lines.map((l) => `${l}\n`).join(''), encoding: 'utf8', maxBuffer: 1 << 26 }));
const fits = (lines, ...definition) => assert.deepEqual(check(lines, ...definition).filter(Boolean), []);

function emptyConfig(t) {
  const file = `${folder(t)}/agent.conf`;
  writeFileSync(file, '');
  return file;
}

// A session with all that can happen in one; what was said to the agent goes into `sent`.
async function session(t, sent) {
  const stack = await startStack(t, { admit: 'ask', agentArgs: ['--config', emptyConfig(t)] });
  const { agent } = stack;
  const say = (object) => { sent.push(JSON.stringify(object)); agent.say(object); };
  const phase = (name) => until(() => agent.last('state').phase === name, 5000, () => `${name}: ${JSON.stringify(agent.last('state'))}`);
  const partner = new Partner(stack.link, { ca: stack.tls.ca });
  t.after(() => partner.close());
  await partner.when((s) => s.guard === 'waiting', 10000);
  partner.send('hello');
  await phase('asking');
  await sleep(700); // a question that has only just come can't be answered
  say({ cmd: 'refuse' });
  await phase('waiting');
  partner.send('hello');
  await phase('asking');
  await sleep(700);
  say({ cmd: 'allow' });
  await phase('live');
  await partner.raise('A', 10);
  await until(() => agent.last('state').rtt !== null, 3000, 'a round trip');
  assert.ok(agent.last('state').live >= 0);
  for (const order of [{ cmd: 'cap', ch: 'A', value: 50 }, { cmd: 'cap', ch: 'B', value: 9, power: 'high' },
    { cmd: 'lock', what: 'power', on: false }, { cmd: 'set', what: 'hold', value: 4 }, { cmd: 'set', what: 'idle', value: 20 },
    { cmd: 'set', what: 'checkin', value: 40 }, { cmd: 'set', what: 'rise', value: 50 }, { cmd: 'ask', on: false },
    { cmd: 'modes', value: ['pulse', 'wave'] }, { cmd: 'checkin' }]) say(order);
  await until(() => agent.last('state').modes.join() === 'pulse,wave' && agent.last('state').unsaved, 3000, 'the settings');
  say({ cmd: 'save' });
  await until(() => !agent.last('state').unsaved, 5000, 'the settings are saved');
  const config = stack.agentArgs[stack.agentArgs.indexOf('--config') + 1];
  assert.match(readFileSync(config, 'utf8'), /^modes pulse wave$/m);
  agent.program.write('nonsense\n{"cmd":"stop","now":true}\n{"cmd":"modes","value":["dance"]}\n');
  await until(() => agent.events().filter((e) => e.event === 'error').length === 3, 3000, 'three errors');
  say({ cmd: 'stop' });
  await phase('stopped');
  say({ cmd: 'resume' });
  await phase('waiting');
  say({ cmd: 'disconnect' });
  await agent.link(20000, stack.link);
  say({ cmd: 'quit' });
  await agent.program.exited;
  return agent.program.out().split('\n').filter(Boolean);
}

test('every line of a real session fits the schema; one with an unknown or a missing field does not', async (t) => {
  const sent = [];
  const lines = await session(t, sent);
  const kinds = new Map(lines.map((l) => [JSON.parse(l).event, JSON.parse(l)]));
  assert.deepEqual([...kinds.keys()].sort(), ['error', 'link', 'log', 'state']);
  t.diagnostic(`${lines.length} lines out, ${sent.length} in`);
  fits(lines);
  fits(sent, 'input');
  for (const [kind, event] of kinds) {
    const more = check([JSON.stringify({ ...event, surplus: 1 })]);
    assert.ok(more[0], `${kind} with a surplus field is refused`);
    for (const field of Object.keys(event)) {
      const { [field]: gone, ...less } = event;
      assert.ok(check([JSON.stringify(less)])[0], `${kind} without ${field} is refused`);
    }
  }
  assert.ok(check([JSON.stringify({ ...kinds.get('state'), phase: 'dancing' })])[0]);
});

test('the schema takes no order that the program refuses, and the other way round', async (t) => {
  const good = ['{"cmd":"stop"}', '{"cmd":"save"}', '{"cmd":"modes","value":[]}', '{"cmd":"cap","ch":"B","value":100}'];
  const bad = ['{}', '{"cmd":"dance"}', '{"cmd":"stop","now":1}', '{"cmd":"cap","ch":"C","value":1}', '{"cmd":"lock","what":"door","on":true}',
    '{"cmd":"set","what":"hold"}', '{"cmd":"modes","value":["dance"]}', '{"cmd":"modes","value":["pulse","pulse"]}', '{"cmd":"ask","on":1}'];
  fits(good, 'input');
  assert.ok(check(bad, 'input').every(Boolean), 'all are refused');
  const agent = start(t, path.join(bin, 'tether'), ['--config', emptyConfig(t), '--demo', '--server', 'localhost:1', '--headless'],
    { env: { ...process.env, XDG_RUNTIME_DIR: folder(t) } });
  await agent.match(/"event":"state"/);
  agent.write(`${[...bad, ...good].join('\n')}\n`);
  await until(() => /"latched":true/.test(agent.out()), 5000, 'the stop of the good ones');
  assert.equal(agent.lines().filter((l) => JSON.parse(l).event === 'error').length, bad.length);
  fits(agent.lines());
});

test('the end of the input ends a line: a stop without its newline stops', async (t) => {
  const agent = start(t, path.join(bin, 'tether'), ['--config', emptyConfig(t), '--demo', '--server', 'localhost:1', '--headless'],
    { env: { ...process.env, XDG_RUNTIME_DIR: folder(t) } });
  await agent.match(/"event":"state"/);
  agent.child.stdin.end('{"cmd":"stop"}');
  await agent.match(/"latched":true/);
  assert.ok(!agent.over());
});

test('the example front end prints the link, rings, lets in on y, stops on an empty line, ends on q', async (t) => {
  const stack = await startStack(t, { admit: 'ask', agent: false });
  const example = start(t, path.join(root, 'agent/desktop/examples/ring.py'), stack.agentArgs,
    { env: { ...process.env, PATH: `${bin}:${process.env.PATH}`, XDG_RUNTIME_DIR: stack.dir, XDG_CONFIG_HOME: stack.dir } });
  const [, link] = await example.match(/^Send this to your partner: (https:\S+)$/m, 20000);
  const partner = new Partner(link, { ca: stack.tls.ca });
  t.after(() => partner.close());
  await partner.when((s) => s.guard === 'waiting', 10000);
  partner.send('hello');
  await example.match(/\x07Their page must show: [a-z]+ [a-z]+ [a-z]+\. y or n\?/, 5000);
  await sleep(700);
  example.write('y\n');
  await partner.when((s) => s.guard === 'live', 3000);
  await partner.raise('A', 9);
  const since = monotonic();
  example.write('\n');
  assert.ok(await stack.log.zeroAfter(since, 3000) < 250);
  await example.match(/^Stopped\. Both channels are at zero\.$/m);
  example.write('q\n');
  assert.deepEqual(await example.exited, { code: 0, signal: null });
});
