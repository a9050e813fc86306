// The partner's page in the browsers that Chromium is not, against the real stack and a simulated box.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { monotonic } from '../lib/boxlog.mjs';
import { browsers } from '../lib/otherbrowsers.mjs';
import { root, until } from '../lib/proc.mjs';
import { startStack } from '../lib/stack.mjs';

const artefacts = path.join(root, 'tests/artefacts');
const ESCAPE = '\uE00C';
const RIGHT = '\uE014';
const SLIDER = 'document.querySelector("input[type=range]")';

for (const [name, kind] of Object.entries(browsers)) {
  test(`${name}: take control, keys, a drag, stop, Escape, and leaving the page`, { timeout: 240000 }, async (t) => {
    const stack = await startStack(t);
    const at = (a) => until(() => stack.log.now().a === a, 20000, () => `A at ${a}; it is at ${stack.log.now().a}`);
    const b = await kind.open(t);
    console.log(b.name);
    mkdirSync(artefacts, { recursive: true });

    await b.go(`https://localhost:${stack.httpsPort}/privacy`);
    await b.size(390, 844);
    await b.go(stack.link);
    await b.evaluate(`(() => { window.wrong = [];
      for (const e of ['error', 'unhandledrejection', 'securitypolicyviolation']) addEventListener(e, (x) => wrong.push(e + ': ' + (x.message ?? x.reason ?? x.violatedDirective))); })()`);
    await b.says('Ready.');
    assert.equal(await b.value('location.href'), `https://localhost:${stack.httpsPort}/`, 'the key has left the address bar');

    const stop = await b.button('Stop');
    const inside = await b.value('[innerWidth, innerHeight, document.documentElement.scrollWidth]');
    assert.ok(stop.height >= 44 && stop.y + stop.height / 2 <= inside[1], `Stop at ${JSON.stringify(stop)} of ${inside}`);
    assert.ok(inside[2] <= inside[0], `nothing is wider than the screen: ${inside}`);

    await b.click('Take control');
    await b.says('You are in control.');
    await b.evaluate(`${SLIDER}.focus()`);
    for (let i = 0; i < 8; i += 1) await b.press(RIGHT);
    await at(8);
    await b.click('Raise A by 1 %');
    await at(9);
    await b.shot(`${artefacts}/page-${name.toLowerCase()}.png`);

    let since = monotonic();
    await b.click('Stop');
    const stopped = await stack.log.zeroAfter(since, 3000);
    await b.says('You pressed stop.');

    // From the left end, where the handle is, to a quarter of the way.
    const { x, y, width } = await b.rect(SLIDER);
    const left = x - width / 2 + 22;
    await b.drag([{ x: Math.round(left), y }, { x: Math.round(left + width * 0.05), y }, { x: Math.round(left + width * 0.12), y }]);
    const asked = await b.value(`Number(${SLIDER}.value)`);
    assert.ok(asked >= 8 && asked <= 20, `the drag asks for ${asked}`);
    await at(asked);
    since = monotonic();
    await b.press(ESCAPE);
    const escaped = await stack.log.zeroAfter(since, 3000);
    await b.says('You pressed stop.');

    await b.click('Raise A by 1 %');
    await at(1);
    assert.deepEqual(await b.value('window.wrong'), []);
    await b.size(1280, 900);
    await b.shot(`${artefacts}/page-${name.toLowerCase()}-desktop.png`);
    since = monotonic();
    await b.go('about:blank');
    const gone = await stack.log.zeroAfter(since, 6000);
    console.log(`${b.name}: zero after stop ${stopped.toFixed(0)} ms, Escape ${escaped.toFixed(0)} ms, page left ${gone.toFixed(0)} ms, with the driver's own time`);
    assert.ok(gone < 2000, `not by the hold of 5 s, but because the page said bye: ${gone.toFixed(0)} ms`);
  });
}
