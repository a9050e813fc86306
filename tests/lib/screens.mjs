// Every state of the wearer's screen: how it is caused for real on the whole stack, and the sentence that must stand
// there. The sentences are written down here and not taken from the source.
import assert from 'node:assert/strict';
import path from 'node:path';
import { monotonic } from './boxlog.mjs';
import { MqttChannel, ShortKeysvc } from './hostile.mjs';
import { Partner } from './partner.mjs';
import { bin, freePort, sleep, start, until } from './proc.mjs';
import { Rig, TerminalAgent } from './rig.mjs';
import { besideStack, startStack } from './stack.mjs';
import { Terminal, plain } from './terminal.mjs';

export const pictures = []; // [name, what stood on the screen, with its colours]
export const seen = new Set(); // sentences that have stood on a screen

// Where the sentence stands: above the channels, not in the log.
const top = (ansi) => fold(plain(ansi).split('\n').slice(0, 5).join(' '));
export const fold = (text) => text.replace(/\s+/g, ' ');
const box = (line) => ({ stack }) => { stack.box.write(`${line}\n`); };
const key = (...keys) => ({ agent }) => agent.terminal.key(...keys);
const ui = (signal) => ({ agent }) => process.kill(agent.children().ui, signal);
const BY_HAND = 'Nobody has control. The box is turned up by hand.';
const STOP_KEY = /SPACE ?= ?STOP/;
const SIZES = [[100, 40], [80, 24], [40, 12], [20, 5]];

// --- how far things go before a row's cause --------------------------------------------------------

const from = {
  // No agent runs; the cause starts one.
  nothing: async (rig) => { await rig.repair(); await rig.agent.stop(); },
  // A partner in control, A at 8 percent.
  live: async (rig) => { await rig.ready(); assert.ok(rig.log.now().a > 0, 'the box is at a level'); },
  // A partner's page is there and nobody has control.
  waiting: async (rig) => { await rig.repair(); await rig.control(); rig.partner.send('bye'); await rig.partner.when((s) => s.guard === 'waiting', 3000); },
  // As the row before left it.
  there: async () => {},
};

const starts = (args = [], options = {}) => async (rig) => {
  rig.agent = new TerminalAgent(rig.t, rig.stack, { ...rig.terminal, args, ...options });
  await rig.agent.begun();
};

async function ask(rig) {
  const page = rig.makePartner(); // one that has not been allowed before
  rig.partner.close();
  rig.partner = page;
  await page.when((s) => s.guard === 'waiting', 10000);
  page.send('hello');
  await page.when((s) => s.guard === 'asking' && s.page === page.mark, 5000);
}

// Another program of the wearer's, which has the port for itself.
async function holdPort({ t, stack }) {
  const other = start(t, 'flock', ['--no-fork', `${stack.dir}/box`, 'sh', '-c', 'echo held; exec sleep 60']);
  await other.match(/held/);
  return other;
}

// A screen whose guard says nothing: of a whole stack it stands for milliseconds only.
async function mute(rig) {
  const script = 'use Socket; $^F = 9; socketpair(my $a, my $b, AF_UNIX, SOCK_SEQPACKET, 0); POSIX::dup2(fileno($a), 3);'
    + ' exec { $ARGV[0] } "tether-ui", "--child", "ui", "tty"';
  rig.agent = { over: () => true, stop: async () => rig.agent.terminal.close(),
    terminal: new Terminal(rig.t, ['perl', '-MPOSIX', '-e', script, path.join(bin, 'tether')], rig.terminal) };
}

// --- the states ------------------------------------------------------------------------------------
// [picture, from, cause, sentence, { zero: the box's log says zero, unsure: nothing may say so, sizes: also
// shown at other sizes, advice: further words, within: ms, cure, leave: the agent that the cause started goes on }]

export const rows = [
  ['starting', 'nothing', mute, 'Starting.'],
  ['box-first-answer', 'nothing', async (rig) => { box('menu open')(rig); await starts()(rig); }, 'Waiting for the box\'s first answer.',
    { unsure: true, cure: box('menu close') }],
  ['connecting', 'nothing', async (rig) => { rig.stack.net.agent.freeze(); await starts()(rig); }, 'Connecting to the server.',
    { cure: ({ stack }) => { stack.net.agent.thaw(); stack.net.agent.drop(); } }],
  ['no-server', 'nothing', async (rig) => starts(['--server', `localhost:${await freePort()}`])(rig), 'No connection to the server.'],
  ['asking-for-key', 'nothing', async (rig) => { process.kill(rig.stack.keysvc.pid, 'SIGSTOP'); await starts()(rig); },
    'Asking the server for a key.', { cure: ({ stack }) => process.kill(stack.keysvc.pid, 'SIGCONT') }],
  ['ready', 'nothing', (rig) => rig.repair(), 'Ready. Nobody has control.', { sizes: true, leave: true }],
  ['asking', 'waiting', ask, 'Somebody asks for control.', { sizes: true, advice: 'which three words their page shows', cure: key('n') }],
  ['refused', 'waiting', async (rig) => { await ask(rig); await stands(rig.agent.terminal, 'Somebody asks for control.'); key('n')(rig); },
    'You refused. Nobody has control.'],
  ['live', 'live', () => {}, 'Your partner has control.', { sizes: true, cure: (rig) => { rig.stops = undefined; } }],
  ['partner-stop', 'live', ({ partner }) => partner.stop(), 'Your partner pressed stop. Both channels are at zero.', { zero: true }],
  ['partner-bye', 'live', ({ partner }) => partner.send('bye'), 'Your partner gave control back. Both channels are at zero.', { zero: true }],
  ['partner-silent', 'live', ({ partner }) => { partner.alive = false; }, 'Your partner\'s page fell silent. Both channels are at zero.',
    { zero: true, cure: ({ partner }) => { partner.alive = true; } }],
  ['stopped', 'live', key('Space'), 'Stopped. Both channels are at zero.', { zero: true, sizes: true, advice: 'Your partner can do nothing' }],
  ['stopped-screen', 'live', async (rig) => { ui('SIGSTOP')(rig); await sleep(1400); ui('SIGCONT')(rig); },
    'Stopped: this screen was out of reach for a moment.', { zero: true }],
  // The wearer stopped, turned a knob by hand, and then the computer stood still.
  ['stopped-clock', 'live', async (rig) => {
    key('Space')(rig);
    await rig.partner.when((s) => s.guard === 'stopped', 2000);
    await sleep(600); // until nothing is at work any more that would undo the knob
    box('knob A 5')(rig);
    await rig.partner.when((s) => s.a === 5, 2000);
    process.kill(rig.agent.pid, 'SIGSTOP');
    await sleep(1300);
    process.kill(rig.agent.pid, 'SIGCONT');
  }, 'Stopped: the computer slept or its clock jumped.', { zero: true }],
  ['clock', 'live', async ({ agent }) => {
    process.kill(agent.pid, 'SIGSTOP');
    await sleep(1300);
    process.kill(agent.pid, 'SIGCONT');
  }, 'The computer slept or its clock jumped. Both channels are at zero.', { zero: true }],
  ['stopped-box', 'live', async (rig) => {
    box('unplug')(rig);
    await rig.partner.when((s) => s.box === 'gone', 3000);
    box('plug')(rig);
  }, 'Stopped: the box was out of reach, and is back.', { zero: true }],
  ['unconfirmed', 'live', async (rig) => { box('late 400')(rig); await sleep(50); key('Space')(rig); },
    'Going to zero; the box has not confirmed it yet. If in doubt, use its own knob.', { unsure: true, cure: box('late 0') }],
  ['by-hand', 'waiting', async (rig) => { await sleep(600); box('knob A 5')(rig); }, BY_HAND,
    { unsure: true, advice: 'SPACE takes it to zero', cure: box('knob A 0') }],
  ['by-hand-asking', 'waiting', async (rig) => {
    await ask(rig);
    await stands(rig.agent.terminal, 'Somebody asks for control.');
    await sleep(600);
    box('knob A 5')(rig);
    await rig.agent.terminal.shows(/ 5 %/);
    await sleep(600);
  }, 'Somebody asks for control.', { unsure: true, cure: (rig) => { box('knob A 0')(rig); key('n')(rig); } }],
  ['by-hand-stopped', 'live', async (rig) => {
    key('Space')(rig);
    await rig.partner.when((s) => s.guard === 'stopped', 2000);
    await sleep(600);
    box('knob A 5')(rig);
  }, BY_HAND, { unsure: true, advice: 'nothing until you press r to resume', cure: box('knob A 0') }],
  ['box-silent', 'live', box('menu open'), 'The box does not answer: use its own knob.', { unsure: true, sizes: true, cure: box('menu close') }],
  ['box-back', 'live', async (rig) => {
    box('menu open')(rig);
    await rig.partner.when((s) => s.box === 'silent', 3000);
    box('menu close')(rig);
  }, 'The box was out of reach and is back, at zero.', { zero: true }],
  ['box-off', 'live', box('power off'), 'The box is switched off.', { zero: true, cure: box('power on') }],
  ['box-unplugged', 'live', box('unplug'), 'The box is unplugged: use its own knob.', { unsure: true, sizes: true, cure: box('plug') }],
  ['box-busy', 'nothing', async (rig) => {
    rig.other = await holdPort(rig);
    await starts()(rig);
  }, 'Another program is using the box: use its own knob.', { unsure: true, cure: ({ other }) => other.stop() }],
  ['box-failed', 'nothing', (rig) => starts(['--box', '/dev/null'])(rig), 'The box\'s port can\'t be opened: use its own knob.',
    { unsure: true, cure: ({ agent }) => agent.stop() }],
  ['server-lost', 'live', ({ stack }) => { stack.net.agent.freeze(); stack.net.agent.drop(); },
    'The connection to the server is lost. Both channels are at zero.', { zero: true, cure: ({ stack }) => stack.net.agent.thaw() }],
  ['server-back', 'live', ({ stack }) => stack.net.agent.drop(), 'The connection was lost and is back. Both channels are at zero.',
    { zero: true, within: 12000 }],
  ['ended', 'live', async (rig) => { process.kill(rig.stack.keysvc.pid, 'SIGSTOP'); key('d')(rig); },
    'The session is over. Both channels are at zero.', { zero: true,
      cure: async (rig) => { process.kill(rig.stack.keysvc.pid, 'SIGCONT'); await rig.agent.stop(); } }],
  ['revoked', 'live', ({ stack, partner }) => stack.keysvc.revoke(partner.link.sid.toString('hex')),
    'The server has ended this session. Both channels are at zero.', { zero: true, cure: ({ agent }) => agent.stop() }],
  // From here on another key service answers: it refuses, then gives out keys for seconds.
  ['server-refused', 'nothing', async (rig) => {
    process.kill(rig.stack.keysvc.pid, 'SIGSTOP');
    rig.short = await ShortKeysvc.start(rig.t, rig.stack, 9);
    rig.short.refusal = { why: 'busy', text: 'too many at once', retry: 1 };
    await starts()(rig);
  }, 'The server refused.', { advice: 'Both channels are at zero. It is tried again by itself.', leave: true }],
  ['expired', 'there', async (rig) => {
    delete rig.short.refusal;
    rig.link = await rig.agent.link();
    rig.partner = new Partner(rig.link, { channel: await MqttChannel.open(rig.t, rig.stack, rig.link) });
    rig.stops = undefined;
    await rig.control();
    await rig.partner.raise('A', 8);
  }, 'Four hours are over. Both channels are at zero.', { zero: true, within: 12000,
    cure: ({ stack }) => process.kill(stack.keysvc.pid, 'SIGCONT') }],
];

// In stacks of their own, since they take a minute: [picture, options, picture of the warning, its words, sentence].
export const slow = [
  ['stopped-idle', ['--idle', '1', '--checkin', '0'], 'warning-idle', /Nothing was changed for a long time: everything stops in \d+ s/,
    'Stopped: nothing was changed for a long time.'],
  ['stopped-checkin', ['--idle', '0', '--checkin', '1'], 'warning-checkin', /Are you there\? Press any key within \d+ s, or everything stops/,
    'Stopped: you did not answer the check-in.'],
];

// A sentence of the source that no row causes, and why that can't be done.
export const unreachable = {
  // The guard's phase is "fault" only while the port is not well, and then the sentence is about the port.
  'The line to the box has failed. Both channels are at zero.': 'for a phase that always comes with a port that is told first',
};

// --- reading a screen ------------------------------------------------------------------------------

// Waits until `sentence` stands on the screen, drawn to its end; the screen then, with its colours.
async function stands(terminal, sentence, ms = 6000) {
  let ansi;
  await until(() => { ansi = terminal.ansi(); return top(ansi).includes(sentence); }, ms,
    () => `the screen says "${sentence}":\n${plain(ansi)}`);
  seen.add(sentence);
  await sleep(40);
  const later = terminal.ansi();
  return top(later).includes(sentence) ? later : ansi;
}

async function otherSizes(terminal, sentence) {
  for (const [columns, lines] of SIZES) {
    terminal.resize(columns, lines);
    await until(() => fold(terminal.text()).includes(sentence.slice(0, 40).trim()) && STOP_KEY.test(terminal.text()), 2000,
      () => `"${sentence}" and SPACE = STOP at ${columns}x${lines}:\n${terminal.text()}`);
  }
}

async function showRow(rig, [name, begin, cause, sentence, more = {}]) {
  await from[begin](rig);
  const since = monotonic();
  await cause(rig);
  try {
    const ansi = await stands(rig.agent.terminal, sentence, more.within);
    pictures.push([name, ansi]);
    const text = fold(plain(ansi));
    assert.match(text, STOP_KEY);
    if (more.advice) assert.ok(text.includes(more.advice), `"${more.advice}":\n${plain(ansi)}`);
    if (more.unsure) assert.doesNotMatch(text, /Stopped|are at zero/, plain(ansi));
    if (more.zero) {
      const { a, b, ms } = rig.log.now();
      assert.deepEqual([a, b], [0, 0], 'what is said of zero is so');
      assert.ok(ms > since, 'the outputs went to zero because of this');
    }
    if (more.sizes) await otherSizes(rig.agent.terminal, sentence);
  } finally {
    rig.agent.terminal.resize(rig.terminal.columns, rig.terminal.rows);
    await more.cure?.(rig);
    if (begin === 'nothing' && !more.leave) await rig.agent.stop();
  }
}

async function showSlow(t, stack, look, [name, args, warningName, warning, sentence]) {
  const rig = new Rig(t, { screen: true, stack: await besideStack(t, stack), terminal: { ...look, args } });
  t.after(() => rig.close());
  await rig.ready();
  const { terminal } = rig.agent;
  await terminal.shows(warning, 15000);
  pictures.push([warningName, terminal.ansi()]);
  const since = monotonic();
  pictures.push([name, await stands(terminal, sentence, 75000)]);
  assert.deepEqual([rig.log.now().a, rig.log.now().b, rig.log.now().ms > since], [0, 0, true]);
}

// All of them in a terminal like `look`: { columns, rows, term, env }.
export async function showStates(t, look) {
  const stack = await startStack(t, { proxies: true, admit: 'ask', agent: false, agentArgs: ['--rise', '20'] });
  await Promise.all([
    ...slow.map((row) => t.test(`${row[0]}: ${row[4]}`, (s) => showSlow(s, stack, look, row))),
    t.test('caused one after another', { concurrency: 1 }, async (lane) => {
      const rig = new Rig(lane, { screen: true, stack, terminal: { ...look, args: ['--hold', '2'] } });
      lane.after(() => rig.close());
      for (const row of rows) await lane.test(`${row[0]}: ${row[3]}`, { timeout: 40000 }, () => showRow(rig, row));
    }),
  ]);
}
