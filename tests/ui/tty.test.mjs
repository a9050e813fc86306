// The wearer's screen in a real terminal, 80x24, on the whole stack.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { monotonic } from '../lib/boxlog.mjs';
import { Partner } from '../lib/partner.mjs';
import { bin, root, sleep, until } from '../lib/proc.mjs';
import { family } from '../lib/sockets.mjs';
import { startStack } from '../lib/stack.mjs';
import { Terminal } from '../lib/terminal.mjs';

const artefacts = path.join(root, 'tests/artefacts');

async function startScreen(t, options = {}) {
  mkdirSync(artefacts, { recursive: true });
  const stack = await startStack(t, { agent: false, ...options });
  const terminal = new Terminal(t, [path.join(bin, 'tether'), ...stack.agentArgs],
    { env: { XDG_RUNTIME_DIR: stack.dir, XDG_CONFIG_HOME: stack.dir }, ...options.terminal });
  await until(() => /#[\w-]{48}\.[\w-]{22}/.test(terminal.text().replace(/\s+/g, '')), 15000,
    () => `the link on the screen:\n${terminal.text()}`);
  stack.link = terminal.text().replace(/\s+/g, '').match(/https:\/\/localhost:\d+\/#[\w-]{48}\.[\w-]{22}/)[0];
  return { stack, terminal };
}

test('the screen shows the link, and who asks; y lets in, space stops, r resumes, q ends', async (t) => {
  const { stack, terminal } = await startScreen(t, { admit: 'ask' });
  const partner = new Partner(stack.link, { ca: stack.tls.ca });
  t.after(() => partner.close());
  await partner.when((s) => s.guard === 'waiting', 10000);
  partner.send('hello');
  await partner.when((s) => s.guard === 'asking', 3000);
  await sleep(700);
  await terminal.picture(t, `${artefacts}/screen-asking.png`);
  terminal.key('y');
  await partner.when((s) => s.guard === 'live', 3000);
  await partner.raise('A', 15);
  await terminal.shows(/15/);
  await terminal.picture(t, `${artefacts}/screen-live.png`);

  const pressed = monotonic();
  terminal.key('Space');
  const took = await stack.log.zeroAfter(pressed, 2000);
  assert.ok(took < 250, `space to zero (with tmux between): ${took} ms`);
  await terminal.shows(/[Ss]top/);
  await terminal.picture(t, `${artefacts}/screen-stopped.png`);
  await partner.when((s) => s.guard === 'stopped', 2000);
  terminal.key('r');
  await terminal.shows(/control again, from zero\?/);
  terminal.key('y');
  await partner.when((s) => s.guard === 'waiting', 2000);

  const all = family(terminal.shell()).slice(1);
  terminal.key('q');
  await terminal.shows(/End the session and quit\?/);
  terminal.key('y');
  await terminal.shows(/\[exit 0\]/, 8000);
  assert.ok(all.length >= 4);
  await until(() => all.slice(0, 4).every((pid) => { try { process.kill(pid, 0); return false; } catch { return true; } }),
    3000, 'all four processes have ended');
});

for (const [name, cause] of [
  ['the terminal is closed', (terminal) => terminal.close()],
  ['Ctrl-C', (terminal) => terminal.key('C-c')],
  ['Ctrl-Z', (terminal) => terminal.key('C-z')],
]) {
  test(`${name}: the box is at zero within 1.5 s or goes on being watched`, async (t) => {
    const { stack, terminal } = await startScreen(t);
    const partner = new Partner(stack.link, { ca: stack.tls.ca });
    t.after(() => partner.close());
    await partner.takeControl();
    await partner.raise('A', 8);
    const since = monotonic();
    cause(terminal);
    const took = await stack.log.zeroAfter(since, 4000);
    assert.ok(took <= 1500, `took ${took} ms`);
  });
}
