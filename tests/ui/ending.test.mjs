// What stands on the terminal once the program has ended: no picture of a screen that is no more, and the truth about zero.
import assert from 'node:assert/strict';
import { closeSync, constants, openSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { bin, folder, run, sleep, start, until } from '../lib/proc.mjs';
import { family } from '../lib/sockets.mjs';
import { childrenOf } from '../lib/stack.mjs';
import { Terminal } from '../lib/terminal.mjs';
import { startBox } from '../lib/wizard.mjs';

for (const [name, signal] of [['killed', 'SIGKILL'], ['stopped for good', 'SIGSTOP']]) {
  test(`a screen that is ${name} does not stay on the terminal: what happened is said there, and the mouse given back`, async (t) => {
    const dir = folder(t);
    writeFileSync(`${dir}/agent.conf`, '');
    const terminal = new Terminal(t, [path.join(bin, 'tether'), '--demo', '--server', 'localhost:1', '--config', `${dir}/agent.conf`],
      { env: { XDG_RUNTIME_DIR: dir } });
    await terminal.shows(/SPACE = STOP.*disconnect/);
    await terminal.shows(/2\.106/);
    const agent = family(terminal.shell())[1];
    process.kill(childrenOf(agent).ui, signal);
    if (signal === 'SIGSTOP') process.kill(agent, 'SIGTERM');
    await terminal.shows(/tether: The screen failed, so the session is over\. Both channels are at zero\. \[exit 1\]/, 10000);
    assert.ok(!/SPACE = STOP/.test(terminal.words()));
    assert.equal(terminal.tmux('display-message', '-p', '-t', 't', '#{alternate_on}#{mouse_any_flag}#{cursor_flag}').trim(), '001');
  });
}

test('a box that has confirmed zero at the end is told of: the screen goes before it has', async (t) => {
  const dir = folder(t);
  writeFileSync(`${dir}/agent.conf`, '');
  const terminal = new Terminal(t, [path.join(bin, 'tether'), '--demo', '--server', 'localhost:1', '--config', `${dir}/agent.conf`],
    { env: { XDG_RUNTIME_DIR: dir } });
  await terminal.shows(/2\.106/);
  terminal.bytes('q');
  await terminal.shows(/End the session and quit/);
  terminal.bytes('y');
  await terminal.shows(/^tether: Both channels are at zero\. \[exit 0\]/, 8000);
});

test('a terminal that is not read any more does not keep the program from ending', async (t) => {
  const dir = folder(t);
  const fifo = `${dir}/out`;
  run('mkfifo', [fifo]);
  const reader = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK); // which never reads
  t.after(() => closeSync(reader));
  const agent = start(t, path.join(bin, 'tether'), ['--plain', '--demo', '--server', 'localhost:1', '--config', '/dev/null'],
    { env: { ...process.env, XDG_RUNTIME_DIR: dir }, stdio: ['pipe', openSync(fifo, constants.O_WRONLY), 'pipe'] });
  await until(() => childrenOf(agent.pid).ui, 5000, 'it runs');
  await sleep(500);
  try { for (;;) writeSync(reader, Buffer.alloc(1)); } catch { /* it is full */ }
  process.kill(agent.pid, 'SIGTERM');
  await until(() => agent.over(), 5000, 'it has ended');
});

test('a box that has not confirmed zero at the end is told of', async (t) => {
  const dir = folder(t);
  writeFileSync(`${dir}/agent.conf`, '');
  const box = await startBox(t, dir);
  const terminal = new Terminal(t, [path.join(bin, 'tether'), '--box', box.path, '--server', 'localhost:1', '--config', `${dir}/agent.conf`],
    { env: { XDG_RUNTIME_DIR: dir } });
  await terminal.shows(/2\.106/);
  box.hand('menu open');
  await terminal.shows(/The box does not answer/);
  terminal.bytes('q');
  await terminal.shows(/End the session and quit/);
  terminal.bytes('y');
  await terminal.shows(/tether: The box has not confirmed zero: use its own knob\. \[exit 3\]/, 15000);
});
