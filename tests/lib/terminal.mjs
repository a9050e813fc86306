// A real terminal: tmux on a socket of its own. text() is what stands on the screen.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { openBrowser } from './browser.mjs';
import { until } from './proc.mjs';

const quote = (word) => `'${String(word).replaceAll("'", "'\\''")}'`;

export class Terminal {
  // Runs `argv` in a terminal of `columns` x `rows`; ended with test context `t`.
  constructor(t, argv, { columns = 80, rows = 24, env = {}, term } = {}) {
    this.socket = `tether-${randomBytes(6).toString('hex')}`;
    const variables = Object.entries(env).map(([name, value]) => `${name}=${quote(value)}`).join(' ');
    this.tmux('-f', '/dev/null', 'new-session', '-d', '-s', 't', '-x', String(columns), '-y', String(rows),
      `env ${variables} ${term ? `TERM=${term}` : ''} ${argv.map(quote).join(' ')}; echo "[exit $?]"; sleep 60`);
    t?.after(() => this.close());
  }

  tmux(...args) {
    return execFileSync('tmux', ['-L', this.socket, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8' } });
  }

  // The pid of the program (the first child of the pane's shell).
  shell() { return Number(this.tmux('display-message', '-p', '-t', 't', '#{pane_pid}').trim()); }
  text() { return this.tmux('capture-pane', '-p', '-t', 't'); }
  // The whole screen with its wrapped lines joined and white space folded.
  words() { return this.text().replace(/\s+/g, ' '); }
  key(...keys) { this.tmux('send-keys', '-t', 't', ...keys); }
  resize(columns, rows) { this.tmux('resize-window', '-t', 't', '-x', String(columns), '-y', String(rows)); }
  shows(pattern, ms = 10000) {
    return until(() => this.words().match(pattern), ms, () => `the screen shows ${pattern}:\n${this.text()}`);
  }

  // Ends the tmux server, as closing the terminal window does.
  close() {
    try { this.tmux('kill-server'); } catch { /* it has gone */ }
  }

  // What stands on the screen now, colours included.
  ansi() { return this.tmux('capture-pane', '-p', '-e', '-N', '-t', 't'); }
  // From now on every byte that the programs write is kept in `file`; read with written().
  record(file) { this.recording = file; this.tmux('pipe-pane', '-t', 't', '-o', `cat >> ${quote(file)}`); }
  written() { return existsSync(this.recording) ? readFileSync(this.recording, 'latin1') : ''; }
  // These bytes in one write, as the terminal sends what was typed.
  bytes(data) { this.tmux('send-keys', '-t', 't', '-H', ...[...Buffer.from(data, 'latin1')].map((b) => b.toString(16))); }
  // As if chosen from a clipboard: bracketed where the program has asked for that.
  paste(text) { this.tmux('set-buffer', '--', text); this.tmux('paste-buffer', '-p', '-r', '-t', 't'); }
  tty() { return this.tmux('display-message', '-p', '-t', 't', '#{pane_tty}').trim(); }
  picture(t, file) { return drawScreens(t, [[file, this.ansi()]]); }
}

export const plain = (ansi) => ansi.replace(/\x1b\[[0-9;]*m|\x0e|\x0f/g, '');

const THEMES = { dark: ['#16181b', '#e6e6e3'], light: ['#ffffff', '#16181b'] };

// Screens as pictures: [[file, what ansi() gave]], `size` of 12 or 15 (whose blocks leave no gaps) pixels.
export async function drawScreens(t, screens, { theme = 'dark', size = 12 } = {}) {
  const browser = await openBrowser(t);
  const page = await browser.newPage({ viewport: { width: 1000, height: 760 } });
  const [back, fore] = THEMES[theme];
  for (const [file, ansi] of screens) {
    await page.setContent(`<body style="margin:0;background:${back};color:${fore}"><pre style="display:inline-block;margin:10px;font:${size}px/${size + 2}px 'DejaVu Sans Mono',monospace">${html(ansi, back, fore)}</pre>`);
    const { width, height } = await page.locator('pre').boundingBox();
    await page.screenshot({ path: file, clip: { x: 0, y: 0, width: width + 20, height: height + 20 } });
  }
  await browser.close();
}

const COLOURS = ['#16181b', '#e0605e', '#7fc97f', '#e5c07b', '#6fa8dc', '#c58af9', '#56b6c2', '#d7d7d4'];

// Terminal attributes as HTML: bold, dim, reverse, underline, the eight colours.
function html(ansi, back0, fore0) {
  let style = {};
  return ansi.split(/(\x1b\[[0-9;]*m)/).map((part) => {
    const codes = part.match(/^\x1b\[([0-9;]*)m$/);
    if (!codes) {
      const text = part.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
      const [fore, back] = style.reverse ? [style.back ?? back0, style.fore ?? fore0] : [style.fore, style.back];
      const css = [fore && `color:${fore}`, back && `background:${back}`, style.bold && 'font-weight:bold',
        style.dim && 'opacity:.65', style.under && 'text-decoration:underline'].filter(Boolean).join(';');
      return css ? `<span style="${css}">${text}</span>` : text;
    }
    for (const code of codes[1].split(';').map(Number)) {
      if (code === 0) style = {};
      else if (code === 1) style.bold = true;
      else if (code === 2) style.dim = true;
      else if (code === 4) style.under = true;
      else if (code === 7) style.reverse = true;
      else if (code >= 30 && code <= 37) style.fore = COLOURS[code - 30];
      else if (code >= 40 && code <= 47) style.back = COLOURS[code - 40];
      else if (code === 39) delete style.fore;
      else if (code === 49) delete style.back;
    }
    return '';
  }).join('');
}
