// Firefox and WebKit (the engine of Safari, as GTK has it), driven by the protocols that they speak themselves: WebDriver
// BiDi over a WebSocket, and WebDriver over HTTP. Both take the same lists of input actions.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import path from 'node:path';
import WebSocket from 'ws';
import { folder, freePort, sleep, start, until } from './proc.mjs';

const WAIT = 30000;

// What both can do, on evaluate(), act(), go(), size(), shot(), which each has of its own.
class Browser {
  // The value of a script's expression in the page.
  async value(expression) { return JSON.parse((await this.evaluate(`JSON.stringify(${expression})`)) ?? 'null'); }

  status() { return this.value('document.querySelector("[role=status]").textContent'); }

  async says(text) {
    let last = '';
    await until(async () => { last = await this.status(); return last.includes(text); }, WAIT, () => `"${text}"; the page says "${last}"`);
  }

  // Where the middle of an element is: { x, y, width, height } on the screen.
  rect(expression) {
    return this.value(`(({ x, y, width, height }) => ({ x: Math.round(x + width / 2), y: Math.round(y + height / 2), width, height }))((${
      expression}).getBoundingClientRect())`);
  }

  button(name) {
    return this.rect(`[...document.querySelectorAll('button')].find((b) => (b.ariaLabel ?? b.textContent) === ${JSON.stringify(name)})`);
  }

  async press(key) {
    await this.act([{ type: 'key', id: 'keys', actions: [{ type: 'keyDown', value: key }, { type: 'keyUp', value: key }] }]);
  }

  // A pointer pressed at the first point, moved over the others, and let go.
  async drag([first, ...others]) {
    await this.act([{ type: 'pointer', id: 'hand', parameters: { pointerType: 'mouse' }, actions: [
      { type: 'pointerMove', ...first, duration: 0 }, { type: 'pointerDown', button: 0 },
      ...others.map((p) => ({ type: 'pointerMove', ...p, duration: 100 })), { type: 'pointerUp', button: 0 }] }]);
  }

  async click(name) {
    const { x, y } = await this.button(name);
    await this.drag([{ x, y }]);
  }
}

class Firefox extends Browser {
  static async open(t) {
    const b = new Firefox();
    const port = await freePort();
    const program = start(t, 'firefox-esr', ['--headless', '--no-remote', '--profile', folder(t), '--remote-debugging-port', `${port}`]);
    await program.match(/WebDriver BiDi listening/, 60000);
    b.waiting = new Map();
    b.next = 0;
    b.socket = new WebSocket(`ws://127.0.0.1:${port}/session`);
    t.after(() => b.socket.close());
    b.socket.on('message', (text) => b.answer(JSON.parse(text)));
    await new Promise((done, fail) => { b.socket.on('open', done).on('error', fail); });
    const { capabilities } = await b.ask('session.new', { capabilities: { alwaysMatch: { acceptInsecureCerts: true } } });
    b.name = `Firefox ${capabilities.browserVersion}`;
    b.context = (await b.ask('browsingContext.getTree', {})).contexts[0].context;
    return b;
  }

  answer({ id, result, ...error }) {
    const { done, fail } = this.waiting.get(id) ?? {};
    this.waiting.delete(id);
    if (error.error) fail?.(new Error(`${error.error}: ${error.message}`));
    else done?.(result);
  }

  ask(method, params) {
    const id = this.next += 1;
    this.socket.send(JSON.stringify({ id, method, params }));
    return new Promise((done, fail) => { this.waiting.set(id, { done, fail }); });
  }

  async evaluate(expression) {
    const { result, exceptionDetails } = await this.ask('script.evaluate', { expression, target: { context: this.context }, awaitPromise: true });
    if (exceptionDetails) throw new Error(exceptionDetails.text);
    return result.value;
  }

  act(actions) { return this.ask('input.performActions', { context: this.context, actions }); }

  go(url) { return this.ask('browsingContext.navigate', { context: this.context, url, wait: 'complete' }); }

  size(width, height) { return this.ask('browsingContext.setViewport', { context: this.context, viewport: { width, height } }); }

  async shot(file) { writeFileSync(file, Buffer.from((await this.ask('browsingContext.captureScreenshot', { context: this.context })).data, 'base64')); }
}

const webKits = '/usr/lib';
const miniBrowser = () => readdirSync(webKits).filter((d) => d.endsWith('-linux-gnu')).flatMap((d) =>
  ['webkitgtk-6.0', 'webkit2gtk-4.1'].map((v) => path.join(webKits, d, v, 'MiniBrowser'))).find(existsSync);

class WebKit extends Browser {
  static async open(t) {
    const b = new WebKit();
    t.after(() => b.session && b.ask('DELETE', b.session)); // before the driver itself ends
    const screen = await startScreen(t);
    b.port = await freePort();
    // Its own sandbox wants user namespaces, which root in a container does not have.
    start(t, 'WebKitWebDriver', [`--port=${b.port}`], { env: { ...process.env, DISPLAY: screen, XDG_RUNTIME_DIR: folder(t), HOME: folder(t),
      LIBGL_ALWAYS_SOFTWARE: '1', WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1' } });
    await until(() => b.ask('GET', '/status').catch(() => false), 10000, 'the driver answers');
    const { sessionId, capabilities } = await b.ask('POST', '/session', { capabilities: { alwaysMatch: { acceptInsecureCerts: true,
      'webkitgtk:browserOptions': { binary: miniBrowser(), args: ['--automation'] } } } });
    b.session = `/session/${sessionId}`;
    b.name = `WebKitGTK ${capabilities.browserVersion}`;
    return b;
  }

  ask(method, where, body) {
    return new Promise((done, fail) => {
      const r = request({ host: '127.0.0.1', port: this.port, method, path: where, agent: false, timeout: WAIT }, (response) => {
        let text = '';
        response.on('data', (d) => { text += d; });
        response.on('error', fail);
        response.on('end', () => {
          const { value } = JSON.parse(text);
          if (value?.error) fail(new Error(`${value.error}: ${value.message}`));
          else done(value ?? true);
        });
      });
      r.on('error', fail).on('timeout', () => r.destroy(new Error(`${where}: no answer`))).end(body && JSON.stringify(body));
    });
  }

  evaluate(expression) { return this.ask('POST', `${this.session}/execute/sync`, { script: `return (${expression});`, args: [] }); }

  act(actions) { return this.ask('POST', `${this.session}/actions`, { actions }); }

  go(url) { return this.ask('POST', `${this.session}/url`, { url }); }

  // Of the window; what is inside is smaller by its bars.
  async size(width, height) {
    const inner = await this.value('[outerWidth - innerWidth, outerHeight - innerHeight]');
    await this.ask('POST', `${this.session}/window/rect`, { width: width + inner[0], height: height + inner[1] });
    await sleep(500);
  }

  async shot(file) { writeFileSync(file, Buffer.from(await this.ask('GET', `${this.session}/screenshot`), 'base64')); }
}

// A screen that nobody sees; its name.
async function startScreen(t) {
  const child = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1400x1200x24', '-nolisten', 'tcp'], { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
  const ended = new Promise((done) => { child.on('exit', done); });
  t.after(() => { child.kill(); return ended; });
  let name = '';
  child.stdio[3].on('data', (d) => { name += d; });
  await until(() => name.includes('\n'), 10000, 'a screen');
  return `:${name.trim()}`;
}

export const browsers = { Firefox, WebKit };
