// What a terminal may do to the screen while somebody stops from elsewhere: not drained, closed, resized without end,
// keys and bytes in masses. None of it holds up a stop. Runs with nothing beside it.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { monotonic } from '../lib/boxlog.mjs';
import { bin, sleep, until } from '../lib/proc.mjs';
import { Rig } from '../lib/rig.mjs';
import { startStack } from '../lib/stack.mjs';

const STOP_MS = 150; // from before `tether stop` is run until both outputs are at zero
const ESC = '\x1b';
const TMUX = { env: { ...process.env, LANG: 'C.UTF-8' } };

// Nobody reads the terminal's output and it is full.
async function clog({ agent: { terminal } }) {
  const server = Number(terminal.tmux('display-message', '-p', '#{pid}'));
  const tty = terminal.tty();
  process.kill(server, 'SIGSTOP');
  await until(() => / T /.test(readFileSync(`/proc/${server}/stat`, 'utf8')), 1000, 'the terminal has stopped');
  const fd = openSync(tty, constants.O_WRONLY | constants.O_NOCTTY | constants.O_NONBLOCK);
  try { for (;;) writeSync(fd, Buffer.alloc(512, 0x20)); } catch (error) { assert.equal(error.code, 'EAGAIN'); }
  closeSync(fd);
  return () => process.kill(server, 'SIGCONT');
}

// Calls `once` again and again, as fast as tmux takes it, until the returned function is called.
function again(rig, once) {
  const { socket } = rig.agent.terminal;
  const tmux = (...args) => promisify(execFile)('tmux', ['-L', socket, ...args], TMUX);
  let over = false;
  const done = (async () => { for (let i = 0; !over; i += 1) await once(tmux, i); })();
  return async () => { over = true; await done.catch(() => {}); };
}

const hex = (bytes) => [...bytes].map((b) => b.toString(16));
const type = (make) => (rig) => again(rig, (tmux, i) => tmux('send-keys', '-t', 't', '-H', ...hex(make(i))));
// None of the bytes that are keys of their own or begin a space of several bytes, so that only their mass can do harm.
const KEYS = Buffer.from('\0 \x03\x1a\x1crdynabABpmcl?qws\t\r\n\x0c0123456789\xc2\xe1\xe2\xe3', 'latin1');
const harmless = (bytes) => bytes.filter((b) => !KEYS.includes(b));
const latin = (text) => Buffer.from(text, 'latin1');

const terminals = [
  ['is not drained', clog],
  ['is closed', async ({ agent }) => { execFile('tmux', ['-L', agent.terminal.socket, 'kill-server'], TMUX); return () => {}; }, { ends: true }],
  ['is resized without end', (rig) => again(rig, (tmux, i) => tmux('resize-window', '-t', 't', ...(i % 2 ? ['-x', '20', '-y', '5'] : ['-x', '100', '-y', '40'])))],
  ['sends random bytes', type(() => harmless(randomBytes(300)))],
  ['sends broken UTF-8', type(() => latin('\xff\xfe\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80'.repeat(20)))],
  ['sends escape sequences that do not end', type(() => latin(`${ESC}[${';'.repeat(300)}`))],
  ['sends pasted text without end', type((i) => latin(i % 9 ? 'x'.repeat(300) : `${ESC}[200~`))],
  ['sends mouse reports', type((i) => latin(Array.from({ length: 20 }, (_, k) => `${ESC}[<35;${1 + k};${1 + i % 9}M`).join('')))],
];

test(`a terminal that misbehaves does not delay \`tether stop\`: zero within ${STOP_MS} ms`, { timeout: 120000 }, async (t) => {
  const rig = new Rig(t, { screen: true, stack: await startStack(t, { agent: false, agentArgs: ['--rise', '20'] }) });
  t.after(() => rig.close());
  for (const [what, cause, { ends = false } = {}] of terminals) {
    await t.test(`a terminal that ${what}`, { timeout: 40000 }, async () => {
      await rig.ready();
      const { agent, partner } = rig;
      const undo = await cause(rig);
      try {
        if (what !== 'is not drained' && !ends) {
          await sleep(700);
          assert.equal(partner.state.guard, 'live', 'it alone stops nothing');
        }
        const since = monotonic();
        execFileSync(path.join(bin, 'tether'), ['stop'], { env: { ...process.env, XDG_RUNTIME_DIR: rig.stack.dir }, stdio: 'ignore' });
        const took = await rig.log.zeroAfter(since, 3000);
        t.diagnostic(`${what}: ${took.toFixed(0)} ms`);
        assert.ok(took <= STOP_MS, `took ${took.toFixed(0)} ms`);
      } finally {
        await undo();
      }
      if (ends) { await agent.stop(); return; }
      // What was sent last may be the beginning of something: Space means Space all the same.
      await partner.when((s) => s.guard === 'stopped', 3000);
      rig.agent.terminal.resize(80, 24);
      if (agent.over()) return;
      rig.agent.terminal.bytes(`${ESC}[201~`);
      await sleep(100);
      await rig.ready();
      const since = monotonic();
      rig.agent.terminal.bytes(`${ESC}[9;`);
      rig.agent.terminal.key('Space');
      assert.ok(await rig.log.zeroAfter(since, 2000) < 250, 'Space still stops');
    });
  }
});
