// The page in Chromium: does it fit, can everybody use it, does it keep calm.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import test, { after, before } from 'node:test';
import { FakeGateway } from '../lib/fakegw.mjs';
import {
  DESKTOP, PHONE, SMALL, choices, inControl, level, newPage, opened, says, startBrowser, stopBrowser, stopButton,
} from '../lib/partnerpage.mjs';
import { sleep, until } from '../lib/proc.mjs';
import { words } from '../../web/words.js';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

before(startBrowser);
after(stopBrowser);

// What a page of any size must keep, in every state that is worth a look.
async function checkLayout(page, width) {
  const wide = await page.evaluate(() => document.scrollingElement.scrollWidth);
  assert.ok(wide <= width, `${wide} px of content in ${width} px`);
  const small = await page.evaluate(() => [...document.querySelectorAll('button, summary, a, input')]
    .filter((e) => e.checkVisibility())
    .map((e) => ({ name: e.id || e.textContent, box: e.getBoundingClientRect() }))
    .filter(({ box }) => box.width < 44 || box.height < 44)
    .map(({ name, box }) => `${name} ${box.width}x${box.height}`));
  assert.deepEqual(small, []);
  const stop = await stopButton(page).boundingBox();
  const height = page.viewportSize().height;
  assert.ok(stop.y >= 0 && stop.y + stop.height <= height, 'Stop is on the screen');
}

async function checkAccessible(page, name) {
  await page.evaluate(axe);
  const { violations, passes } = await page.evaluate(() => window.axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  }));
  assert.ok(passes.length > 10, 'axe has looked at something');
  assert.deepEqual(violations.map((v) => `${name} ${v.id}: ${v.nodes.map((n) => n.html).join(' ')}`), []);
}

for (const colorScheme of ['light', 'dark']) {
  for (const [name, options] of Object.entries({ DESKTOP, PHONE, SMALL })) {
    test(`every view is accessible and fits: ${name.toLowerCase()}, ${colorScheme}`, async (t) => {
      const gw = await FakeGateway.start(t);
      const page = await newPage(t, gw, { ...options, colorScheme });
      const look = async (what) => {
        await checkAccessible(page, what);
        await checkLayout(page, options.viewport.width);
      };
      await page.goto(gw.url);
      await look('no link');
      for (const path of ['about.html', 'privacy']) {
        await page.goto(gw.url + path);
        await checkAccessible(page, path);
      }
      await page.goto(gw.link);
      await until(() => gw.joins > 0, 5000, 'joins');
      gw.run();
      await says(page, 'Ready.');
      await look('ready');
      await page.getByRole('button', { name: 'Take control' }).click();
      await says(page, 'Waiting for the wearer');
      await look('asking');
      gw.live();
      await says(page, 'You are in control.');
      await level(page, 'A').fill('30');
      await look('in control');
      await choices(page, 'Mode');
      gw.say({ lockp: false });
      await look('modes open');
      gw.say({ lockm: true });
      await until(() => page.getByText('The wearer has locked the mode.').isVisible(), 2000, 'mode locked');
      await look('modes locked');
      gw.say({ idle: 30, bat: 5 });
      await until(() => page.getByRole('alert').isVisible(), 2000, 'alarms');
      await look('alarms');
      gw.quiet();
      gw.mute = true;
      await says(page, 'What is shown is old');
      await look('stale');
    });
  }
}

test('at 200 % zoom everything that takes the focus can be seen above Stop', async (t) => {
  const { page } = await inControl(t, { viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 });
  await checkLayout(page, 640);
  const seen = new Set();
  for (let i = 0; i < 30; i += 1) {
    await page.keyboard.press('Tab');
    const at = await page.evaluate(() => {
      const element = document.activeElement;
      const box = element.getBoundingClientRect();
      const bar = document.querySelector('.bar').getBoundingClientRect();
      return { tag: element.tagName, id: element.id || element.textContent, top: box.top, bottom: box.bottom, bar: bar.top };
    });
    seen.add(at.id);
    if (at.tag !== 'BODY' && at.id !== 'stop') {
      assert.ok(at.top >= 0 && at.bottom <= at.bar + 1, JSON.stringify(at));
    }
  }
  for (const id of ['control', 'value-a', 'value-b', 'mode-now', 'stop']) {
    assert.ok(seen.has(id), `${id} can be reached with Tab`);
  }
});

// A phone's browser that zooms its pages, and one that was told to use large letters; with the words that are widest.
const widest = words.filter((word) => /[mw].*[mw]/.test(word)).sort((a, b) => b.length - a.length).slice(0, 3).join(' ');
for (const [name, width, height, px] of [['a page zoomed', 180, 370, 16], ['letters', 320, 568, 32]]) {
  test(`${name} to 200 % on a phone: nothing is cut off, and Stop is whole`, async (t) => {
    const gw = await FakeGateway.start(t);
    const page = await newPage(t, gw, { ...SMALL, viewport: { width, height } });
    const look = async (what) => {
      const cut = await page.evaluate(() => [...document.querySelectorAll('main *, .top *, .foot *')]
        .filter((e) => e.checkVisibility() && e.getBoundingClientRect().right > document.documentElement.clientWidth)
        .map((e) => `${e.tagName} ${e.id} ${e.className} ${e.textContent}`));
      assert.deepEqual(cut, [], what);
      await checkLayout(page, width);
    };
    await page.goto(gw.link);
    await page.evaluate((size) => { document.documentElement.style.fontSize = `${size}px`; }, px);
    await until(() => gw.joins > 0, 5000, 'joins');
    gw.run();
    await page.getByRole('button', { name: 'Take control' }).click();
    await says(page, 'Waiting for the wearer');
    await until(() => page.locator('#three').textContent(), 2000, 'check words');
    await page.evaluate((words) => { document.getElementById('three').textContent = words; }, widest);
    await look('asking');
    gw.live();
    await says(page, 'You are in control.');
    await level(page, 'A').fill('30');
    await choices(page, 'Mode');
    await look('in control');
    gw.say({ lockm: true, join: true, idle: 30, bat: 5 });
    await until(() => page.getByRole('alert').isVisible(), 2000, 'alarms');
    await look('alarms');
    gw.quiet();
    gw.mute = true;
    await says(page, 'What is shown is old');
    await look('stale');
  });
}

test('in forced colours the rail is seen, and what is above the limit is hatched', async (t) => {
  const { page } = await inControl(t, { ...PHONE, forcedColors: 'active' });
  const [rail, over] = await page.evaluate(() => ['.track', '.over'].map((name) => {
    const { outlineStyle, backgroundImage, forcedColorAdjust } = getComputedStyle(document.querySelector(name));
    return { outlineStyle, backgroundImage, forcedColorAdjust };
  }));
  assert.equal(rail.outlineStyle, 'solid');
  assert.match(over.backgroundImage, /^repeating-linear-gradient/);
  assert.equal(over.forcedColorAdjust, 'none', 'else the gradient is not painted');
});

test('with reduced motion nothing is animated', async (t) => {
  const gw = await FakeGateway.start(t);
  const page = await newPage(t, gw, { ...DESKTOP, reducedMotion: 'reduce' });
  await page.goto(gw.link);
  await until(() => gw.joins > 0, 5000, 'joins');
  assert.equal(await page.evaluate(() => document.getAnimations().length), 0);
});

test('the status speaks once per situation, not with every state', async (t) => {
  const { gw, page } = await inControl(t);
  await page.evaluate(() => {
    window.changes = 0;
    new MutationObserver((list) => { window.changes += list.length; })
      .observe(document.querySelector('[role=status]'), { childList: true, characterData: true, subtree: true });
  });
  for (let i = 0; i < 10; i += 1) {
    gw.say({ a: i });
    await sleep(30);
  }
  assert.equal(await page.evaluate(() => window.changes), 0);
});

test('an outage is said once, however often the page tries again', async (t) => {
  const { gw, page } = await opened(t);
  await says(page, 'Ready.');
  await page.evaluate(() => {
    window.spoken = [];
    const status = document.querySelector('[role=status]');
    new MutationObserver(() => window.spoken.push(status.textContent)).observe(status, { childList: true });
  });
  await gw.stop();
  await sleep(5000);
  assert.deepEqual(await page.evaluate(() => window.spoken), ['The server cannot be reached. Trying again…']);
  assert.match(await page.locator('#retry').textContent(), /^(Next attempt in \d+ s\.|Trying now\.)$/);
  assert.ok(await page.locator('#retry').isVisible());
});

test('each alarm speaks once, whatever comes and goes beside it, and the worst stands first', async (t) => {
  const { gw, page } = await inControl(t);
  await page.evaluate(() => {
    window.spoken = [];
    new MutationObserver((list) => list.forEach(({ addedNodes }) => addedNodes.forEach((node) => window.spoken.push(node.textContent))))
      .observe(document.querySelector('[role=alert]'), { childList: true, characterData: true, subtree: true });
  });
  const shown = (n) => until(async () => await page.locator('#alarms p').count() === n, 2000, `${n} alarms`);
  for (const [changes, n] of [[{ bat: 5 }, 1], [{ idle: 30 }, 2], [{ idle: -1 }, 1], [{ capa: 20 }, 2]]) {
    gw.say(changes);
    await shown(n);
  }
  gw.raw(`${'A'.repeat(22)}.{}`);
  await shown(3);
  const forged = 'Messages arrived that are not from the wearer’s computer. They were ignored.';
  assert.deepEqual(await page.evaluate(() => window.spoken), ['The battery of the box is low.',
    'Nothing was changed for a while. Change something, or control ends soon.',
    'The wearer has lowered a limit. What you asked for above it was lowered to it.', forged]);
  assert.equal(await page.locator('#alarms p').first().textContent(), forged);
  assert.equal(await page.getByRole('alert').getAttribute('aria-atomic'), 'false', 'an alert is read as a whole otherwise');
});

// What a browser's translator does: the words of the page give way to elements of its own.
test('a translated page stays translated until something else is said, and its check words are left alone', async (t) => {
  const { gw, page } = await inControl(t);
  await page.evaluate(() => {
    const translated = document.createElement('font');
    translated.textContent = 'Du hast die Kontrolle.';
    document.querySelector('[role=status]').replaceChildren(translated);
  });
  gw.say({ a: 1 });
  await sleep(600);
  assert.equal(await page.getByRole('status').textContent(), 'Du hast die Kontrolle.');
  assert.equal(await page.locator('#three').evaluate((words) => words.translate), false);
  gw.say({ guard: 'stopped', why: 'wearer', stops: 1 });
  await says(page, 'The wearer pressed stop.');
});
