// The README's first command: compose/demo, then a browser; Ctrl-C leaves no process.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { BoxLog } from '../lib/boxlog.mjs';
import { drivePage, openBrowser, openPage } from '../lib/browser.mjs';
import { bin, folder, freePort, root, sleep, start, until } from '../lib/proc.mjs';
import { family } from '../lib/sockets.mjs';

test('compose/demo prints a link, a browser drives the box with it, Ctrl-C leaves nothing running', async (t) => {
  const dir = folder(t);
  const [https, mqtt] = [await freePort(), await freePort()];
  const demo = start(t, path.join(root, 'compose/demo'), ['--headless', '--build', path.dirname(bin), '--https-port', `${https}`,
    '--mqtt-port', `${mqtt}`, '--log', `${dir}/box.log`], { env: { ...process.env, TMPDIR: dir } });
  const link = (await demo.match(/^Link: (https:\S+)$/m, 30000))[1];
  assert.match(link, new RegExp(`^https://localhost:${https}/#[\\w-]{48}\\.[\\w-]{22}$`));
  const log = new BoxLog(`${dir}/box.log`);
  const browser = await openBrowser(t);

  const errors = await drivePage(browser, link, {
    raised: async (page) => {
      await until(() => log.now().a === 20, 15000, `Level A in the box: ${JSON.stringify(log.now())}`);
      await page.waitForFunction(() => document.body.innerText.match(/\b20\b/), null, { timeout: 3000 });
      assert.ok(!page.url().includes('#') || !page.url().includes(link.split('.')[1]), 'the secret left the address bar');
    },
    stopped: () => until(() => log.now().a === 0 && log.now().b === 0, 2000, 'zero in the box'),
  }, 20);
  assert.deepEqual(errors, []);

  // Pictures of the running program, phone and desktop, light and dark.
  mkdirSync(path.join(root, 'tests/artefacts'), { recursive: true });
  for (const [name, viewport] of [['phone', { width: 390, height: 844 }], ['desktop', { width: 1280, height: 800 }]]) {
    for (const colorScheme of ['light', 'dark']) {
      const { page, context } = await openPage(browser, link, { viewport, colorScheme, deviceScaleFactor: 2 });
      await page.getByRole('button', { name: 'Take control' }).click({ timeout: 20000 });
      const slider = page.getByRole('slider', { name: 'Level A', exact: true });
      await page.waitForFunction(() => document.querySelector('[role=status]')?.textContent.match(/in control/i), null, { timeout: 15000 });
      await slider.focus();
      for (let i = 0; i < 12; i += 1) await page.keyboard.press('ArrowRight');
      await until(() => log.now().a === 12, 15000, 'A at 12');
      await sleep(300);
      await page.screenshot({ path: path.join(root, `tests/artefacts/page-${name}-${colorScheme}.png`) });
      await page.keyboard.press('Escape');
      await until(() => log.now().a === 0, 2000, 'Escape is stop');
      await context.close();
    }
  }

  // Ctrl-C: SIGINT to the whole group, as a terminal sends it.
  const all = family(demo.pid);
  assert.ok(all.length >= 8, `parts running: ${all.length}`);
  demo.child.kill('SIGINT');
  await demo.exited;
  await until(() => all.every((pid) => { try { process.kill(pid, 0); return false; } catch { return true; } }), 8000,
    'no process of the demo is left');
});
