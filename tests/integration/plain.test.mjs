// `tether --plain`: lines for a screen reader or a log, in a real terminal and in a pipe.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { monotonic } from '../lib/boxlog.mjs';
import { Partner } from '../lib/partner.mjs';
import { bin, sleep, start, until } from '../lib/proc.mjs';
import { Agent, startStack } from '../lib/stack.mjs';
import { Terminal } from '../lib/terminal.mjs';

const LINK = /https:\/\/localhost:\d+\/#[\w-]{48}\.[\w-]{22}/;
const tether = path.join(bin, 'tether');

function join(t, stack, link) {
  const partner = new Partner(link, { ca: stack.tls.ca });
  t.after(() => partner.close());
  return partner;
}

test('in a terminal: each event is a line, the keys are those of the screen, the terminal is left as it was', async (t) => {
  const stack = await startStack(t, { agent: false, admit: 'ask' });
  const env = { XDG_RUNTIME_DIR: stack.dir, XDG_CONFIG_HOME: stack.dir };
  const terminal = new Terminal(t, [tether, ...stack.agentArgs, '--plain'], { env, columns: 200, rows: 50 });
  terminal.tmux('pipe-pane', '-t', 't', `cat >${stack.dir}/bytes`);
  const tty = terminal.tmux('display-message', '-p', '-t', 't', '#{pane_tty}').trim();
  const modes = () => execFileSync('stty', ['-F', tty, '-a'], { encoding: 'utf8' });
  const [link] = await terminal.shows(LINK, 20000);
  assert.match(modes(), /-icanon/);
  const partner = join(t, stack, link);
  await partner.when((s) => s.guard === 'waiting', 10000);
  partner.send('hello');
  const [, words] = await terminal.shows(/The three words are: ([a-z]+ [a-z]+ [a-z]+)\. y: /, 5000);
  assert.equal(words.split(' ').length, 3);
  await sleep(600); // a question that has only just come can't be answered
  terminal.key('y');
  await partner.when((s) => s.guard === 'live', 3000);
  await partner.raise('A', 15);
  await terminal.shows(/A is at 15 percent\./);
  const steps = terminal.text().match(/A is at \d+ percent/g);
  assert.ok(steps.length <= 4, `fifteen steps in two seconds are told calmly: ${steps}`);

  const pressed = monotonic();
  terminal.key('Space');
  const took = await stack.log.zeroAfter(pressed, 2000);
  assert.ok(took < 250, `space to zero (with tmux between): ${took} ms`);
  await terminal.shows(/\d\d:\d\d:\d\d Stopped\. Both channels are at zero\./);
  await terminal.shows(/A is at 0 percent\./);
  terminal.key('r');
  await terminal.shows(/Let your partner take control again, from zero\? y or Enter/);
  terminal.key('y');
  await partner.when((s) => s.guard === 'waiting', 3000);
  terminal.key('i');
  await terminal.shows(/B: 0 percent; cap 60 at low power/);
  assert.match(terminal.text(), /Nobody has control\.$/m);
  terminal.key('?');
  await terminal.shows(/Any key answers the check-in/);

  terminal.key('q');
  await terminal.shows(/End the session and quit\?/);
  terminal.key('y');
  await terminal.shows(/tether: Both channels are at zero\. \[exit 0\]/, 8000);
  assert.match(modes(), / icanon/);
  const bytes = execFileSync('cat', [`${stack.dir}/bytes`], { encoding: 'latin1' });
  assert.ok(bytes.includes('\x07'), 'a question rings');
  assert.doesNotMatch(bytes, /\x1b/, 'no colours, no cursor movement');
});

async function startPipe(t, options) {
  const stack = await startStack(t, { agent: false, ...options });
  const env = { ...process.env, XDG_RUNTIME_DIR: stack.dir, XDG_CONFIG_HOME: stack.dir };
  const agent = start(t, tether, [...stack.agentArgs, '--plain'], { env });
  const [link] = await agent.match(LINK, 20000);
  const partner = join(t, stack, link);
  await partner.takeControl();
  await partner.raise('A', 8);
  return { stack, agent, partner };
}

test('in a pipe: bytes are keys, their end changes nothing, nothing rings', async (t) => {
  const { stack, agent, partner } = await startPipe(t);
  const { ui } = Agent.prototype.children.call({ pid: agent.pid });
  assert.match(readFileSync(`/proc/${ui}/status`, 'utf8'), /^NoNewPrivs:\t1\nSeccomp:\t2$/m, 'it is sealed');
  const since = monotonic();
  agent.write(' ');
  assert.ok(await stack.log.zeroAfter(since, 2000) < 250);
  await agent.match(/Stopped\. Both channels are at zero\./);
  agent.write('r');
  await agent.match(/take control again, from zero\?/);
  agent.write('y');
  await partner.when((s) => s.guard === 'waiting', 3000);
  agent.child.stdin.end();
  await sleep(1500);
  assert.ok(!agent.over(), 'the end of standard input is fine');
  await partner.takeControl();
  assert.match(agent.out(), /^(\d\d:\d\d:\d\d {2}[ -~]+\n)+$/);
});

test('when nobody reads its lines any more the box goes to zero', async (t) => {
  const { stack, agent, partner } = await startPipe(t);
  agent.child.stdout.pause();
  const asked = Buffer.alloc(4096, 'i'); // the status, again and again, until the pipe is full
  const since = monotonic();
  const zero = stack.log.zeroAfter(since, 15000);
  const timer = setInterval(() => agent.write(asked), 50);
  t.after(() => clearInterval(timer));
  await zero;
  clearInterval(timer);
  const state = await partner.when((s) => s.guard === 'stopped', 3000);
  assert.equal(state.why, 'ui');
  agent.child.stdout.resume();
  await until(() => /this screen was out of reach/.test(agent.out()), 5000, 'what happened is told');
});

test('when its reader goes away the program ends, from zero', async (t) => {
  const { stack, agent } = await startPipe(t);
  const since = monotonic();
  agent.child.stdout.destroy();
  assert.ok(await stack.log.zeroAfter(since, 4000) <= 1500);
  assert.deepEqual(await agent.exited, { code: 0, signal: null });
});
