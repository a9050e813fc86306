// Every situation of the partner's page caused for real, its sentence read where a screen reader
// reads it, and a picture of each at the size of a phone in tests/artefacts/states/. Then what a
// page must hold against: a second page, a flood of moves, a lying server, no mouse, a finger.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { FakeGateway, checkWordBytes, makeSession, signState } from '../lib/fakegw.mjs';
import {
  PHONE, choices, inControl, level, newPage, opened, says, startBrowser, stopBrowser, stopButton,
} from '../lib/partnerpage.mjs';
import { read, root, sleep, until } from '../lib/proc.mjs';

const pictures = path.join(root, 'tests/artefacts/states');
// The agent's own list, not the page's.
const checkWords = [...read(path.join(root, 'common/words.c')).matchAll(/"([a-z]+)"/g)].map((m) => m[1]);

before(async () => {
  mkdirSync(pictures, { recursive: true });
  await startBrowser();
});
after(stopBrowser);

const alerts = (page, text, ms = 3000) => until(
  async () => (await page.getByRole('alert').textContent()).includes(text), ms, `alert says "${text}"`,
);
const picture = (page, name) =>
  page.screenshot({ path: path.join(pictures, `${name}.png`), animations: 'disabled' });
const take = (page) => page.getByRole('button', { name: 'Take control' });

// How far a page goes before something happens to it.
const begin = {
  // Loaded at gw.link(); nobody has answered its join unless `happen` did before.
  load: async (t, happen) => {
    const gw = await FakeGateway.start(t);
    const page = await newPage(t, gw, PHONE);
    const link = await happen(gw) ?? gw.link;
    await page.goto(link);
    return page;
  },
  ready: async (t, happen) => {
    const { gw, page } = await opened(t, PHONE);
    await says(page, 'Ready.');
    await happen(gw, page);
    return page;
  },
  // In control with A at 30 %.
  control: async (t, happen) => {
    const { gw, page } = await inControl(t, PHONE);
    await level(page, 'A').fill('30');
    await until(() => gw.state.a === 30, 2000, 'level 30');
    await happen(gw, page);
    return page;
  },
};

const answer = (message) => (gw) => {
  gw.answerJoin = (send, socket) => {
    send({ v: 1, ...message });
    socket.close(1000);
  };
};
const changed = (changes) => (gw) => gw.say(changes);
const zero = { a: 0, b: 0, ta: 0, tb: 0, stops: 1 };
const fault = (box) => changed({ ...zero, guard: 'fault', why: 'box', box });

// [name of the picture, from where, what happens, what is said, { alert: it is said there,
// take: control can (true) or cannot (false, the default) be asked for }]
const situations = [
  ['connecting', 'load', (gw) => { gw.answerJoin = () => {}; }, 'Connecting…'],
  ['absent', 'load', () => {}, 'The wearer’s computer is not there.'],
  ['malformed-link', 'load', (gw) => `${gw.url}#${gw.session.fragment.slice(0, -3)}`, 'This link is incomplete or mistyped.'],
  ['wrong-link', 'load', answer({ gw: 'refused', why: 'forged', retry: 0 }), 'This link is wrong.'],
  ['expired-link', 'load', answer({ gw: 'refused', why: 'expired', retry: 0 }), 'its time has run out'],
  ['revoked-link', 'load', answer({ gw: 'refused', why: 'revoked', retry: 0 }), 'This link was withdrawn.'],
  ['old-version', 'load', answer({ gw: 'refused', why: 'version', retry: 0 }), 'too old for this server'],
  ['server-away', 'load', answer({ gw: 'away', retry: 7 }), /^The server cannot be reached\. Trying again…$/],
  ['server-busy', 'load', answer({ gw: 'refused', why: 'busy', retry: 5 }), /^The server has too much to do just now\. Trying again…$/],
  ['not-authentic', 'load', (gw) => {
    const other = makeSession();
    gw.run(500);
    return `${gw.url}#${gw.session.key}.${other.secret.toString('base64url')}`;
  }, 'What arrives cannot be verified.'],
  ['ready', 'ready', () => {}, 'Ready. You can take control.', { take: true }],
  ['refused', 'ready', async (gw, page) => {
    await take(page).click();
    await gw.command((c) => c.op === 'hello', 'hello');
    gw.say({ guard: 'waiting', why: 'refused' });
  }, 'The wearer said no.', { take: true }],
  ['no-answer', 'ready', async (gw, page) => {
    gw.allow = false;
    await take(page).click();
    await says(page, 'Asking the wearer…');
  }, 'The wearer’s computer did not answer.', { take: true }],
  ['in-use', 'ready', changed({ guard: 'live', why: 'none', page: 'ffeeddccbbaa9988', a: 20, ta: 20 }),
    'Another page has control of this session.'],
  ['wanted', 'ready', changed({ guard: 'asking', why: 'none', page: 'ffeeddccbbaa9988' }),
    'Another page is asking for control of this session.'],
  ['in-control', 'control', () => {}, 'You are in control.'],
  ['limits', 'control', changed({ capa: 12, a: 12, ta: 12 }), 'The wearer has lowered a limit.', { alert: true }],
  ['idle-soon', 'control', changed({ idle: 40 }), 'Nothing was changed for a while.', { alert: true }],
  ['idle', 'control', changed({ ...zero, guard: 'stopped', why: 'idle' }), 'Nothing was changed for a long time'],
  ['zeroed', 'control', (gw, page) => stopButton(page).click(), 'at zero; raise a level to go on'],
  ['zeroed-by-another', 'control', changed({ ...zero, why: 'partner' }), 'Somebody else with this link pressed stop.'],
  ['silent', 'ready', changed({ why: 'silent' }), 'No page was heard for some seconds', { take: true }],
  ['wearer-stopped', 'control', changed({ ...zero, guard: 'stopped', why: 'wearer' }), 'The wearer pressed stop. Nothing moves'],
  ['stopped-box-silent', 'control', changed({ guard: 'stopped', why: 'checkin', box: 'silent', ta: 0, stops: 1 }),
    'did not answer the check-in, and the box has not confirmed zero.'],
  ['by-hand', 'ready', changed({ why: 'link', b: 20, tb: 20 }), 'The wearer has turned the box up by hand.', { take: true }],
  ['wearer-resumed', 'control', (gw) => {
    gw.say({ ...zero, guard: 'stopped', why: 'wearer' });
    gw.say({ guard: 'waiting' });
  }, 'is ready again. You can take control.', { take: true }],
  ['box-silent', 'control', fault('silent'), 'The box does not answer.'],
  ['box-off', 'control', fault('off'), 'The box is switched off.'],
  ['box-unplugged', 'control', fault('gone'), 'The wearer’s computer does not reach the box'],
  ['ended', 'control', changed({ ...zero, guard: 'ended', why: 'ended' }), 'The wearer ended the session.'],
  ['disconnected', 'control', (gw) => {
    gw.say({ ...zero, guard: 'ended', why: 'ended' });
    gw.socket.send(JSON.stringify({ v: 1, gw: 'ended', why: 'revoked' }));
    gw.socket.close(1000);
  }, 'The wearer ended the session.'],
  ['expired', 'control', changed({ ...zero, guard: 'ended', why: 'expired' }), 'its time has run out'],
  ['revoked', 'control', changed({ ...zero, guard: 'ended', why: 'revoked' }), 'This link was withdrawn.'],
  ['cut', 'control', (gw) => {
    gw.socket.send(JSON.stringify({ v: 1, gw: 'ended', why: 'revoked' }));
    gw.socket.close(1000);
  }, 'This link was withdrawn.'],
  ['forged', 'control', (gw) => {
    gw.raw(signState(makeSession(), JSON.stringify({ ...gw.state, beacon: gw.state.beacon + 1 })));
  }, 'not from the wearer’s computer', { alert: true }],
  ['refused-command', 'control', (gw) => gw.socket.send(JSON.stringify(
    { v: 1, gw: 'bad', text: 'A field of the command has the wrong type: <b>numbers</b> are whole, names are text.' },
  )), 'It says: “A field of the command has the wrong type: <b>numbers</b> are whole, names are text.”', { alert: true }],
  ['stale', 'control', (gw) => {
    gw.quiet();
    gw.mute = true;
  }, 'What is shown is old.'],
];

// Where Take control is not offered, nothing can be moved either, unless the page has control.
async function checkControls(page, offered) {
  assert.equal(await take(page).isVisible(), offered);
  const has = await page.getByRole('button', { name: 'Give control back' }).isVisible();
  for (const slider of await page.getByRole('slider').all()) {
    assert.equal(await slider.isEnabled(), has);
  }
}

for (const [name, from, happen, words, { alert = false, take: offered = false } = {}] of situations) {
  test(`said and pictured: ${name}`, async (t) => {
    const page = await begin[from](t, happen);
    const spoken = page.getByRole(alert ? 'alert' : 'status');
    const fits = (text) => (words instanceof RegExp ? words.test(text) : text.includes(words));
    await until(async () => fits(await spoken.textContent()), 6000, `${name}: ${words}`);
    await checkControls(page, offered);
    assert.ok(await stopButton(page).isVisible());
    await picture(page, name);
  });
}

// The levels of a state mean nothing until the box has answered the process that asks it.
const blank = { a: 0, b: 0, ta: 0, tb: 0, c: 0, d: 0, mode: 'other', modes: [], power: 'high', bat: -1 };
const box = (page, ch) => page.locator(`.slider[data-ch="${ch}"] .box`).innerText();
const powers = async (page) => (await choices(page, 'Power'))
  .evaluateAll((all) => all.map((e) => e.getAttribute('aria-pressed')));

test('a box that is lost is shown as it was last known, and no stop counts as confirmed', async (t) => {
  const { gw, page } = await inControl(t, PHONE);
  await level(page, 'A').fill('60');
  await until(() => gw.state.a === 60, 2000, 'level 60');
  gw.obey = false;
  await stopButton(page).click();
  gw.say({ ...blank, guard: 'fault', why: 'box', box: 'starting', stops: 1 });
  await says(page, 'The box is being started.');
  await alerts(page, 'zero is not confirmed yet');
  assert.equal(await box(page, 'A'), 'Box, last known 60 %');
  assert.equal(await box(page, 'C'), 'Box, last known 50 %');
  assert.match(await page.locator('summary').innerText(), /Pulse$/);
  assert.deepEqual(await powers(page), ['true', 'false'], 'low, as it was');
  assert.ok(await page.getByText('This is what was last known of the box.').isVisible());
  await picture(page, 'box-last-known');
  gw.say({ box: 'ok', guard: 'waiting', mode: 'pulse', modes: ['pulse'], power: 'low' });
  await until(async () => await page.locator('#alarms').textContent() === '', 2000, 'confirmed');
  assert.equal(await box(page, 'A'), 'Box 0 %');
  assert.equal(await page.getByText('This is what was last known of the box.').isVisible(), false);
});

test('of a box that has not answered yet, nothing is said to be known', async (t) => {
  const { gw, page } = await opened(t, PHONE);
  const second = await newPage(t, gw, PHONE);
  gw.say({ ...blank, box: 'starting' });
  await second.goto(gw.link);
  await says(second, 'The box is being started.');
  assert.equal(await box(second, 'A'), 'Box not known');
  assert.equal(await box(second, 'D'), 'Box not known');
  assert.match(await second.locator('summary').innerText(), /not known$/);
  assert.deepEqual(await powers(second), ['false', 'false']);
  assert.equal(await second.getByText(/Kept at zero|Limit/).count(), 0);
  await picture(second, 'box-not-known');
  assert.equal(await box(page, 'A'), 'Box, last known 0 %', 'the first has seen it');
});

test('while the wearer is asked, the page shows the three words that the wearer’s side computes', async (t) => {
  const { gw, page } = await opened(t, PHONE);
  assert.equal(checkWords.length, 256);
  await take(page).click();
  await says(page, 'Waiting for the wearer to allow it.');
  const { page: id } = await gw.command((c) => c.op === 'hello', 'hello');
  const expected = checkWordBytes(gw.session, id, gw.state.nonce).map((byte) => checkWords[byte]);
  await until(async () => await page.locator('#three').textContent() === expected.join(' '), 2000, 'the words');
  assert.ok(await page.locator('#three').isVisible());
  await picture(page, 'asking');
  await page.getByRole('button', { name: 'Withdraw the request' }).click();
  await gw.command((c) => c.op === 'bye' && c.good, 'bye');
  assert.equal(await page.locator('#three').isVisible(), false);
});

test('of two pages with one link the second says in use, moves nothing, and may stop the first', async (t) => {
  const { gw, page: first } = await inControl(t);
  const second = await newPage(t, gw, PHONE);
  await second.goto(gw.link);
  await says(second, 'Another page has control of this session.');
  await checkControls(second, false);
  await level(first, 'A').fill('30');
  await until(() => gw.state.a === 30, 2000, 'level 30');
  const meter = second.getByRole('meter', { name: 'Box output A' });
  await until(async () => await meter.textContent() === '30 %', 2000, 'the second sees the box');
  const pages = new Set(gw.commands.filter((c) => c.page).map((c) => c.page));
  assert.equal(pages.size, 1, 'only the first has sent commands');
  await stopButton(second).click();
  await says(first, 'Somebody else with this link pressed stop.');
  assert.equal(await level(first, 'A').inputValue(), '0');
  await first.getByRole('button', { name: 'Give control back' }).click();
  await take(second).click();
  await says(second, 'Waiting for the wearer');
  gw.live();
  await says(second, 'You are in control.');
  await says(first, 'Another page has control of this session.');
});

// When the page has sent levels from now on, by its own clock: how the machine bunches up what arrives is no matter.
const noteLevels = (page) => page.evaluate(() => {
  const { send } = WebSocket.prototype;
  window.levelsAt = [];
  WebSocket.prototype.send = function note(text) {
    if (JSON.parse(text).op === 'level') window.levelsAt.push(performance.now());
    return send.call(this, text);
  };
});

// The most of `times` (ms) that fall into one second.
const busiest = (times) => Math.max(...times.map((t) => times.filter((x) => x >= t && x < t + 1000).length));

test('300 moves a second are at most ten messages a second, and the last value wins', async (t) => {
  const { gw, page } = await inControl(t);
  await noteLevels(page);
  const moves = await page.evaluate(() => new Promise((done) => {
    const slider = document.querySelector('#value-a');
    const start = performance.now();
    let made = 0;
    const step = () => {
      const due = Math.min(600, Math.floor((performance.now() - start) * 0.3));
      for (; made < due; made += 1) {
        slider.value = made === 599 ? 37 : made % 60;
        slider.dispatchEvent(new Event('input', { bubbles: true }));
      }
      if (made < 600) { setTimeout(step, 3); } else { done({ made, ms: performance.now() - start }); }
    };
    step();
  }));
  assert.equal(moves.made, 600);
  await until(() => gw.state.a === 37, 2000, 'the last value');
  await sleep(400);
  const sent = gw.of('level');
  assert.equal(sent.at(-1).val, 37);
  assert.ok(sent.every((c) => c.good));
  assert.ok(sent.length > 10, `${sent.length} while moving: levels flow, not only the last`);
  assert.ok(sent.length <= moves.ms / 100 + 2, `${sent.length} in ${moves.ms} ms`);
  const times = await page.evaluate(() => window.levelsAt);
  assert.equal(times.length, sent.length);
  assert.ok(busiest(times) <= 11, `${busiest(times)} within a second`);
});

test('Stop in the middle of a drag is sent at once, and the hand must let go before it raises again', async (t) => {
  const { gw, page } = await inControl(t);
  const box = await level(page, 'A').boundingBox();
  const y = box.y + box.height / 2;
  const x = (percent) => box.x + 22 + (box.width - 44) * percent / 100;
  await page.mouse.move(x(0), y);
  await page.mouse.down();
  await page.mouse.move(x(30), y, { steps: 60 });
  await until(() => gw.of('level').length > 1, 2000, 'levels flow');
  await page.mouse.move(x(35), y, { steps: 10 });
  const pressed = Date.now();
  await page.keyboard.press('Escape');
  await page.mouse.move(x(50), y, { steps: 60 });
  await says(page, 'You pressed stop. Both outputs are at zero');
  await page.mouse.move(x(20), y, { steps: 60 });
  await sleep(400);
  const stop = gw.commands.findIndex((c) => c.op === 'stop');
  assert.ok(stop > 0 && gw.commands[stop].at - pressed < 300, 'at once');
  assert.deepEqual(gw.commands.slice(stop).filter((c) => c.op === 'level' || c.a > 0), []);
  assert.equal(gw.state.a, 0);
  assert.equal(await level(page, 'A').inputValue(), '0');
  await page.mouse.up();
  await page.mouse.move(x(0), y);
  await page.mouse.down();
  await page.mouse.move(x(10), y, { steps: 10 });
  await page.mouse.up();
  await until(() => gw.state.a === 10, 2000, 'the thumb is taken anew');
});

test('an arrow key held down through Stop raises nothing until it is let go', async (t) => {
  const { gw, page } = await inControl(t);
  await level(page, 'A').focus();
  for (let i = 0; i < 5; i += 1) await page.keyboard.down('ArrowRight'); // the second and later are repeats
  await until(() => gw.state.a === 5, 2000, 'five steps');
  await page.keyboard.press('Escape');
  await says(page, 'You pressed stop. Both outputs are at zero');
  for (let i = 0; i < 5; i += 1) await page.keyboard.down('ArrowRight');
  await sleep(400);
  assert.equal(gw.state.a, 0);
  assert.equal(await level(page, 'A').inputValue(), '0');
  await page.keyboard.up('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await until(() => gw.state.a === 1, 2000, 'the key is pressed anew');
});

// All that a person can read or set, without the numbers that change by themselves.
const shown = (page) => page.evaluate(() => ({
  status: document.querySelector('[role=status]').textContent,
  text: document.querySelector('#levels').innerText + document.querySelector('#character').innerText,
  inputs: [...document.querySelectorAll('input, button')].map((e) => [e.value, e.disabled, e.hidden, e.ariaPressed]),
}));

test('what a lying server sends changes nothing and is told as not authentic', async (t) => {
  const { gw, page } = await inControl(t);
  await level(page, 'A').fill('30');
  await until(() => gw.state.a === 30, 2000, 'level 30');
  gw.quiet();
  gw.say();
  await until(() => gw.of('alive').at(-1)?.beacon === gw.state.beacon, 1000, 'the newest state is answered');
  const earlier = await shown(page);
  const said = gw.commands.length;
  const higher = { ...gw.state, beacon: gw.state.beacon + 50, a: 90, capa: 100, mode: 'bounce' };
  const ended = { ...gw.state, beacon: gw.state.beacon + 60, guard: 'ended', why: 'ended' };
  const honest = signState(gw.session, JSON.stringify(higher));
  const lies = [
    `${'A'.repeat(22)}.${JSON.stringify(higher)}`, // no MAC at all
    honest.replace('"a":90', '"a":91'), // signed, then changed
    `${honest} `,
    honest.slice(0, -1),
    honest.slice(1),
    signState(makeSession(), JSON.stringify(higher)), // another session
    signState({ g2p: gw.session.p2g }, JSON.stringify(ended)), // the session's other key
    signState(gw.session, JSON.stringify({ ...ended, beacon: gw.state.beacon })), // replayed
    signState(gw.session, JSON.stringify({ ...ended, beacon: 1 })),
    'no state at all',
    '',
  ];
  lies.forEach((lie) => gw.raw(lie));
  await until(async () => await page.locator('#ignored').textContent() === String(lies.length), 2000,
    'each is counted');
  await alerts(page, 'Messages arrived that are not from the wearer’s computer. They were ignored.');
  assert.deepEqual(await shown(page), earlier);
  assert.equal(gw.commands.length, said, 'no lie is answered');
  gw.say({ a: 31, ta: 30 });
  const meter = page.getByRole('meter', { name: 'Box output A' });
  await until(async () => await meter.textContent() === '31 %', 1000, 'the true one still arrives');
});

test('states kept from before a reconnection do not pass for new ones', async (t) => {
  const { gw, page } = await inControl(t);
  gw.quiet();
  gw.say();
  const kept = signState(gw.session, JSON.stringify(gw.state));
  await until(() => gw.of('alive').at(-1)?.beacon === gw.state.beacon, 1000, 'it was taken once');
  gw.socket.terminate();
  await until(() => gw.joins === 2, 6000, 'joins again');
  const said = gw.commands.length;
  gw.raw(kept);
  await alerts(page, 'not from the wearer’s computer');
  await says(page, 'Connected. Looking for the wearer’s computer…');
  await says(page, 'What is shown is old.');
  await checkControls(page, false);
  assert.equal(gw.commands.length, said);
});

// Presses Tab until the element in question has the focus, as somebody without a mouse does.
async function tabTo(page, element) {
  for (let i = 0; i < 30; i += 1) {
    if (await element.evaluate((e) => e === document.activeElement)) {
      return;
    }
    await page.keyboard.press('Tab');
  }
  assert.fail(`Tab does not reach ${element}`);
}

test('with the keyboard alone: control, a level, a mode, stop, and control given back', async (t) => {
  const { gw, page } = await opened(t);
  await says(page, 'Ready.');
  await tabTo(page, take(page));
  await page.keyboard.press('Enter');
  await says(page, 'Waiting for the wearer');
  gw.live();
  await says(page, 'You are in control.');
  await tabTo(page, level(page, 'A'));
  for (let i = 0; i < 7; i += 1) {
    await page.keyboard.press('ArrowRight');
  }
  await page.keyboard.press('ArrowLeft');
  await until(() => gw.state.a === 6, 2000, 'level 6');
  await page.keyboard.press('Escape');
  await says(page, 'You pressed stop.');
  assert.equal(gw.state.a, 0);
  await page.keyboard.press('ArrowRight');
  await until(() => gw.state.a === 1, 2000, 'the slider still has the focus and goes on from zero');
  await tabTo(page, page.locator('summary'));
  await page.keyboard.press('Enter');
  await tabTo(page, page.getByRole('button', { name: 'Bounce' }));
  await page.keyboard.press('Space');
  await until(() => gw.state.mode === 'bounce', 2000, 'another mode');
  await tabTo(page, stopButton(page));
  await page.keyboard.press('Enter');
  await until(() => gw.stops === 2, 1000, 'stop by its button');
  await tabTo(page, page.getByRole('button', { name: 'Give control back' }));
  await page.keyboard.press('Space');
  await says(page, 'You gave control back.');
});

// One finger from `from` to `to`, as the browser gets it from a touch screen.
async function finger(page, from, to, steps = 12) {
  const touch = await page.context().newCDPSession(page);
  const send = (type, touchPoints) => touch.send('Input.dispatchTouchEvent', { type, touchPoints });
  await send('touchStart', [from]);
  for (let i = 1; i <= steps; i += 1) {
    const at = (axis) => from[axis] + (to[axis] - from[axis]) * i / steps;
    await send('touchMove', [{ x: at('x'), y: at('y') }]);
    await sleep(16);
  }
  await send('touchEnd', []);
  await touch.detach();
}

test('a finger drags the thumb, and scrolls over sliders without moving them', async (t) => {
  const { gw, page } = await inControl(t, PHONE);
  const thumbOf = async (ch, percent) => {
    await level(page, ch).scrollIntoViewIfNeeded();
    const box = await level(page, ch).boundingBox();
    return { x: box.x + 22 + (box.width - 44) * percent / 100, y: box.y + box.height / 2 };
  };
  await finger(page, await thumbOf('A', 0), await thumbOf('A', 40));
  await until(() => gw.state.a >= 38 && gw.state.a <= 42, 2000, 'about 40 %');
  const held = gw.state.a;
  const levels = gw.of('level').length;
  await picture(page, 'dragged');
  const scrolled = () => page.evaluate(() => window.scrollY);
  for (const percent of [held, 70]) { // on the thumb, and beside it
    await page.evaluate(() => window.scrollTo(0, 0));
    const from = await thumbOf('A', percent);
    const top = await scrolled();
    await finger(page, from, { x: from.x + 3, y: from.y - 200 });
    await until(async () => await scrolled() > top + 50, 2000, `scrolled from ${percent} %`);
    assert.equal(await level(page, 'A').inputValue(), String(held));
  }
  await sleep(300);
  assert.equal(gw.of('level').length, levels, 'no level was sent');
  assert.equal(gw.state.a, held);
});
