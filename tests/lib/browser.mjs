// Debian's Chromium, driven by playwright-core.
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync);

// A headless browser that asks nobody outside this machine, and reloads a page that is pulled down, as a
// phone's does; closed at the end of `t`.
export async function openBrowser(t) {
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu',
    '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-quic', '--no-first-run',
    '--pull-to-refresh=1'] });
  t?.after(() => browser.close());
  return browser;
}

// A page at `link` (throw-away certificates are accepted).
export async function openPage(browser, link, options = {}) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, ...options });
  const page = await context.newPage();
  const errors = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => { if (message.type() === 'error') errors.push(message.text()); });
  await page.goto(link);
  return { page, context, errors };
}

// The main job in a browser: take control, Level A to `value`, Stop. `seen` looks at the box.
export async function drivePage(browser, link, seen, value) {
  const { page, errors } = await openPage(browser, link);
  await page.getByRole('button', { name: 'Take control' }).click({ timeout: 20000 });
  const slider = page.getByRole('slider', { name: 'Level A', exact: true });
  await page.waitForFunction(() => document.querySelector('[role=status]')?.textContent.match(/in control/i), null, { timeout: 15000 });
  await slider.focus();
  for (let i = 0; i < value; i += 1) await page.keyboard.press('ArrowRight');
  await seen.raised(page);
  await page.getByRole('button', { name: 'Stop', exact: true }).click();
  await seen.stopped(page);
  await page.context().close();
  return errors;
}
