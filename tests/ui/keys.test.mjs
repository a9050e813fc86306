// What the wearer's keys do in a real terminal, and what nothing else does: who gets in, Space in every dialog,
// the bell, and the terminal afterwards. How long a key takes is in latency.test.mjs.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { monotonic } from '../lib/boxlog.mjs';
import { bin, folder, sleep, until } from '../lib/proc.mjs';
import { Rig } from '../lib/rig.mjs';
import { besideStack, startStack } from '../lib/stack.mjs';
import { Terminal } from '../lib/terminal.mjs';

const ESC = '\x1b';

const endings = [];
test.after(async () => { for (const end of endings.reverse()) await end(); });

let servers; // the same for all tests; a wearer for each
async function nextStack(t) {
  servers ??= startStack({ after: (end) => endings.push(end) }, { agent: false, agentArgs: ['--rise', '20'] });
  return besideStack(t, await servers);
}

async function startRig(t, admit, terminal = {}) {
  const stack = await nextStack(t);
  stack.agentArgs.push('--admit', admit);
  const rig = new Rig(t, { screen: true, stack, terminal });
  t.after(() => rig.close());
  await rig.repair();
  return rig;
}

// A page that has never been let in asks; long enough ago for an answer to count.
async function ask(rig) {
  rig.partner?.close();
  rig.partner = rig.makePartner();
  await rig.partner.when((s) => s.guard === 'waiting', 10000);
  rig.partner.send('hello');
  await rig.partner.when((s) => s.guard === 'asking', 3000);
  await rig.agent.terminal.shows(/Somebody asks for control/);
  await sleep(600);
}

// The guard has answered what was typed when a state has come that is younger.
async function staysOut(rig, what, phases = ['asking']) {
  const { beacon } = rig.partner.state;
  await rig.partner.when((s) => s.beacon > beacon, 2500, `a state after ${what}`);
  assert.ok(phases.includes(rig.partner.state.guard), `${what}: ${rig.partner.state.guard}`);
}

test('while somebody asks, nothing but y lets them in', { timeout: 120000 }, async (t) => {
  const rig = await startRig(t, 'ask');
  await ask(rig);
  const { terminal } = rig.agent;
  const letIn = () => rig.partner.state.guard === 'live';
  const quiet = [...Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i)).filter((c) => !'ynd'.includes(c)), '\r', '\n', '\t', '\b', '\x7f'];
  for (const key of quiet) {
    terminal.bytes(key);
    terminal.bytes(ESC); // closes what the key has opened
    assert.ok(!letIn(), JSON.stringify(key));
  }
  await staysOut(rig, 'every printable key');

  const bursts = {
    arrows: ['A', 'B', 'C', 'D'].flatMap((c) => [`${ESC}[${c}`, `${ESC}O${c}`]),
    'function keys': [`${ESC}OP`, `${ESC}[15~`, `${ESC}[3~`, `${ESC}[1;5y`, `${ESC}Oy`, `${ESC}y`],
    'a y among other keys': ['xyx', 'yx', 'xy', `${ESC}[Ay`, 'hey'],
    'pasted text': [`${ESC}[200~y${ESC}[201~`, `${ESC}[200~a\ry\r${ESC}[201~`],
    'wheel, other buttons and releases over each line': Array.from({ length: 24 }, (_, y) => [64, 65, 1, 2, 35].map((b) => `${ESC}[<${b};5;${y + 1}M`).join('')
      + `${ESC}[<0;5;${y + 1}m`),
  };
  for (const [what, all] of Object.entries(bursts)) {
    for (const bytes of all) { terminal.bytes(bytes); await sleep(10); assert.ok(!letIn(), `${what}: ${JSON.stringify(bytes)}`); }
    terminal.bytes(ESC);
    await staysOut(rig, what);
  }
  terminal.paste('my.easy.yes\ny\nyyy');
  await staysOut(rig, 'a paste from the clipboard');

  // A click means the key that is drawn under it: above the footer, and beside the lines of y and n, it lets nobody in.
  for (let y = 0; y < 21; y += 1) { // below is the footer: a click anywhere near SPACE stops
    for (let x = 1; x <= 80; x += 20) {
      if (/SPACE|STOP|y = |n = |allow|refuse/.test(terminal.text().split('\n')[y])) continue;
      terminal.bytes(`${ESC}[<0;${x};${y + 1}M`);
      terminal.bytes(ESC); // closes what the click has opened
      await sleep(80);
      assert.equal(rig.partner.state.guard, 'asking', `a click at ${x}, ${y + 1}:\n${terminal.text()}`);
    }
  }
  await staysOut(rig, 'clicks');

  for (const [key, phase] of [['n', 'waiting'], [' ', 'stopped'], ['d', 'ended']]) {
    terminal.bytes(key);
    await rig.partner.when((s) => s.guard === phase, 3000, `after ${JSON.stringify(key)}`);
    await sleep(300);
    assert.equal(rig.partner.state.guard, phase, `nobody has come in after ${JSON.stringify(key)}`);
    if (key === ' ') await until(async () => { rig.agent.resume(); await sleep(80); return rig.partner.state.guard === 'waiting'; }, 5000, 'resumed');
    if (key === 'd') {
      const old = rig.link;
      await until(async () => { rig.link = await rig.agent.link(); return rig.link !== old; }, 15000, 'a new link');
    }
    await ask(rig);
  }
  terminal.key('y');
  await rig.partner.when((s) => s.guard === 'live', 2000, 'y lets in');
});

// --- Space in every dialog -------------------------------------------------------------------------

const byHand = async (rig) => { // nobody is in control, and a level stands
  rig.stack.box.write('knob A 5\n');
  await until(() => rig.log.now().a === 5, 2000, 'the knob');
  await sleep(200);
};
const waits = async (rig) => { await rig.control(); rig.partner.send('bye'); await rig.partner.when((s) => s.guard === 'waiting', 3000); await sleep(500); };
const dialogs = [
  ['no dialog', (rig) => rig.ready(), '', /Your partner has control/],
  ['the question whether to quit', (rig) => rig.ready(), 'q', /End the session and quit\?/],
  ['a raised cap that waits', (rig) => rig.ready(), 'A', /60 -> 61 %/],
  ['the settings', (rig) => rig.ready(), 's', /up, down: choose/],
  ['a number being typed in the settings', (rig) => rig.ready(), 's7', /-> 7/],
  ['the help', (rig) => rig.ready(), '?', /stop: both channels to zero/],
  ['the QR code', async (rig) => { await waits(rig); await byHand(rig); }, 'l', /[▀▄█]{8}/],
  ['the question whether to resume', async (rig) => {
    await rig.ready();
    rig.agent.terminal.key('Space');
    await rig.partner.when((s) => s.guard === 'stopped', 2000);
    await sleep(600);
    await byHand(rig);
  }, 'r', /control again, from zero\?/],
  ['the question who asks', async (rig) => { await waits(rig); await ask(rig); await byHand(rig); }, '', /Somebody asks for control/],
];

test('Space stops in every dialog, and for good', { timeout: 120000 }, async (t) => {
  const rig = await startRig(t, 'ask');
  for (const [what, begin, keys, shown] of dialogs) {
    await t.test(`Space in: ${what}`, { timeout: 30000 }, async () => {
      rig.stops = undefined;
      const { terminal } = rig.agent;
      for (let i = 0; i < 3; i += 1) { terminal.bytes(ESC); await sleep(30); } // what the row before has left open
      await begin(rig);
      for (const key of keys) { terminal.bytes(key); await sleep(60); }
      await terminal.shows(shown);
      assert.ok(rig.log.now().a > 0, 'there is something to stop');
      const since = monotonic();
      terminal.key('Space');
      const took = await rig.log.zeroAfter(since, 2000);
      assert.ok(took < 250, `zero after ${took.toFixed(0)} ms (tmux included)`);
      await rig.partner.when((s) => s.guard === 'stopped', 2000, 'latched');
      await terminal.shows(/Stopped\. Both channels are at zero/);
      rig.partner.send('hello');
      rig.partner.level('A', 9);
      await sleep(300);
      assert.deepEqual([rig.log.now().a, rig.partner.state.guard], [0, 'stopped']);
    });
  }
});

// Input methods, AltGr and Option, Ctrl and Shift: the bar under the thumbs, whatever it sends.
const spaces = [['U+3000', '\xe3\x80\x80'], ['U+00A0', '\xc2\xa0'], ['U+202F', '\xe2\x80\xaf'],
  ['Ctrl-Space', '\0'], ['Shift-Space of kitty', `${ESC}[32;2u`], ['Shift-Space of xterm', `${ESC}[27;2;32~`]];
for (const [where, args, rows] of [['the screen', [], spaces], ['--plain', ['--plain'], spaces.slice(0, 1)]]) {
  test(`${where}: a space that is not the byte 0x20 stops too`, { timeout: 60000 }, async (t) => {
    const rig = await startRig(t, 'always', { args });
    for (const [what, bytes] of rows) {
      rig.stops = undefined;
      await rig.ready();
      assert.ok(rig.log.now().a > 0, 'there is something to stop');
      const since = monotonic();
      rig.agent.terminal.bytes(bytes);
      assert.ok(await rig.log.zeroAfter(since, 2000) < 250, what);
      await rig.partner.when((s) => s.guard === 'stopped', 2000, `${what} is for good`);
    }
  });
}

// --- notices ---------------------------------------------------------------------------------------

test('a notice goes when what it speaks of has changed', { timeout: 60000 }, async (t) => {
  const rig = await startRig(t, 'always');
  await rig.ready();
  const { terminal } = rig.agent;
  terminal.key('r');
  await terminal.shows(/Nothing is stopped, so there is nothing to resume/);
  process.kill(rig.agent.pid, 'SIGUSR1');
  await terminal.shows(/Stopped\. Both channels are at zero\./);
  assert.doesNotMatch(terminal.words(), /nothing to resume/, 'beside "press r to resume"');
});

// --- bell, and what is left behind -----------------------------------------------------------------

test('the bell rings when somebody asks and when the box is gone, and for nothing else here', { timeout: 60000 }, async (t) => {
  const rig = await startRig(t, 'ask');
  const { terminal } = rig.agent;
  terminal.record(`${folder(t)}/raw`);
  const bells = () => terminal.written().split('\x07').length - 1;
  await sleep(700);
  assert.equal(bells(), 0, 'ready');
  await ask(rig);
  assert.equal(bells(), 1, 'somebody asks');
  terminal.key('y');
  await rig.partner.when((s) => s.guard === 'live', 2000);
  await rig.partner.raise('A', 5);
  for (const key of ['?', 'Escape', 's', 'Escape', 'Space']) { terminal.key(key); await sleep(150); }
  await terminal.shows(/Stopped\. Both/);
  assert.equal(bells(), 1, 'keys, help, settings and a stop are silent');
  rig.stack.box.write('menu open\n');
  await terminal.shows(/does not answer/);
  await sleep(200);
  assert.equal(bells(), 2, 'the box is gone');
});

test('after q the terminal is as it was', { timeout: 60000 }, async (t) => {
  const stack = await nextStack(t);
  const dir = folder(t);
  const terminal = new Terminal(t, ['sh', '-c', `sleep 1; stty -a > ${dir}/before; "$@"; echo "left $?"; stty -a > ${dir}/after; echo done`, 'sh',
    `${bin}/tether`, ...stack.agentArgs], { env: { XDG_RUNTIME_DIR: stack.dir, XDG_CONFIG_HOME: stack.dir } });
  terminal.record(`${dir}/raw`);
  await terminal.shows(/Ready\. Nobody/, 20000);
  const flag = (name) => terminal.tmux('display-message', '-p', '-t', 't', `#{${name}}`).trim();
  const before = { cursor: flag('cursor_flag'), mouse: flag('mouse_any_flag'), screen: flag('alternate_on') };
  assert.deepEqual(before, { cursor: '0', mouse: '1', screen: '1' }, 'while it runs');
  terminal.key('q');
  await terminal.shows(/End the session and quit\?/);
  terminal.key('y');
  await terminal.shows(/left 0[^]*done/, 8000);
  assert.equal(readFileSync(`${dir}/after`, 'utf8'), readFileSync(`${dir}/before`, 'utf8'));
  assert.deepEqual({ cursor: flag('cursor_flag'), mouse: flag('mouse_any_flag'), screen: flag('alternate_on') }, { cursor: '1', mouse: '0', screen: '0' });
  const raw = terminal.written();
  for (const mode of ['1000', '1006', '2004', '1049']) {
    assert.ok(raw.includes(`${ESC}[?${mode}h`), `?${mode}h`);
    assert.ok(raw.lastIndexOf(`${ESC}[?${mode}l`) > raw.lastIndexOf(`${ESC}[?${mode}h`), `?${mode}l comes last`);
  }
  assert.ok(Math.max(raw.lastIndexOf(`${ESC}[?25h`), raw.lastIndexOf(`${ESC}[34h${ESC}[?25h`)) > raw.lastIndexOf(`${ESC}[?25l`));
});
