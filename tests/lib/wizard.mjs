// `tether` at its first start in a real terminal, with a simulated box whose knobs the test turns.
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { BoxLog } from './boxlog.mjs';
import { bin, folder, freePort, start, until } from './proc.mjs';
import { family } from './sockets.mjs';
import { Terminal } from './terminal.mjs';

// A simulated box: write('knob A 20\n') and so on, log, path.
export async function startBox(t, dir, args = []) {
  const box = start(t, path.join(bin, 'tether-box'), ['--link', `${dir}/box`, '--log', `${dir}/box.log`, ...args]);
  await box.match(/ready/);
  box.path = `${dir}/box`;
  box.log = new BoxLog(`${dir}/box.log`);
  box.hand = (line) => box.write(`${line}\n`);
  return box;
}

export class Wizard extends Terminal {
  constructor(t, dir, args, { program = [path.join(bin, 'tether')], ...options } = {}) {
    super(t, [...program, ...args],
      { env: { XDG_RUNTIME_DIR: dir, XDG_CONFIG_HOME: `${dir}/config` }, ...options });
    this.keys = 0;
    this.file = `${dir}/config/tether/agent.conf`;
  }

  // What the wearer does: each character and each Enter is a key press.
  type(text = '') {
    if (text !== '') { this.key('-l', text); this.keys += text.length; }
    this.key('Enter');
    this.keys += 1;
  }

  // The text of the newest question: what stands below the last empty line.
  question() { return this.text().trimEnd().split(/\n\s*\n/).at(-1).replace(/\s+/g, ' '); }
  asks(pattern, ms = 10000) {
    return until(() => this.question().match(pattern), ms, () => `the question ${pattern}:\n${this.text()}`);
  }

  pid() { return family(this.shell())[1]; }
  boxChild() { return family(this.pid()).find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('\0--child\0box\0')); }
}

// One wizard with a box, and an address that nobody listens at.
export async function startWizard(t, { args = [], box: boxArgs, columns, rows } = {}) {
  const dir = folder(t);
  const box = await startBox(t, dir, boxArgs);
  const server = `localhost:${await freePort()}`;
  mkdirSync(`${dir}/config`, { recursive: true });
  const wizard = new Wizard(t, dir, ['--box', box.path, ...args], { columns, rows });
  return { dir, box, server, wizard };
}

// Up to the knob of A.
export async function toTheKnob({ wizard, server }) {
  await wizard.asks(/Which server/);
  wizard.type(server);
  await wizard.asks(/all the same/);
  wizard.type();
  await wizard.asks(/A is at \d+ percent >/);
}
