// What other terminals make of the screen: random bytes, one without colours or UTF-8, one that is known elsewhere only,
// and the QR code.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { test } from 'node:test';
import { bin, folder, read, run, sleep, until } from '../lib/proc.mjs';
import { Rig } from '../lib/rig.mjs';
import { besideStack, startStack } from '../lib/stack.mjs';
import { Terminal, drawScreens } from '../lib/terminal.mjs';

const ESC = '\x1b';

let stack;
async function startRig(t, terminal = {}) {
  stack ??= await startStack(undefined, { agent: false, agentArgs: ['--rise', '20'] });
  const rig = new Rig(t, { screen: true, stack: await besideStack(t, stack), terminal });
  t.after(() => rig.close());
  return rig;
}
test.after(async () => { for (const name of ['gateway', 'keysvc', 'broker', 'box']) await stack?.[name].stop(); });

test('random bytes of every kind end in zero or change nothing; the screen lives, and Space stops', { timeout: 60000 }, async (t) => {
  const rig = await startRig(t);
  await rig.ready();
  const { terminal } = rig.agent;
  const levels = rig.log.levels().length;
  // They may be q and, alone in the next read, Enter: then the rest is typed to the shell, whose end must not end the terminal.
  terminal.tmux('set-option', '-t', 't', 'remain-on-exit', 'on');
  for (let i = 0; i < 60; i += 1) terminal.bytes(randomBytes(200).toString('latin1'));
  terminal.bytes(`${ESC}[201~`);
  terminal.bytes(' ');
  await rig.log.zeroAfter(0, 2000);
  await sleep(300);
  const { a, b } = rig.log.now();
  assert.deepEqual([a, b], [0, 0]);
  for (const level of rig.log.levels().slice(levels)) assert.ok(level.a <= 8 && level.b === 0, 'nothing went up');
  const screen = () => terminal.tmux('capture-pane', '-p', '-J', '-S', '-', '-t', 't');
  if (rig.agent.over()) assert.doesNotMatch(screen(), /The screen failed|has not confirmed|\[exit [1-9]/, 'it was told to quit');
  else await until(() => /SPACE ?= ?STOP|Ending|over/.test(terminal.text()), 3000, () => terminal.text());
});

// --- other terminals -------------------------------------------------------------------------------

for (const [term, env] of [['vt100', { LANG: 'C', LC_ALL: 'C' }], ['linux', {}], ['xterm-256color', {}]]) {
  test(`TERM=${term}: the sentence and SPACE = STOP at every size`, { timeout: 60000 }, async (t) => {
    const rig = await startRig(t, { term, env });
    await rig.repair();
    const { terminal } = rig.agent;
    const raw = `${folder(t)}/raw`;
    terminal.record(raw);
    const steps = [['Ready. Nobody has control.', () => rig.repair()], ['Your partner has control.', () => rig.ready()],
      ['Stopped. Both channels are at zero.', () => terminal.key('Space')],
      ['The box does not answer: use its own knob.', () => rig.stack.box.write('menu open\n')]];
    for (const [sentence, cause] of steps) {
      await cause();
      for (const [columns, rows] of [[80, 24], [100, 40], [40, 12], [20, 5]]) {
        terminal.resize(columns, rows);
        await until(() => terminal.words().includes(sentence) && /SPACE ?= ?STOP/.test(terminal.text()), 5000,
          () => `"${sentence}" and SPACE = STOP at ${columns}x${rows}:\n${terminal.text()}`);
      }
      terminal.resize(80, 24);
    }
    if (term === 'vt100') {
      assert.doesNotMatch(terminal.written(), /\x1b\[(?:\d+;)*[34]\dm/, 'no colours');
      assert.match(terminal.written(), /^[\x00-\x7f]*$/, 'nothing but ASCII');
      assert.doesNotMatch(terminal.written(), /\x1b\[\?100[06]/, 'no mouse');
    }
  });
}

// --- terminals that are known elsewhere only, and ones that can't draw -------------------------------

// Without a server: what is asked of the terminal comes first.
function alone(t, { env = {}, args = [], ...options } = {}) {
  const dir = folder(t);
  const command = `${path.join(bin, 'tether')} --config /dev/null --demo --server localhost:1 ${args.join(' ')}`;
  return new Terminal(t, ['sh', '-c', command], { env: { XDG_RUNTIME_DIR: dir, ...env }, ...options });
}

test('a terminal that only the wearer\'s own terminfo knows is drawn on', { timeout: 30000 }, async (t) => {
  const dir = folder(t);
  execFileSync('sh', ['-c', `mkdir -p ${dir}/ti ${dir}/h/.terminfo
    infocmp -x xterm-256color | sed 's/^xterm-256color[^,]*,/xterm-mine|my own,/' >${dir}/mine
    tic -x -o ${dir}/ti ${dir}/mine && tic -x -o ${dir}/h/.terminfo ${dir}/mine`]);
  for (const env of [{ TERMINFO: `${dir}/ti` }, { TERMINFO_DIRS: `${dir}/ti:/usr/share/terminfo` }, { HOME: `${dir}/h` }]) {
    const terminal = alone(t, { env, term: 'xterm-mine' });
    await terminal.shows(/SPACE = STOP/);
    terminal.close();
  }
});

test('a terminal that is not known, and one that can\'t place its cursor, is refused in words', { timeout: 30000 }, async (t) => {
  for (const term of ['no-such-terminal', 'dumb']) {
    const terminal = alone(t, { term });
    await terminal.shows(/this kind of terminal is not known; set TERM, or use tether --plain/);
    await terminal.shows(/\[exit 1\]/, 8000);
    assert.doesNotMatch(terminal.text(), /SPACE|STOP/);
    terminal.close();
  }
});

test('in the background of a shell it is refused in words, and takes no key; with </dev/null it runs', { timeout: 30000 }, async (t) => {
  const dir = folder(t);
  const tether = `${path.join(bin, 'tether')} --config /dev/null --demo --server localhost:1`;
  for (const [args, words] of [['--plain', /your shell's: start tether in front/], ['--headless', /your shell's/], ['', /your shell's/],
    ['--plain </dev/null', /No connection to the server/]]) {
    const terminal = new Terminal(t, ['bash', '-c', `set -m; ${tether} ${args} >${dir}/log 2>&1 & sleep 2; kill %1 2>&1; stty -a`],
      { env: { XDG_RUNTIME_DIR: dir } });
    await terminal.shows(/\bicanon\b/, 8000);
    assert.match(read(`${dir}/log`), words, args);
    assert.doesNotMatch(terminal.text(), /-icanon/, 'the terminal is the shell\'s');
    terminal.close();
    await sleep(800); // its box and its end
  }
});

test('the log has the time of where the wearer is', { timeout: 30000 }, async (t) => {
  for (const args of [[], ['--plain']]) {
    const terminal = alone(t, { env: { TZ: 'XYZ-7:13' }, args });
    const [, hour, minute] = await terminal.shows(/(\d\d):(\d\d):\d\d [A-Z]/, 8000);
    const now = Math.floor(Date.now() / 60000) + 7 * 60 + 13;
    assert.ok((now - (Number(hour) * 60 + Number(minute))) % 1440 <= 1, `${hour}:${minute}\n${terminal.text()}`);
    terminal.close();
  }
});

const decode = (file) => run('zbarimg', ['--quiet', '--raw', '-Sdisable', '-Sqrcode.enable', file]).trim();

test('the QR code on the screen is the link, in every terminal that shows it', { timeout: 150000 }, async (t) => {
  const dir = folder(t);
  const screens = []; // [file, ansi, link, what]
  for (const [term, env] of [[undefined], ['screen-256color'], ['xterm'], ['xterm-256color'], ['linux'],
    ['xterm', { LC_ALL: 'xx_XX.UTF-8' }], ['xterm', { LC_ALL: '', LC_CTYPE: 'xx_XX.utf8' }]]) { // a locale that comes by ssh and is not here
    const rig = await startRig(t, { term, env });
    await rig.repair();
    const { terminal } = rig.agent;
    for (const [columns, rows] of [[80, 24], [100, 40]]) {
      terminal.resize(columns, rows);
      await sleep(400);
      terminal.key('l');
      await until(() => /[▀▄█]{6}/.test(terminal.text()), 3000, () => `a QR code with TERM=${term}:\n${terminal.text()}`);
      await sleep(100);
      screens.push([`${dir}/${screens.length}.png`, terminal.ansi(), rig.link, `TERM=${term}, ${columns}x${rows}`]);
      terminal.key('Escape');
      await terminal.shows(/Ready/);
    }
    await rig.close();
  }
  for (const theme of ['dark', 'light']) {
    await drawScreens(t, screens, { theme, size: 15 });
    for (const [file, , link, what] of screens) assert.equal(decode(file), link, `${what}, ${theme}`);
  }
});
