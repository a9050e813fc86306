// The partner's page in a browser against the fake gateway: opening it, and what tests ask it for.
import assert from 'node:assert/strict';
import { openBrowser } from './browser.mjs';
import { FakeGateway } from './fakegw.mjs';
import { until } from './proc.mjs';

export const DESKTOP = { viewport: { width: 1280, height: 800 } };
export const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
export const SMALL = { viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true };

let browser;

export async function startBrowser() {
  browser = await openBrowser();
}

export const stopBrowser = () => browser.close();

// A page in a context of its own. Anything the browser complains of (errors, the content security
// policy, a request to another host) fails the test.
export async function newPage(t, gw, options = DESKTOP) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (m) => ['error', 'warning'].includes(m.type()) && complaints.push(m.text()));
  page.on('request', (r) => r.url().startsWith(gw.url) || complaints.push(`request to ${r.url()}`));
  page.complaints = complaints;
  t.after(async () => {
    await context.close();
    assert.deepEqual(complaints.filter((text) => !text.includes('WebSocket connection')), []);
  });
  return page;
}

export async function opened(t, options) {
  const gw = await FakeGateway.start(t);
  const page = await newPage(t, gw, options);
  await page.goto(gw.link);
  await until(() => gw.joins > 0, 5000, 'the page joins');
  gw.run();
  return { gw, page };
}

export async function inControl(t, options) {
  const { gw, page } = await opened(t, options);
  await page.getByRole('button', { name: 'Take control' }).click();
  await gw.command((c) => c.op === 'hello', 'hello');
  gw.live();
  await says(page, 'You are in control.');
  return { gw, page };
}

export const says = (page, text, ms = 5000) => until(
  async () => (await page.getByRole('status').textContent()).includes(text), ms,
  `status says "${text}"`,
);
export const level = (page, ch) => page.getByLabel(`Level ${ch}`, { exact: true });
export const stopButton = (page) => page.getByRole('button', { name: 'Stop', exact: true });

// The buttons of 'Mode' or 'Power'; those of a list that is still closed after opening it.
export async function choices(page, name) {
  const closed = page.locator('details:not([open]) > summary', { hasText: name });
  if (await closed.isVisible()) {
    await closed.click();
  }
  return page.getByRole('group', { name, exact: true }).getByRole('button');
}

export async function choose(page, name, title) {
  await (await choices(page, name)).filter({ hasText: title }).click();
}
