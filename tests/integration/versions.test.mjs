// Agents and the versions that a server allows: who is too old is told so in words and gets no session.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keysvc } from '../lib/keysvc.mjs';
import { freePort, run, bin, folder, sleep, until } from '../lib/proc.mjs';
import { inside } from '../lib/gwworld.mjs';
import { startStack } from '../lib/stack.mjs';

const mine = run(`${bin}/tether`, ['--version']).match(/\d+\.\d+\.\d+/)[0];
const words = (agent) => JSON.stringify(agent.events());

test('an agent that is too old is told its version and the one it needs, and gets no session', { timeout: 60000 }, async (t) => {
  const port = await freePort();
  const stack = await startStack(t, { agent: false, metrics: port, keysvcArgs: ['--oldest', '7.1.0', '--latest', '7.2.0'] });
  const agent = stack.startAgent();
  const sentence = `This tether is version ${mine}; the server needs at least 7.1.0. Please update it.`;
  await until(() => words(agent).includes(sentence), 20000, () => `the sentence in ${words(agent)}`);
  await sleep(3000);
  assert.equal(agent.last('link')?.link || undefined, undefined);
  assert.equal(words(agent).split(`"${sentence}"`).length - 1 > 0, true);
  assert.deepEqual(await stack.keysvc.list(), []);
  const asked = async () => Number((await inside(port, '/metrics')).body.match(/^tether_keysvc_refused_total\{reason="version"\} (\d+)$/m)?.[1]);
  await until(async () => await asked() >= 1, 15000, 'it is counted');
  assert.equal(await asked(), 1, 'it is asked once: the server says to wait');
});

test('an agent that is not the newest says so once, and works', { timeout: 60000 }, async (t) => {
  const stack = await startStack(t, { keysvcArgs: ['--latest', '7.2.0'] });
  const sentence = `There is a newer tether, version 7.2.0; this is ${mine}.`;
  const said = () => stack.agent.events().filter((e) => e.event === 'log' && JSON.stringify(e).includes(sentence)).length;
  await until(() => said() > 0, 5000, () => words(stack.agent));
  stack.agent.say({ cmd: 'disconnect' });
  await stack.agent.link(20000, stack.link);
  assert.equal(said(), 1);
});

test('the newest agent hears nothing of versions', { timeout: 60000 }, async (t) => {
  const stack = await startStack(t);
  assert.doesNotMatch(words(stack.agent), /newer tether|needs at least/);
});

test('versions that are none, or the latest below the oldest, are refused with the usage', async (t) => {
  const dir = folder(t);
  for (const args of [['--oldest', '1'], ['--oldest', 'x'], ['--latest', ''], ['--latest', '0.0.9'], ['--oldest', '9.0.0', '--latest', '8.9.9']]) {
    const { code, err } = await keysvc(['--dir', dir, 'run', '--broker', 'localhost:1', ...args]);
    assert.equal(code, 2, `${args}: ${err}`);
    assert.match(err, /--oldest and --latest take versions/);
  }
});
