// Hands as they are: two fingers, one that slips, a thumb taken by its edge, a page zoomed in.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import {
  DESKTOP, PHONE, inControl, level, newPage, opened, says, startBrowser, stopBrowser, stopButton,
} from '../lib/partnerpage.mjs';
import { sleep, until } from '../lib/proc.mjs';

before(startBrowser);
after(stopBrowser);

async function atThirty(t, options) {
  const { gw, page } = await inControl(t, options);
  await level(page, 'A').fill('30');
  await until(() => gw.state.a === 30, 2000, 'level 30');
  return { gw, page };
}

// Fingers as the browser gets them from a touch screen: touch('touchStart', [{ x, y, id }, …]).
async function fingers(page) {
  const session = await page.context().newCDPSession(page);
  return (type, touchPoints) => session.send('Input.dispatchTouchEvent', { type, touchPoints });
}

async function middle(element) {
  const { x, y, width, height } = await element.boundingBox();
  return { x: x + width / 2, y: y + height / 2 };
}

async function thumb(page, ch, percent) {
  const box = await level(page, ch).boundingBox();
  return { x: box.x + 22 + (box.width - 44) * percent / 100, y: box.y + box.height / 2 };
}

test('a finger that only holds Stop has stopped', async (t) => {
  const { gw, page } = await atThirty(t, PHONE);
  const touch = await fingers(page);
  const at = await middle(stopButton(page));
  await touch('touchStart', [at]);
  await until(() => gw.stops > 0, 1000, 'stop while it is held');
  for (let i = 1; i <= 8; i += 1) {
    await touch('touchMove', [{ x: at.x, y: at.y - 12 * i }]); // slips off
  }
  await touch('touchEnd', []);
  await says(page, 'You pressed stop. Both outputs are at zero');
});

test('a second finger stops while the first holds the thumb, and the first raises nothing after it', async (t) => {
  const { gw, page } = await atThirty(t, PHONE);
  const touch = await fingers(page);
  const from = { ...await thumb(page, 'A', 30), id: 0 };
  const stop = { ...await middle(stopButton(page)), id: 1 };
  const at = (i) => ({ ...from, x: from.x + i });
  await touch('touchStart', [from]);
  for (let i = 0; i <= 20; i += 2) {
    await touch('touchMove', [at(i)]);
  }
  await until(() => gw.state.a > 30, 2000, 'the first finger drags');
  await touch('touchStart', [at(20), stop]);
  await until(() => gw.stops > 0, 1000, 'stop');
  await until(() => gw.state.a === 0, 1000, 'zero');
  await sleep(100);
  await touch('touchEnd', [stop]);
  await sleep(100);
  for (let i = 21; i < 40; i += 1) {
    await touch('touchMove', [at(i)]);
    await sleep(10);
  }
  await sleep(300);
  assert.equal(gw.state.a, 0);
  assert.equal(await level(page, 'A').inputValue(), '0');
  await touch('touchEnd', []);
  await sleep(50);
  const anew = await thumb(page, 'A', 0);
  await touch('touchStart', [anew]);
  for (let i = 0; i <= 40; i += 4) {
    await touch('touchMove', [{ ...anew, x: anew.x + i }]);
  }
  await touch('touchEnd', []);
  await until(() => gw.state.a > 5, 2000, 'the thumb is taken anew');
});

// Firefox: an input event after pointerup, before anything else.
test('what the browser tells of after the hand let go is no wish', async (t) => {
  const { gw, page } = await atThirty(t);
  const { x, y } = await thumb(page, 'A', 30);
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x + 20, y, { steps: 5 });
  await page.keyboard.press('Escape');
  await says(page, 'You pressed stop. Both outputs are at zero');
  await page.evaluate(() => {
    window.addEventListener('pointerup', () => queueMicrotask(() => {
      const slider = document.querySelector('#value-a');
      slider.value = 35;
      slider.dispatchEvent(new Event('input', { bubbles: true }));
    }), { once: true });
  });
  await page.mouse.up();
  await sleep(300);
  assert.equal(gw.state.a, 0);
  assert.equal(await level(page, 'A').inputValue(), '0');
});

test('a thumb taken by its edge does not jump', async (t) => {
  const { gw, page } = await atThirty(t);
  for (const edge of [-20, 20]) {
    const { x, y } = await thumb(page, 'A', 30);
    await page.mouse.move(x + edge, y);
    await page.mouse.down();
    await page.mouse.move(x + edge + 1, y);
    await page.mouse.move(x + edge, y);
    await page.mouse.up();
    assert.equal(await level(page, 'A').inputValue(), '30');
  }
  await sleep(200);
  assert.deepEqual(gw.of('level').map((c) => c.val), [30]);
  const { x, y } = await thumb(page, 'A', 30);
  const end = await thumb(page, 'A', 0);
  await page.mouse.move(x + 20, y);
  await page.mouse.down();
  await page.mouse.move(end.x + 20, y, { steps: 20 });
  await page.mouse.up();
  await until(() => gw.state.a === 0, 2000, 'the whole way down');
});

test('a page that a translator turned to the right keeps its scale, and the thumb follows the hand', async (t) => {
  const { gw, page } = await atThirty(t);
  await page.evaluate(() => { document.documentElement.dir = 'rtl'; });
  const from = await thumb(page, 'A', 30);
  const to = await thumb(page, 'A', 20);
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move(to.x, to.y, { steps: 5 });
  await page.mouse.up();
  await until(() => gw.state.a === 20, 2000, 'to the left is down');
  const step = async (name) => (await page.getByRole('button', { name }).boundingBox()).x;
  assert.ok(await step('Lower A') < await step('Raise A'));
  assert.ok(await step('Lower C') < await step('Raise C'));
});

test('a limit that the wearer lowers under a dragging hand stays: the hand goes on from there', async (t) => {
  const { gw, page } = await atThirty(t);
  const { x, y } = await thumb(page, 'A', 30);
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x + 40, y, { steps: 5 });
  gw.say({ capa: 10, a: 10, ta: 10 });
  await until(async () => await level(page, 'A').inputValue() === '10', 2000, 'the slider follows');
  gw.say({ capa: 60 });
  await sleep(200);
  const levels = gw.of('level').length;
  await page.mouse.move(x + 41, y);
  await page.mouse.up();
  await sleep(300);
  assert.ok(gw.of('level').slice(levels).every((c) => c.a <= 11), 'no jump back to where the hand is');
});

test('no key makes a level leap', async (t) => {
  const { gw, page } = await atThirty(t);
  await level(page, 'A').press('End');
  await level(page, 'A').press('PageUp');
  assert.equal(await level(page, 'A').inputValue(), '30');
  await level(page, 'A').press('PageDown');
  assert.equal(await level(page, 'A').inputValue(), '20', 'down may be quick');
  await level(page, 'A').press('Home');
  await until(() => gw.state.a === 0, 2000, 'zero');
  assert.ok(gw.of('level').every((c) => c.a <= 30));
});

test('a double click on the button that gives control back does not ask for it again', async (t) => {
  const { gw, page } = await inControl(t);
  await page.getByRole('button', { name: 'Give control back' }).click();
  await page.locator('#control').dispatchEvent('click', { detail: 2 });
  await says(page, 'You gave control back.');
  await sleep(300);
  assert.equal(gw.of('hello').length, 1);
});

test('Enter held down presses the control button once, and no step raises by it', async (t) => {
  const { gw, page } = await opened(t);
  await says(page, 'Ready.');
  const hold = async (button, repeats) => {
    await button.focus();
    for (let i = 0; i <= repeats; i += 1) await page.keyboard.down('Enter'); // the second and later are repeats
    await page.keyboard.up('Enter');
  };
  await hold(page.locator('#control'), 4);
  await says(page, 'Waiting for the wearer');
  await sleep(300);
  assert.deepEqual([gw.of('hello').length, gw.of('bye').length], [1, 0]);
  gw.live();
  await says(page, 'You are in control.');
  await hold(page.getByRole('button', { name: 'Raise A by 1 %' }), 4);
  await until(() => gw.state.a > 0, 2000, 'one step');
  await sleep(300);
  assert.equal(gw.state.a, 1);
  await hold(stopButton(page), 4);
  await until(() => gw.stops === 5, 2000, 'Stop repeats');
});

test('the Escape key is promised only while this page has the keys', async (t) => {
  const { page } = await opened(t, DESKTOP);
  const hint = page.getByText('Escape key: stop');
  assert.ok(await hint.isVisible());
  const { y } = await stopButton(page).boundingBox();
  const focus = (has) => page.evaluate((value) => {
    document.hasFocus = () => value;
    window.dispatchEvent(new Event(value ? 'focus' : 'blur'));
  }, has);
  await focus(false);
  assert.equal(await hint.isVisible(), false);
  assert.equal((await stopButton(page).boundingBox()).y, y, 'and Stop does not move for it');
  await focus(true);
  assert.ok(await hint.isVisible());
});

test('of a page zoomed in with two fingers, Stop is still on the screen, as large as before', async (t) => {
  const { gw, page } = await atThirty(t, PHONE);
  const touch = await fingers(page);
  const plain = await stopButton(page).boundingBox();
  const two = (i) => [{ x: 175 - 6 * i, y: 100, id: 0 }, { x: 215 + 6 * i, y: 100, id: 1 }];
  await touch('touchStart', two(0));
  for (let i = 1; i <= 14; i += 1) {
    await touch('touchMove', two(i));
    await sleep(20);
  }
  await touch('touchEnd', []);
  const look = () => page.evaluate(() => {
    const { scale, offsetLeft, offsetTop, width, height } = window.visualViewport;
    const box = document.querySelector('#stop').getBoundingClientRect();
    return { scale, left: (box.left - offsetLeft) * scale, right: (offsetLeft + width - box.right) * scale,
      bottom: (offsetTop + height - box.bottom) * scale, width: box.width * scale };
  });
  await until(async () => (await look()).scale > 1.5, 3000, 'the page is zoomed');
  await sleep(200);
  const seen = await look();
  assert.ok(seen.left >= 0 && seen.right >= 0 && seen.bottom >= 0, JSON.stringify(seen));
  assert.ok(Math.abs(seen.width - plain.width) < 2, JSON.stringify(seen));
  const at = (px) => px / seen.scale; // a driver counts in the page's pixels
  await touch('touchStart', [{ x: at(195), y: at(844 - seen.bottom - 20) }]);
  await until(() => gw.stops > 0, 1000, 'and it stops');
  await touch('touchEnd', []);
});

test('a finger that pulls the page down from its thumb, or from anywhere, does not reload it', async (t) => {
  const { gw, page } = await atThirty(t, PHONE);
  const touch = await fingers(page);
  for (const from of [await thumb(page, 'A', 30), { x: 200, y: 20 }]) {
    await touch('touchStart', [from]);
    for (let i = 1; i <= 40; i += 1) {
      await touch('touchMove', [{ ...from, y: from.y + i * 12 }]);
      await sleep(16);
    }
    await sleep(200);
    await touch('touchEnd', []);
    await sleep(1500);
  }
  await says(page, 'You are in control.');
  assert.equal(gw.state.a, 30);
  assert.equal(gw.joins, 1);
});

test('Stop is at the lower edge of the screen, also when something was too wide for it for a while', async (t) => {
  const { page } = await opened(t, PHONE);
  const place = async () => Math.round((await stopButton(page).boundingBox()).y);
  const plain = await place();
  await page.evaluate(() => {
    const wide = document.body.appendChild(document.createElement('div'));
    wide.id = 'wide';
    Object.assign(wide.style, { width: '600px', height: '1px' });
  });
  await until(() => page.evaluate(() => window.innerWidth >= 600), 2000, 'wide');
  await until(async () => await place() === plain, 2000, () => 'Stop is in sight');
  await page.evaluate(() => document.querySelector('#wide').remove());
  await until(() => page.evaluate(() => window.innerWidth < 600), 2000, 'no longer');
  await until(async () => await place() === plain, 2000, 'Stop is at the edge');
});

test('the same link opened again in the same tab gets control again', async (t) => {
  const { gw, page } = await atThirty(t);
  await sleep(200); // a farewell is signed
  const highest = () => Math.max(...gw.commands.map((c) => c.n ?? 0));
  await page.evaluate((fragment) => { window.location.hash = fragment; }, gw.session.fragment);
  await until(() => gw.joins === 2, 5000, 'joins again');
  await until(() => gw.of('bye').length > 0, 2000, 'control is given back');
  await says(page, 'Ready.');
  const before = highest();
  await page.getByRole('button', { name: 'Take control' }).click();
  await until(() => gw.of('hello').length === 2, 2000, 'asks again');
  assert.ok(gw.of('hello')[1].n > before, `${gw.of('hello')[1].n} after ${before}: a guard drops what does not rise`);
});

test('a mistyped link in the address bar takes neither the session nor its buttons away', async (t) => {
  const { gw, page } = await atThirty(t);
  await page.evaluate(() => { window.location.hash = 'nonsense'; });
  await until(async () => (await page.getByRole('alert').textContent()).includes('mistyped'), 2000, 'a notice');
  await says(page, 'You are in control.');
  assert.ok(await page.getByRole('button', { name: 'Give control back' }).isVisible());
  assert.equal(gw.joins, 1);
  gw.say({ guard: 'stopped', why: 'wearer', a: 0, ta: 0, stops: 1 });
  await says(page, 'The wearer pressed stop.');
});

test('what is given back is not said to be at zero before it is', async (t) => {
  const { gw, page } = await atThirty(t);
  gw.obey = false;
  gw.say({ guard: 'live' });
  gw.mute = true;
  await page.getByRole('button', { name: 'Give control back' }).click();
  await says(page, 'Going to zero…');
  gw.mute = false;
  gw.say({ guard: 'waiting', why: 'bye', a: 0, ta: 0 });
  await says(page, 'You gave control back. Both outputs are at zero.');
});

test('a stop without a connection and without control does not promise that silence ends it', async (t) => {
  const { gw, page } = await opened(t);
  gw.say({ guard: 'live', why: 'none', page: 'ffeeddccbbaa9988', a: 45, ta: 45 });
  await says(page, 'Another page has control');
  gw.answerJoin = () => {}; // nor does it come back
  gw.socket.terminate();
  await says(page, 'Trying again');
  await stopButton(page).click();
  assert.match(await page.getByRole('alert').textContent(), /no connection\. Tell the wearer to press stop\./);
});

test('a stop that was handed to a dead connection is repeated', async (t) => {
  const { gw, page } = await opened(t);
  gw.say({ guard: 'live', why: 'none', page: 'ffeeddccbbaa9988', a: 45, ta: 45 });
  await says(page, 'Another page has control');
  gw.socket.removeAllListeners('message');
  await stopButton(page).click();
  await sleep(200);
  gw.socket.terminate();
  await until(() => gw.joins === 2, 8000, 'joins again');
  await until(() => gw.stops > 0, 2000, 'the stop arrives after all');
});

test('a stop that could not be sent is sent when the same link is opened again in the same tab', async (t) => {
  const { gw, page } = await opened(t);
  gw.say({ guard: 'live', why: 'none', page: 'ffeeddccbbaa9988', a: 45, ta: 45 });
  await says(page, 'Another page has control');
  const { answerJoin, joins } = gw;
  gw.answerJoin = () => {};
  gw.socket.terminate();
  await says(page, 'Trying again');
  await stopButton(page).click();
  await until(() => gw.joins > joins, 5000, 'it comes back, and is not let in');
  gw.answerJoin = answerJoin;
  await page.evaluate((fragment) => { window.location.hash = fragment; }, gw.session.fragment);
  await until(() => gw.stops > 0, 3000, 'the stop arrives after all');
});
