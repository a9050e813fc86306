// What the wearer's file does to a running agent: its limits are those of the file, the command line
// wins, and a wrong file starts nothing. The box is simulated; no server is needed.
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { alone, bin, folder, freePort, start, until } from '../lib/proc.mjs';

// An agent whose configuration folder, pid file and simulated box are below one folder of its own.
async function startAgent(t, config, args = [], tether = path.join(bin, 'tether')) {
  const dir = folder(t);
  const env = { ...process.env, XDG_CONFIG_HOME: dir, XDG_RUNTIME_DIR: dir, TMPDIR: dir };
  mkdirSync(`${dir}/tether`);
  writeFileSync(`${dir}/tether/agent.conf`, config.replaceAll('PORT', await freePort()));
  const program = start(t, tether, ['--demo', '--headless', ...args], { env });
  const states = () => program.lines().flatMap((line) => {
    try { return [JSON.parse(line)]; } catch { return []; }
  }).filter((e) => e.event === 'state');
  const when = (check, what) => until(() => states().findLast(check), 8000, () => `${what}; ${program.err()}`);
  const stop = (before = []) => {
    const [file, ...words] = [...before, path.join(bin, 'tether'), 'stop'];
    return start(t, file, words, { env });
  };
  return { dir, program, states, when, stop };
}

test('limits are those of the file, and the command line wins', async (t) => {
  const agent = await startAgent(t, `
    server   localhost:PORT
    cap-a    35             # the left one
    cap-b    30
    high-cap-b 12
    mode-lock yes
    hold     7
    checkin  0
    modes    pulse wave training
    admit    always
  `, ['--cap-b', '9', '--unlock', 'power']);
  const state = await agent.when((s) => s.box === 'ok', 'the box answers');
  assert.deepEqual(state.caps, { low: [35, 9], high: [0, 12] });
  assert.deepEqual([state.lock_power, state.lock_mode, state.ask], [false, true, false]);
  assert.deepEqual([state.hold, state.idle_min, state.checkin_min, state.rise], [7, 10, 0, 100]);
  assert.deepEqual(state.modes, ['pulse', 'wave', 'training']);
});

test('a wrong file is said with its line, and nothing is started', async (t) => {
  const agent = await startAgent(t, 'server localhost:PORT\ncap-a 140\n', ['--cap-a', '10']);
  assert.deepEqual(await agent.program.exited, { code: 2, signal: null });
  assert.equal(agent.program.err(), `${agent.dir}/tether/agent.conf:2: cap-a expects 0 to 100 percent, not "140"\n`);
  assert.equal(agent.program.out(), '');
  assert.deepEqual(readdirSync(agent.dir), ['tether'], 'no pid file, no simulated box');
});

test('`tether stop` reaches the running one, and says so when none is', async (t) => {
  const agent = await startAgent(t, 'server localhost:PORT\n');
  await agent.when((s) => s.box === 'ok' && !s.latched, 'running');
  assert.ok(existsSync(`${agent.dir}/tether.pid`));
  assert.equal((await agent.stop().exited).code, 0);
  const state = await agent.when((s) => s.latched, 'stopped');
  assert.deepEqual([state.phase, state.why], ['stopped', 'wearer']);
  assert.equal((await agent.program.stop()).code, 0);
  assert.equal(readFileSync(`${agent.dir}/tether.pid`, 'utf8'), '', 'the pid is nobody\'s any more');
  const late = agent.stop(alone);
  assert.equal((await late.exited).code, 1);
  assert.equal(late.err(), 'tether: no tether of yours is running\n');
});

test('`tether stop` while tether still starts is kept: it runs, and is stopped', async (t) => {
  const dir = folder(t);
  mkdirSync(`${dir}/bin`);
  copyFileSync(path.join(bin, 'tether'), `${dir}/bin/tether`);
  // Until its box is there tether waits (5 s at most): here until the stop was sent.
  writeFileSync(`${dir}/bin/tether-box`, `#!/bin/sh\nwhile [ ! -e '${dir}/sent' ]; do sleep 0.05; done
exec '${path.join(bin, 'tether-box')}' "$@"\n`, { mode: 0o755 });
  const agent = await startAgent(t, 'server localhost:PORT\n', [], `${dir}/bin/tether`);
  await until(() => existsSync(`${agent.dir}/tether.pid`) && readFileSync(`${agent.dir}/tether.pid`, 'utf8') !== '', 3000, 'the pid file');
  assert.equal((await agent.stop().exited).code, 0);
  assert.equal(agent.program.out(), '', 'it was still starting');
  writeFileSync(`${dir}/sent`, '');
  const state = await agent.when((s) => s.box === 'ok', 'it runs');
  assert.deepEqual([state.phase, state.why, state.latched], ['stopped', 'wearer', true]);
  assert.equal((await agent.program.stop()).code, 0, 'and ends when it is told to');
});
