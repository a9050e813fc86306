// A new wearer's first start: the questions in a real terminal, with a simulated box turned by hand.
import assert from 'node:assert/strict';
import {
  chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, statSync, writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { monotonic } from '../lib/boxlog.mjs';
import { bin, copyProgram, folder, root, run, sleep, start, until } from '../lib/proc.mjs';
import { Agent, startStack } from '../lib/stack.mjs';
import { startBox, startWizard, toTheKnob, Wizard } from '../lib/wizard.mjs';

const settings = (file) => Object.fromEntries(readFileSync(file, 'utf8').split('\n')
  .filter((line) => line !== '' && !line.startsWith('#')).map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]));
const gone = (pid) => { try { process.kill(pid, 0); return false; } catch { return true; } };
const links = /https:\/\/localhost:\d+\/#[\w-]{48}\.[\w-]{22}/;
const option = (args, name) => args[args.indexOf(name) + 1];

// In tests/artefacts/ (TETHER_PICTURES=docs/images: there too).
async function picture(t, wizard, name) {
  const file = path.join(root, 'tests/artefacts', name);
  mkdirSync(path.dirname(file), { recursive: true });
  await wizard.picture(t, file);
  if (process.env.TETHER_PICTURES) copyFileSync(file, path.join(root, process.env.TETHER_PICTURES, name));
}

test('a new wearer comes from the first key to a link on the screen; the second start does not ask', async (t) => {
  const stack = await startStack(t, { agent: false });
  const args = ['--box', option(stack.agentArgs, '--box'), '--ca', stack.tls.ca, '--page', option(stack.agentArgs, '--page')];
  const begun = Date.now();
  const wizard = new Wizard(t, stack.dir, args);
  await wizard.asks(/Which server/);
  assert.match(wizard.words(), /press the space bar, at any moment/, 'how to stop is said before the first question');
  wizard.type(option(stack.agentArgs, '--server'));
  await wizard.asks(/A is at 0 percent >/);
  stack.box.write('knob A 22\n');
  await wizard.asks(/A is at 22 percent >/);
  wizard.type();
  await wizard.asks(/A: 22 percent at most/);
  await stack.log.zeroAfter(0, 2000);
  wizard.type();
  await wizard.asks(/B is at 0 percent >/);
  stack.box.write('knob B 17.5\n');
  await wizard.asks(/B is at 17 percent >/);
  await picture(t, wizard, 'setup.png');
  wizard.type();
  await wizard.asks(/B: 17 percent at most/);
  wizard.type();
  for (const question of [/high power too/, /between low and high/, /change the mode/, /opens your link/, /what you chose/]) {
    await wizard.asks(question);
    wizard.type();
  }
  await until(() => links.test(wizard.text().replace(/\s+/g, '')), 60000, () => `the link:\n${wizard.text()}`);
  const seconds = (Date.now() - begun) / 1000;
  t.diagnostic(`a new wearer's path: ${wizard.keys} key presses, ${seconds.toFixed(1)} s to the link`);
  assert.ok(seconds < 60);

  assert.equal(statSync(wizard.file).mode & 0o7777, 0o600);
  const saved = settings(wizard.file);
  assert.deepEqual([saved['cap-a'], saved['cap-b'], saved['high-cap-a'], saved['high-cap-b']], ['22', '17', '0', '0']);
  assert.deepEqual([saved.server, saved.ca, saved.page, saved['power-lock'], saved['mode-lock'], saved.admit],
    [option(stack.agentArgs, '--server'), stack.tls.ca, option(stack.agentArgs, '--page'), 'yes', 'no', 'ask']);
  const pid = wizard.pid();
  wizard.close();
  await until(() => gone(pid), 8000, 'the agent ends');

  const again = new Wizard(t, stack.dir, []);
  await until(() => links.test(again.text().replace(/\s+/g, '')), 20000, () => `the link, with no question:\n${again.text()}`);
});

test('space at the knob is zero at once; Enter takes nothing that was not there', async (t) => {
  const w = await startWizard(t);
  await toTheKnob(w);
  w.box.hand('knob A 40');
  await w.wizard.asks(/A is at 40 percent >/);
  const pressed = monotonic();
  w.wizard.key('Space');
  const took = await w.box.log.zeroAfter(pressed, 2000);
  assert.ok(took < 250, `space to zero (with tmux between): ${took} ms`);
  await w.wizard.shows(/Both channels are at zero/);
  w.wizard.type();
  await w.wizard.asks(/A: 0 percent: the channel stays off/);
});

test('a space that is not the byte 0x20 is zero at the knob too', async (t) => {
  const w = await startWizard(t);
  await toTheKnob(w);
  for (const [what, bytes] of [['U+3000', '\xe3\x80\x80'], ['U+00A0', '\xc2\xa0'], ['Ctrl-Space', '\0'],
    ['Shift-Space of kitty', '\x1b[32;2u'], ['Shift-Space of xterm', '\x1b[27;2;32~']]) {
    w.box.hand('knob A 40');
    await w.wizard.asks(/A is at 40 percent >/);
    const pressed = monotonic();
    w.wizard.bytes(bytes);
    assert.ok(await w.box.log.zeroAfter(pressed, 2000) < 250, what);
    await w.wizard.asks(/A is at 0 percent >/);
    await sleep(600); // each K of that stop is on the line: the next hand is not undone
  }
});

test('Enter that bounces at the knob does not confirm a cap that nobody was asked about', async (t) => {
  const w = await startWizard(t);
  await toTheKnob(w);
  w.box.hand('knob A 20');
  await w.wizard.asks(/A is at 20 percent >/);
  w.wizard.bytes('\r\r\r');
  await w.wizard.asks(/A: 20 percent at most/);
  await w.box.log.zeroAfter(0, 2000);
  await sleep(500);
  await w.wizard.asks(/A: 20 percent at most/);
  w.wizard.type();
  await w.wizard.asks(/B is at 0 percent >/);
});

test('in Training a stop at the knob ends in Pulse, and only then zero is said', async (t) => {
  const w = await startWizard(t);
  await toTheKnob(w);
  const modes = () => w.box.log.commands().map((c) => c.command).filter((c) => c.startsWith('M'));
  w.box.hand('mode training');
  w.box.hand('knob A 20');
  await w.wizard.asks(/A is at 20 percent >/);
  assert.deepEqual(modes(), [], 'another mode, and what is set by hand at the knob, is left as it is');
  w.wizard.key('Space');
  await w.wizard.shows(/Both channels are at zero\./);
  assert.deepEqual(modes(), ['M0']);
});

test('the wizard writes nothing to the box but polls, K, low power, and Pulse in Step and Training', async (t) => {
  const w = await startWizard(t);
  w.box.hand('power high');
  w.box.hand('mode step');
  await w.wizard.asks(/Which server/);
  w.wizard.type(w.server);
  await w.wizard.asks(/all the same/);
  w.wizard.type();
  await w.wizard.asks(/at high power/);
  w.wizard.type();
  await w.wizard.asks(/A is at 0 percent >/);
  w.wizard.type('30');
  await w.wizard.asks(/A: 30 percent/);
  w.wizard.type();
  await w.wizard.asks(/B is at/);
  w.wizard.type('s');
  await w.wizard.asks(/high power too/);
  const kinds = new Set(w.box.log.commands().map((c) => c.command));
  assert.deepEqual([...kinds].sort(), ['', 'K', 'L', 'M0']);
});

test('arrows and function keys leave nothing in what is typed; a paste does', async (t) => {
  const w = await startWizard(t);
  await w.wizard.asks(/Which server/);
  w.wizard.key('Up', 'Left', 'F1', 'F5', 'Delete');
  w.wizard.bytes('\x1b[200~local\x1b[201~');
  w.wizard.type(w.server.slice('local'.length));
  await w.wizard.asks(/all the same/);
  w.wizard.bytes('\x1b[');
  w.wizard.key('C-c');
  await w.wizard.shows(/Nothing was written.*\[exit 1\]/);
});

test('a line that is wider than the terminal shows its end, in one row, and counts as a whole', async (t) => {
  const { wizard } = await startWizard(t, { columns: 40 });
  await wizard.asks(/Which server/);
  const name = `${'a-long-name.'.repeat(6)}example`;
  wizard.key('-l', name);
  await wizard.shows(new RegExp(`<${name.slice(-38)}`));
  assert.equal(wizard.text().split('\n').filter((line) => line.includes('long-name')).length, 1, wizard.text());
  wizard.key('BSpace', 'BSpace');
  await wizard.shows(new RegExp(`<${name.slice(-40, -2)}`));
  wizard.key('Enter');
  await wizard.shows(/can't be reached now/, 8000);
  assert.ok(wizard.words().replace(/\s/g, '').includes(`Theserver${name.slice(0, -2)}can't`), wizard.text());
});

test('space while the power is being lowered: zero, and the questions still go on', async (t) => {
  const w = await startWizard(t);
  w.box.hand('power high');
  await w.wizard.asks(/Which server/);
  w.wizard.type(w.server);
  await w.wizard.asks(/all the same/);
  w.wizard.type();
  await w.wizard.asks(/at high power/);
  w.wizard.type();
  w.wizard.key('Space');
  await w.wizard.shows(/Both channels are at zero\./);
  await w.wizard.asks(/A is at 0 percent >/);
});

test('before the first question is answered, space and `tether stop` stop a box that is turned up by hand', async (t) => {
  const w = await startWizard(t);
  await w.wizard.asks(/Which server/);
  const ways = [() => w.wizard.key('Space'),
    () => run(path.join(bin, 'tether'), ['stop'], { env: { ...process.env, XDG_RUNTIME_DIR: w.dir } })];
  for (const [i, stop] of ways.entries()) {
    await until(() => w.box.log.commands().at(-1)?.command === '', 3000, 'the box is watched');
    w.box.hand('knob A 20');
    await until(() => w.box.log.now().a === 20, 2000, 'the knob is up');
    const since = monotonic();
    stop();
    const took = await w.box.log.zeroAfter(since, 2000);
    assert.ok(took < 500, `zero after ${took} ms`);
    await until(() => w.wizard.text().split('Both channels are at zero.').length === i + 2, 2000, () => `it is said\n${w.wizard.text()}`);
  }
  assert.doesNotMatch(w.wizard.words(), /The box answers/, 'of the box nothing is said before it is asked about');
  await w.wizard.asks(/Which server.*>/);
});

test('a stop that reaches no box says so, before and after the box is asked about', async (t) => {
  const w = await startWizard(t);
  w.box.hand('unplug');
  await w.wizard.asks(/Which server/);
  w.wizard.key('Space');
  await w.wizard.shows(/The box is not reached: use its own knob\./);
  w.box.hand('plug');
  w.wizard.type(w.server);
  await w.wizard.asks(/all the same/);
  w.wizard.type();
  await w.wizard.asks(/A is at 0 percent >/);
  w.box.hand('menu open');
  await w.wizard.shows(/Is its menu open\?/);
  w.wizard.type('s');
  await w.wizard.asks(/how many percent/);
  w.wizard.tmux('clear-history', '-t', 't');
  w.wizard.key('Space');
  await w.wizard.shows(/how many percent.*The box is not reached: use its own knob\./);
  w.box.hand('menu close');
  await w.wizard.shows(/not reached.*Both channels are at zero\./);
  w.box.hand('knob B 30');
  await until(() => w.box.log.now().b === 30, 2000, 'the knob is up');
  w.wizard.key('Space');
  await w.box.log.zeroAfter(0, 2000);
});

for (const [name, end, code] of [
  ['Ctrl-C', (w) => w.wizard.key('C-c'), 1],
  ['q', (w) => w.wizard.key('q'), 1],
  ['a closed terminal', (w) => w.wizard.close()],
]) {
  test(`${name} at the knob: zero, nothing is written, no process stays`, async (t) => {
    const w = await startWizard(t);
    await toTheKnob(w);
    const pids = [w.wizard.pid(), w.wizard.boxChild()];
    w.box.hand('knob A 35');
    await w.wizard.asks(/A is at 35 percent >/);
    const since = monotonic();
    end(w);
    const took = await w.box.log.zeroAfter(since, 2000);
    assert.ok(took < 1500, `zero after ${took} ms`);
    if (code !== undefined) await w.wizard.shows(/Nothing was written. Both channels are at zero. \[exit 1\]/);
    await until(() => pids.every(gone), 4000, 'both processes have ended');
    assert.ok(!existsSync(w.wizard.file));
  });
}

for (const [name, signal] of [['killed', 'SIGKILL'], ['stopped', 'SIGSTOP']]) {
  test(`the wizard ${name}: the box process takes the box to zero within 1.5 s`, async (t) => {
    const w = await startWizard(t);
    await toTheKnob(w);
    const [pid, child] = [w.wizard.pid(), w.wizard.boxChild()];
    w.box.hand('knob A 35');
    await w.wizard.asks(/A is at 35 percent >/);
    const since = monotonic();
    process.kill(pid, signal);
    t.after(() => { if (!gone(pid)) process.kill(pid, 'SIGKILL'); });
    const took = await w.box.log.zeroAfter(since, 3000);
    t.diagnostic(`wizard ${name}: zero after ${took.toFixed(0)} ms`);
    assert.ok(took < 1500, `zero after ${took} ms`);
    if (signal === 'SIGKILL') await until(() => gone(child), 3000, 'the box process ends');
    assert.ok(!existsSync(w.wizard.file));
  });
}

test('what keeps the box away is said, and the questions go on by themselves once it is cured', async (t) => {
  const w = await startWizard(t);
  w.box.hand('menu open');
  await w.wizard.asks(/Which server/);
  w.wizard.type(w.server);
  await w.wizard.asks(/all the same/);
  w.wizard.type();
  await w.wizard.shows(/does not answer. Is it switched on\? Is its menu open\?.*Commander/);
  w.box.hand('menu close');
  await w.wizard.asks(/A is at 0 percent >/);
  w.box.hand('unplug');
  await w.wizard.shows(/There is no port .*box. Is the cable in\?/);
  w.box.hand('plug');
  w.box.hand('knob A 5');
  await w.wizard.asks(/A is at 0 percent >/);
  w.box.hand('knob A 12');
  await w.wizard.asks(/A is at 12 percent >/);
});

test('a box that is switched off (9 fields) is told from one that is silent', async (t) => {
  const w = await startWizard(t);
  w.box.hand('power off');
  await w.wizard.asks(/Which server/);
  w.wizard.type(w.server);
  await w.wizard.asks(/all the same/);
  w.wizard.type();
  await w.wizard.shows(/The box is switched off/);
  w.box.hand('power on');
  await w.wizard.asks(/A is at 0 percent >/);
});

test('a port that another program has is said with that program', async (t) => {
  const dir = folder(t);
  const box = await startBox(t, dir);
  const holder = start(t, 'flock', ['--no-fork', '-x', box.path, 'sleep', '60']);
  const wizard = new Wizard(t, dir, ['--box', box.path]);
  await wizard.asks(/Which server/);
  wizard.type('localhost:1');
  await wizard.asks(/all the same/);
  wizard.type();
  await wizard.shows(/sleep \(process \d+\) is using the port/);
  await holder.stop();
  await wizard.asks(/A is at 0 percent >/);
});

test('a port that one may not open is said with the commands for this very user', async (t) => {
  const dir = folder(t);
  const box = await startBox(t, dir);
  const pty = realpathSync(box.path);
  const isRoot = process.getuid() === 0;
  mkdirSync(`${dir}/run`);
  if (isRoot) { // root may open everything: somebody else runs it
    chmodSync(dir, 0o755);
    chownSync(`${dir}/run`, 65534, 65534);
  }
  chmodSync(pty, isRoot ? 0o600 : 0);
  const wizard = new Wizard(t, dir, ['--box', box.path], { env: { XDG_RUNTIME_DIR: `${dir}/run`, XDG_CONFIG_HOME: `${dir}/run` },
    program: isRoot ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', copyProgram(dir)] : undefined });
  await wizard.asks(/Which server/);
  wizard.type('localhost:1');
  await wizard.asks(/all the same/);
  wizard.type();
  await wizard.shows(/you may not open it/);
  assert.match(wizard.words(), isRoot ? /sudo setfacl -m u:nobody:rw \S+box .* sudo usermod -aG \w+ nobody / : /sudo setfacl -m u:\S+:rw /);
  assert.match(wizard.words(), /60-tether.rules/);
  chmodSync(pty, 0o666);
  await wizard.asks(/A is at 0 percent >/);
});

test('without an adapter that is said, and one goes on without the box', async (t) => {
  if (readdirSync('/dev').some((name) => name.startsWith('ttyUSB'))) return t.skip('an adapter is plugged into this machine');
  const dir = folder(t);
  const wizard = new Wizard(t, dir, []);
  await wizard.asks(/Which server/);
  wizard.type('localhost:1');
  await wizard.asks(/all the same/);
  wizard.type();
  await wizard.shows(/No box is plugged in: this computer sees no link cable/);
  wizard.type('s');
  await wizard.asks(/Channel A at low power: how many percent.*\[0\] >/);
  wizard.type('101');
  await wizard.shows(/type 0 to 100/);
  wizard.type('25');
  await wizard.asks(/A: 25 percent at most/);
});

test('tether setup forgets a box of the file that is not there, and looks for another', async (t) => {
  if (readdirSync('/dev').some((name) => name.startsWith('ttyUSB'))) return t.skip('an adapter is plugged into this machine');
  const dir = folder(t);
  writeFileSync(`${dir}/mine.conf`, 'server localhost:1\nbox /dev/serial/by-id/usb-FTDI_OLD\ncap-a 40\n');
  const wizard = new Wizard(t, dir, ['setup', '--config', `${dir}/mine.conf`], { rows: 50 });
  await wizard.asks(/Which server/);
  wizard.type();
  await wizard.asks(/all the same/);
  wizard.type();
  await wizard.shows(/There is no port \S+OLD\. Is the cable in\? Your settings name it\. Another one is looked for\. No box is plugged in: this computer sees no link cable/);
  wizard.type('s');
  for (const question of [/Channel A.*\[40\] >/, /Channel B.*\[0\] >/, /high power too/, /between low and high/, /change the mode/, /opens your link/]) {
    await wizard.asks(question);
    wizard.type();
  }
  await wizard.asks(/what you chose/);
  wizard.type('2');
  await wizard.shows(/\[exit 0\]/);
  assert.equal(settings(`${dir}/mine.conf`).box, undefined);
});

test('tether setup asks again with what there is, and comments survive', async (t) => {
  const dir = folder(t);
  const box = await startBox(t, dir);
  const before = '# mine\nserver localhost:1   # at home\n\n\tcap-a 40 # left\nhold 7\nadmit always\nbox /dev/x\n';
  mkdirSync(`${dir}/config/tether`, { recursive: true });
  writeFileSync(`${dir}/config/tether/agent.conf`, before);
  const wizard = new Wizard(t, dir, ['setup', '--box', box.path]);
  await wizard.asks(/Which server.*\[localhost:1\] >/);
  wizard.type();
  await wizard.asks(/all the same/);
  wizard.type();
  await wizard.asks(/k keep your 40 percent/);
  wizard.type('33');
  await wizard.asks(/33 percent/);
  wizard.type();
  await wizard.asks(/B is at 0/);
  wizard.type('s');
  for (const question of [/high power too/, /between low and high/, /change the mode/, /opens your link.*\[2\]/]) {
    await wizard.asks(question);
    wizard.type();
  }
  await wizard.asks(/what you chose/);
  wizard.type('2');
  await wizard.shows(/Saved to .*\[exit 0\]/);
  assert.equal(readFileSync(wizard.file, 'utf8'),
    before.replace('cap-a 40', 'cap-a 33').replace('/dev/x', box.path));
});

test('what was changed while running is saved on wish, and nothing else in the file changes', async (t) => {
  const stack = await startStack(t, { agent: false });
  const file = `${stack.dir}/mine.conf`;
  const before = `# mine\nserver ${option(stack.agentArgs, '--server')}\n\tcap-a 10  # left\nhold 7`;
  writeFileSync(file, before);
  const args = ['--config', file, '--box', `${stack.dir}/box`, '--ca', stack.tls.ca, '--page', option(stack.agentArgs, '--page')];
  const agent = new Agent(t, args, { XDG_RUNTIME_DIR: stack.dir, XDG_CONFIG_HOME: stack.dir });
  await agent.link();
  assert.equal(agent.last('state').unsaved, false);
  agent.say({ cmd: 'cap', ch: 'A', value: 21 });
  await until(() => agent.last('state').unsaved, 2000, 'the settings differ from the file');
  assert.equal(readFileSync(file, 'utf8'), before);
  agent.say({ cmd: 'save' });
  await until(() => agent.events().some((e) => e.event === 'log' && e.text === `Saved to ${file}.`), 3000, 'saved');
  assert.equal(readFileSync(file, 'utf8'), before.replace('cap-a 10', 'cap-a 21'));
  await until(() => agent.last('state').unsaved === false, 2000, 'the settings are those of the file');

  writeFileSync(file, 'nonsense\n');
  agent.say({ cmd: 'save' });
  await until(() => agent.events().some((e) => e.event === 'log' && /^Not saved: its line 1 is not understood/.test(e.text)), 3000, 'refused');
  assert.equal(readFileSync(file, 'utf8'), 'nonsense\n');
  assert.ok(!agent.program.over());
});

test('without a terminal nobody is asked: the sentence says what to give', async (t) => {
  const dir = folder(t);
  const program = start(t, path.join(bin, 'tether'), ['--demo'], { env: { ...process.env, XDG_RUNTIME_DIR: dir, XDG_CONFIG_HOME: dir } });
  assert.equal((await program.exited).code, 2);
  assert.match(program.err(), /which server\? Give --server HOST\[:PORT\], or put it in agent.conf/);
  const anew = start(t, path.join(bin, 'tether'), ['setup'], { env: { ...process.env, XDG_RUNTIME_DIR: dir, XDG_CONFIG_HOME: dir } });
  assert.equal((await anew.exited).code, 2);
  assert.match(anew.err(), /needs a terminal/);
});

test('where the answers could not be kept nobody is asked', async (t) => {
  const dir = folder(t);
  const nowhere = new Wizard(t, dir, [], { env: { XDG_RUNTIME_DIR: dir, XDG_CONFIG_HOME: '', HOME: '' } });
  await nowhere.shows(/there is no place for agent.conf; name one with --config FILE \[exit 2\]/);
  const wrong = new Wizard(t, dir, ['--config', '/dev/null/agent.conf'], { columns: 160 });
  await wrong.shows(/could not be kept in \/dev\/null\/agent.conf: its folder can't be written to: Not a directory; name another file with --config FILE \[exit 2\]/);
});

test('--demo asks with the simulated box and keeps none of it: a real box is asked about first', async (t) => {
  const dir = folder(t);
  const wizard = new Wizard(t, dir, ['--demo', '--config', `${dir}/own/mine.conf`], { columns: 40 });
  wizard.file = `${dir}/own/mine.conf`;
  await wizard.asks(/Which server/);
  assert.ok(wizard.text().split('\n').every((line) => line.length < 40), 'no line is broken by the terminal');
  wizard.type('localhost:1');
  await wizard.asks(/all the same/);
  wizard.type();
  await wizard.asks(/A is at 0 percent >/);
  wizard.type('10');
  await wizard.asks(/10 percent/);
  wizard.type();
  await wizard.asks(/B is at 0/);
  wizard.type('10');
  await wizard.asks(/10 percent/);
  wizard.type();
  for (const question of [/high power too/, /between low and high/, /change the mode/, /opens your link/]) {
    await wizard.asks(question);
    wizard.type();
  }
  await wizard.asks(/what you chose.*simulated box are not kept.*1 start 2 don't start/);
  wizard.type('1');
  await wizard.shows(/A .*cap 10/);
  assert.doesNotMatch(wizard.words(), /w saves/);
  wizard.key('w');
  await wizard.shows(/Not saved: the box is simulated/);
  wizard.close();
  assert.ok(!existsSync(wizard.file));

  const real = new Wizard(t, folder(t), ['--box', (await startBox(t, dir)).path, '--config', wizard.file]);
  await real.asks(/Which server/);
});

test('tether setup --demo leaves a file as it was', async (t) => {
  const dir = folder(t);
  const before = 'server localhost:1\ncap-a 40\nbox /dev/x\n';
  writeFileSync(`${dir}/mine.conf`, before);
  const wizard = new Wizard(t, dir, ['setup', '--demo', '--config', `${dir}/mine.conf`]);
  await wizard.asks(/Which server.*\[localhost:1\] >/);
  wizard.type();
  await wizard.asks(/all the same/);
  wizard.type();
  for (const [channel, level] of [['A', '80'], ['B', '70']]) {
    await wizard.asks(new RegExp(`${channel} is at 0 percent >`));
    wizard.type(level);
    await wizard.asks(new RegExp(`${level} percent at most`));
    wizard.type();
  }
  for (const question of [/high power too/, /between low and high/, /change the mode/, /opens your link/]) {
    await wizard.asks(question);
    wizard.type();
  }
  await wizard.asks(/simulated box are not kept/);
  wizard.type('2');
  await wizard.shows(/\[exit 0\]/);
  assert.equal(readFileSync(`${dir}/mine.conf`, 'utf8'), before);
});
