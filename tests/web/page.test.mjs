// The page in Chromium against tests/lib/fakegw.mjs: what a partner does, and what comes of it.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { words } from '../../web/words.js';
import { FakeGateway, checkWordBytes, makeSession, plainState, signState } from '../lib/fakegw.mjs';
import {
  PHONE, choices, choose, inControl, level, newPage, opened, says, startBrowser, stopBrowser, stopButton,
} from '../lib/partnerpage.mjs';
import { sleep, until } from '../lib/proc.mjs';

before(startBrowser);
after(stopBrowser);

test('key and secret leave the address bar at once and are stored nowhere', async (t) => {
  const { gw, page } = await opened(t);
  assert.equal(page.url(), gw.url);
  assert.equal(gw.joinKey, gw.session.key);
  const kept = await page.evaluate(() => ({
    local: localStorage.length, session: sessionStorage.length, cookie: document.cookie,
    entries: history.length, html: document.documentElement.outerHTML,
  }));
  assert.deepEqual([kept.local, kept.session, kept.cookie], [0, 0, '']);
  const [key, secret] = gw.session.fragment.split('.');
  assert.ok(!kept.html.includes(key) && !kept.html.includes(secret));
  await page.goBack().catch(() => {});
  assert.ok(!page.url().includes('#'));
});

test('a page opened without a link asks for one and takes it', async (t) => {
  const gw = await FakeGateway.start(t);
  const page = await newPage(t, gw);
  await page.goto(gw.url);
  await says(page, 'No link is open yet.');
  await page.getByLabel('Paste the link').fill('https://somewhere/#nonsense');
  await page.getByRole('button', { name: 'Open' }).click();
  await says(page, 'incomplete or mistyped');
  await page.getByLabel('Paste the link').fill(gw.link);
  await page.keyboard.press('Enter');
  await until(() => gw.joins > 0, 5000, 'joins');
  assert.equal(gw.joinKey, gw.session.key);
  assert.equal(await page.getByLabel('Paste the link').isVisible(), false);
});

test('where the script does not run, the page says what to do, and the link is still there for it', async (t) => {
  const gw = await FakeGateway.start(t);
  const page = await newPage(t, gw);
  await page.route('**/main.js', (route) => route.fulfill({ contentType: 'text/javascript', body: 'what an old browser reads: {' }));
  await page.goto(gw.link);
  await says(page, 'load it again. If that does not help, open the link in a newer browser.');
  assert.equal(page.url(), gw.link);
  assert.match(page.complaints.splice(0).join(), /SyntaxError/);
});

test('another link pasted into the address bar of the same page opens that session', async (t) => {
  const { gw, page } = await opened(t);
  await says(page, 'Ready.');
  gw.quiet();
  gw.session = makeSession();
  gw.state = plainState();
  await page.evaluate((fragment) => { window.location.hash = fragment; }, gw.session.fragment);
  await until(() => gw.joinKey === gw.session.key, 5000, 'joins the other session');
  assert.equal(page.url(), gw.url);
  gw.run();
  await says(page, 'Ready.');
});

test('control is asked for with three check words, and refused until the wearer allows it', async (t) => {
  const { gw, page } = await opened(t);
  await says(page, 'Ready.');
  assert.equal(await level(page, 'A').isDisabled(), true);
  await page.getByRole('button', { name: 'Take control' }).click();
  const hello = await gw.command((c) => c.op === 'hello', 'hello');
  assert.ok(hello.good && hello.a === 0 && hello.b === 0 && hello.beacon > 0);
  await says(page, 'Waiting for the wearer');
  const expected = checkWordBytes(gw.session, hello.page, gw.state.nonce).map((i) => words[i]);
  assert.equal(await page.locator('#three').textContent(), expected.join(' '));
  assert.equal(await level(page, 'A').isDisabled(), true);
  gw.live();
  await says(page, 'You are in control.');
  assert.equal(await level(page, 'A').isEnabled(), true);
});

test('a refusal is said, and control can be asked for again', async (t) => {
  const { gw, page } = await opened(t);
  await page.getByRole('button', { name: 'Take control' }).click();
  await gw.command((c) => c.op === 'hello', 'hello');
  gw.say({ guard: 'waiting', why: 'refused' });
  await says(page, 'The wearer said no.');
  assert.ok(await page.getByRole('button', { name: 'Take control' }).isVisible());
});

test('a moved slider becomes a signed level, and the box’s answer is shown apart', async (t) => {
  const { gw, page } = await inControl(t);
  gw.obey = false;
  await level(page, 'A').fill('38');
  const command = await gw.command((c) => c.op === 'level', 'a level');
  assert.ok(command.good);
  assert.deepEqual([command.ch, command.val, command.a, command.b], ['A', 38, 38, 0]);
  await until(() => page.getByText('You ask for 38 %').isVisible(), 2000, 'what was asked');
  assert.equal(await page.getByRole('meter', { name: 'Box output A' }).textContent(), '0 %');
  gw.say({ a: 17, ta: 38, n: command.n });
  await until(async () => await page.getByRole('meter', { name: 'Box output A' }).textContent() === '17 %',
    2000, 'what the box reports');
  assert.equal(await level(page, 'A').inputValue(), '38');
});

test('every state is answered at once with alive, carrying the wishes and the newest beacon', async (t) => {
  const { gw, page } = await inControl(t);
  await level(page, 'B').fill('20');
  await gw.command((c) => c.op === 'level', 'a level');
  gw.quiet();
  await sleep(300);
  const earlier = gw.of('alive').length;
  gw.say();
  const { beacon } = gw.state;
  const alive = await gw.command((c) => c.op === 'alive' && c.beacon === beacon, 'alive', 500);
  assert.ok(alive.good);
  assert.deepEqual([alive.a, alive.b], [0, 20]);
  await sleep(200);
  assert.equal(gw.of('alive').length, earlier + 1);
});

test('a slider cannot go above the cap, by value, keyboard, button or dragging', async (t) => {
  const { gw, page } = await inControl(t);
  const slider = level(page, 'A');
  await slider.fill('90');
  assert.equal(await slider.inputValue(), '60');
  await slider.press('ArrowRight');
  assert.equal(await slider.inputValue(), '60');
  assert.equal(await page.getByRole('button', { name: 'Raise A' }).isDisabled(), true);
  await level(page, 'B').fill('10');
  const box = await level(page, 'B').boundingBox();
  const x = box.x + 22 + (box.width - 44) * 0.10;
  await page.mouse.move(x, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width, box.y + box.height / 2, { steps: 8 });
  await page.mouse.up();
  assert.equal(await level(page, 'B').inputValue(), '40');
  await sleep(500);
  assert.ok(gw.of('level').length > 0);
  for (const { ch, val, a, b } of gw.of('level')) {
    assert.ok(val <= (ch === 'A' ? 60 : 40) && a <= 60 && b <= 40);
  }
  gw.say({ capa: 25 });
  await until(async () => await slider.inputValue() === '25', 1000, 'the slider follows a lowered cap');
});

test('dragging sends at most ten levels a second and ends with the newest', async (t) => {
  const { gw, page } = await inControl(t);
  const box = await level(page, 'A').boundingBox();
  await page.mouse.move(box.x + 22, box.y + box.height / 2);
  await page.mouse.down();
  const begin = Date.now();
  await page.mouse.move(box.x + 22 + (box.width - 44) * 0.5, box.y + box.height / 2, { steps: 120 });
  await page.mouse.up();
  const seconds = (Date.now() - begin) / 1000;
  await until(() => gw.of('level').at(-1)?.val === 50, 2000, 'the last value arrives');
  assert.ok(gw.of('level').length <= 10 * seconds + 2, `${gw.of('level').length} in ${seconds} s`);
});

test('a tap on the track beside the thumb changes nothing', async (t) => {
  const { gw, page } = await inControl(t, PHONE);
  const box = await level(page, 'A').boundingBox();
  await page.touchscreen.tap(box.x + box.width * 0.5, box.y + box.height / 2);
  await page.mouse.click(box.x + box.width * 0.5, box.y + box.height / 2);
  await sleep(300);
  assert.equal(await level(page, 'A').inputValue(), '0');
  assert.equal(gw.of('level').length, 0);
});

test('plus and minus change by one percent', async (t) => {
  const { gw, page } = await inControl(t);
  await page.getByRole('button', { name: 'Raise B' }).click();
  await page.getByRole('button', { name: 'Raise B' }).click();
  await page.getByRole('button', { name: 'Lower B' }).click();
  await until(() => gw.of('level').at(-1)?.val === 1, 2000, 'one percent');
  assert.equal(gw.of('level').at(-1).ch, 'B');
});

const stops = [
  ['the button', (page) => stopButton(page).click()],
  ['Escape', (page) => page.keyboard.press('Escape')],
  ['Escape while the modes are open', async (page) => {
    await (await choices(page, 'Mode')).first().focus();
    await page.keyboard.press('Escape');
  }],
  ['one click while the modes are open', async (page) => {
    await choices(page, 'Mode');
    const { x, y, width, height } = await stopButton(page).boundingBox();
    await page.mouse.click(x + width / 2, y + height / 2);
  }],
];
for (const [name, press] of stops) {
  test(`stop by ${name} is sent at once and sets both wishes to zero`, async (t) => {
    const { gw, page } = await inControl(t);
    await level(page, 'A').fill('30');
    await until(() => gw.state.a === 30, 2000, 'level 30');
    await press(page);
    await until(() => gw.stops > 0, 1000, 'stop arrives'); // a click is two: pressed, and let go
    assert.deepEqual(gw.of('stop')[0], { v: 1, op: 'stop', good: true, at: gw.of('stop')[0].at });
    assert.equal(await level(page, 'A').inputValue(), '0');
    await says(page, 'You pressed stop. Both outputs are at zero');
    await until(() => gw.of('alive').at(-1).a === 0, 2000, 'alive wishes zero');
    await level(page, 'A').fill('5');
    await until(() => gw.state.a === 5, 2000, 'and the partner may start from zero');
  });
}

test('stop works without control, too', async (t) => {
  const { gw, page } = await opened(t);
  await says(page, 'Ready.');
  await page.keyboard.press('Escape');
  await until(() => gw.stops > 0, 1000, 'stop arrives');
});

test('a stop that nobody confirms is an alarm', async (t) => {
  const { gw, page } = await inControl(t);
  await level(page, 'A').fill('30');
  await until(() => gw.state.a === 30, 2000, 'level 30');
  gw.obey = false;
  await stopButton(page).click();
  await until(async () => (await page.getByRole('alert').textContent()).includes('not confirmed'), 4000,
    'an alarm');
});

test('a stop pressed while the server is away is said and sent on return', async (t) => {
  const { gw, page } = await inControl(t);
  gw.socket.terminate();
  await says(page, 'Trying again');
  await stopButton(page).click();
  assert.match(await page.getByRole('alert').textContent(), /Stop could not be sent/);
  await until(() => gw.stops > 0, 6000, 'stop arrives after all');
});

test('the wearer’s stop takes control away until it is asked for anew', async (t) => {
  const { gw, page } = await inControl(t);
  await level(page, 'A').fill('30');
  await until(() => gw.state.a === 30, 2000, 'level 30');
  gw.say({ guard: 'stopped', why: 'wearer', a: 0, ta: 0, stops: 1 });
  await says(page, 'The wearer pressed stop.');
  assert.equal(await level(page, 'A').inputValue(), '0');
  assert.equal(await level(page, 'A').isDisabled(), true);
  gw.say({ guard: 'waiting' });
  await says(page, 'You can take control');
  assert.equal(await level(page, 'A').isDisabled(), true);
  const earlier = gw.of('level').length;
  await page.getByRole('button', { name: 'Take control' }).click();
  await until(() => gw.of('hello').length === 2, 2000, 'a new hello');
  gw.live();
  await says(page, 'You are in control.');
  assert.equal(await level(page, 'A').inputValue(), '0');
  assert.equal(gw.of('level').length, earlier);
});

test('states that are forged, replayed or from another session are never acted on', async (t) => {
  const { gw, page } = await inControl(t);
  gw.quiet();
  const ended = (beacon) => JSON.stringify({ ...gw.state, beacon, guard: 'ended', why: 'ended' });
  const future = gw.state.beacon + 1000;
  gw.raw(signState(makeSession(), ended(future)));
  gw.raw(`${'A'.repeat(22)}.${ended(future)}`);
  gw.raw(signState(gw.session, ended(gw.state.beacon)));
  await until(async () => await page.locator('#ignored').textContent() === '3', 2000, 'all three are counted');
  assert.match(await page.getByRole('alert').textContent(), /not from the wearer/);
  await says(page, 'You are in control.');
});

test('a link with a wrong secret says that nothing can be verified and offers no control', async (t) => {
  const gw = await FakeGateway.start(t);
  const page = await newPage(t, gw);
  await page.goto(`${gw.url}#${gw.session.key}.${makeSession().fragment.split('.')[1]}`);
  await until(() => gw.joins > 0, 5000, 'joins');
  gw.run(500);
  await says(page, 'cannot be verified');
  assert.equal(await page.getByRole('button', { name: 'Take control' }).isVisible(), false);
});

test('three seconds without a state: stale, wishes zero, sliders shut, control given back', async (t) => {
  const { gw, page } = await inControl(t);
  await level(page, 'A').fill('30');
  await until(() => gw.state.a === 30, 2000, 'level 30');
  await sleep(200);
  gw.quiet();
  gw.mute = true;
  await says(page, 'What is shown is old');
  assert.equal(await level(page, 'A').inputValue(), '0');
  assert.equal(await level(page, 'A').isDisabled(), true);
  const bye = await gw.command((c) => c.op === 'bye', 'bye');
  assert.ok(bye.good && bye.a === 0 && bye.b === 0);
  gw.run();
  await says(page, 'nothing came from the wearer’s computer, so control ended');
});

test('the wearer’s computer not being there is said after three seconds', async (t) => {
  const gw = await FakeGateway.start(t);
  const page = await newPage(t, gw);
  await page.goto(gw.link);
  await says(page, 'The wearer’s computer is not there');
});

test('leaving the page says bye with a good signature', async (t) => {
  const { gw, page } = await inControl(t);
  await level(page, 'A').fill('30');
  await until(() => gw.state.a === 30, 2000, 'level 30');
  await sleep(100);
  await page.goto('about:blank');
  page.complaints.length = 0; // the address about:blank itself
  const bye = await gw.command((c) => c.op === 'bye', 'bye');
  assert.ok(bye.good && bye.a === 0 && bye.b === 0);
});

test('a hidden page gives control back at once and says so on return', async (t) => {
  const { gw, page } = await inControl(t);
  await level(page, 'A').fill('30');
  await until(() => gw.state.a === 30, 2000, 'level 30');
  const setVisible = (state) => page.evaluate((value) => {
    Object.defineProperty(document, 'visibilityState', { value, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  }, state);
  await setVisible('hidden');
  const bye = await gw.command((c) => c.op === 'bye', 'bye', 500);
  assert.ok(bye.good);
  await sleep(100);
  const alives = gw.of('alive').length;
  await sleep(2500);
  assert.equal(gw.of('alive').length, alives, 'no alive from a hidden page');
  await setVisible('visible');
  await says(page, 'You left this page');
  assert.equal(await level(page, 'A').isDisabled(), true);
  assert.ok(await page.getByRole('button', { name: 'Take control' }).isVisible());
});

test('a lost connection ends control, comes back by itself and asks for control anew', async (t) => {
  const { gw, page } = await inControl(t);
  gw.socket.terminate();
  await says(page, 'Trying again');
  await until(() => gw.joins === 2, 6000, 'joins again');
  await says(page, 'The connection was lost');
  assert.equal(await level(page, 'A').isDisabled(), true);
});

test('refusals and ends of the gateway are said in words, without a further attempt', async (t) => {
  const cases = [
    [{ gw: 'refused', why: 'forged', retry: 0 }, 'This link is wrong'],
    [{ gw: 'refused', why: 'expired', retry: 0 }, 'time has run out'],
    [{ gw: 'refused', why: 'revoked', retry: 0 }, 'was withdrawn'],
    [{ gw: 'ended', why: 'revoked' }, 'was withdrawn'],
  ];
  for (const [answer, expected] of cases) {
    const gw = await FakeGateway.start(t);
    gw.answerJoin = (send, socket) => { send({ v: 1, ...answer }); socket.close(1000); };
    const page = await newPage(t, gw);
    await page.goto(gw.link);
    await says(page, expected);
    await sleep(1300);
    assert.equal(gw.joins, 1);
  }
});

test('another page in control is said, and nothing can be moved', async (t) => {
  const { gw, page } = await opened(t);
  gw.say({ guard: 'live', why: 'none', page: 'ffeeddccbbaa9988', a: 20, ta: 20 });
  await says(page, 'Another page has control');
  assert.equal(await page.getByRole('button', { name: 'Take control' }).isVisible(), false);
  assert.equal(await level(page, 'A').isDisabled(), true);
  await sleep(300);
  assert.equal(gw.of('alive').length, 0);
});

test('modes are those of the wearer, C and D carry their meaning, a new mode starts from zero', async (t) => {
  const { gw, page } = await inControl(t);
  await level(page, 'A').fill('30');
  await until(() => gw.state.a === 30, 2000, 'level 30');
  const modes = await choices(page, 'Mode');
  assert.deepEqual(await modes.allTextContents(), ['Pulse', 'Bounce', 'Continuous']);
  const pressed = () => modes.evaluateAll((all) => all.map((e) => e.getAttribute('aria-pressed')));
  assert.deepEqual(await pressed(), ['true', 'false', 'false']);
  await page.getByLabel('C: pulse rate').fill('70');
  const param = await gw.command((c) => c.op === 'param', 'param');
  assert.deepEqual([param.ch, param.val, param.good], ['C', 70, true]);
  await choose(page, 'Mode', 'Continuous');
  const mode = await gw.command((c) => c.op === 'mode', 'mode');
  assert.deepEqual([mode.mode, mode.a, mode.b, mode.good], ['continuous', 0, 0, true]);
  await until(() => page.getByLabel('C: feel').isVisible(), 2000, 'C has another meaning');
  assert.equal(await page.getByLabel('D: not used in this mode').isDisabled(), true);
  assert.deepEqual(await pressed(), ['false', 'false', 'true']);
  assert.match(await page.locator('summary').innerText(), /^Mode\s+Continuous$/);
  assert.equal(await level(page, 'A').inputValue(), '0');
});

test('what the wearer has locked cannot be moved and says by whom', async (t) => {
  const { gw, page } = await inControl(t);
  const shut = async (name) => {
    const all = await (await choices(page, name)).all();
    return all.length > 1 && (await Promise.all(all.map((button) => button.isDisabled()))).every((is) => is);
  };
  assert.equal(await shut('Power'), true);
  assert.ok(await page.getByText('The wearer has locked the power.').isVisible());
  gw.say({ lockp: false, lockm: true });
  await until(() => page.getByText('The wearer has locked the mode.').isVisible(), 2000, 'mode locked');
  assert.equal(await shut('Mode'), true);
  await choose(page, 'Power', 'High');
  const power = await gw.command((c) => c.op === 'power', 'power');
  assert.deepEqual([power.power, power.good], ['high', true]);
});

test('control can be given back with a button', async (t) => {
  const { gw, page } = await inControl(t);
  await page.getByRole('button', { name: 'Give control back' }).click();
  assert.ok((await gw.command((c) => c.op === 'bye', 'bye')).good);
  await says(page, 'You gave control back.');
});

test('the screen is kept on from the request until control ends, and only then', async (t) => {
  const gw = await FakeGateway.start(t);
  const page = await newPage(t, gw);
  await page.addInitScript(() => {
    window.locks = [];
    const request = async (kind) => {
      window.locks.push(kind);
      return { addEventListener() {}, async release() { window.locks.push('released'); } };
    };
    Object.defineProperty(navigator, 'wakeLock', { value: { request } });
  });
  await page.goto(gw.link);
  await until(() => gw.joins > 0, 5000, 'joins');
  gw.run();
  await says(page, 'Ready.');
  await sleep(600);
  assert.deepEqual(await page.evaluate(() => window.locks), []);
  await page.getByRole('button', { name: 'Take control' }).click();
  await says(page, 'Waiting for the wearer');
  await sleep(600);
  assert.deepEqual(await page.evaluate(() => window.locks), ['screen'], 'a locked phone withdraws the request');
  gw.live();
  await says(page, 'You are in control.');
  await sleep(600);
  assert.deepEqual(await page.evaluate(() => window.locks), ['screen']);
  await page.getByRole('button', { name: 'Give control back' }).click();
  await sleep(600);
  assert.deepEqual(await page.evaluate(() => window.locks), ['screen', 'released']);
});

// Firefox closes the socket before it tells of pagehide.
test('a page that is about to be left gives control back while it still can', async (t) => {
  const { gw, page } = await inControl(t);
  await page.evaluate(() => window.dispatchEvent(new Event('beforeunload')));
  assert.ok((await gw.command((c) => c.op === 'bye', 'bye', 500)).good);
  assert.equal(await level(page, 'A').isDisabled(), true, 'and does not go on if it stays after all');
});

test('a page hidden while it asks withdraws the request, as it said', async (t) => {
  const { gw, page } = await opened(t);
  await page.getByRole('button', { name: 'Take control' }).click();
  await says(page, 'Waiting for the wearer');
  assert.ok(await page.getByText('Leaving this page withdraws the request.').isVisible());
  await page.evaluate(() => {
    Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  assert.ok((await gw.command((c) => c.op === 'bye', 'bye', 500)).good);
});

// What a computer does that was asleep, or changed its network: nobody closed the socket.
for (const event of ['online', 'pageshow', 'visibilitychange']) {
  test(`a socket that may be dead does not keep the page from a new one: ${event}`, async (t) => {
    const { gw, page } = await opened(t);
    await says(page, 'Ready.');
    const tell = (ms) => page.evaluate(([name, later]) => {
      const real = Date.now();
      Date.now = () => real + later;
      (name === 'visibilitychange' ? document : window).dispatchEvent(new Event(name));
    }, [event, ms]);
    await tell(0);
    await sleep(300);
    assert.equal(gw.joins, 1, 'one that speaks is kept');
    gw.quiet();
    await sleep(200);
    await tell(11000);
    await until(() => gw.joins === 2, 3000, 'joins anew');
    gw.run();
    await says(page, 'Ready.');
  });
}

test('a computer that slept, with a clock that stood still meanwhile, is not in control', async (t) => {
  const { gw, page } = await inControl(t);
  await sleep(3000);
  gw.quiet();
  gw.say();
  gw.mute = true;
  await page.evaluate(() => {
    const real = Date.now;
    Date.now = () => real() + 60000;
  });
  await says(page, 'What is shown is old', 1500);
  assert.equal(await level(page, 'A').isDisabled(), true);
  assert.ok((await gw.command((c) => c.op === 'bye', 'bye', 500)).good);
});
