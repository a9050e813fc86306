// The simulator's log: what really reached the box and when (CLOCK_MONOTONIC ms, as hrtime has it).
import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { until } from './proc.mjs';

export const monotonic = () => Number(process.hrtime.bigint() / 1000n) / 1000;

function parseLine(line) {
  const at = line.indexOf(' ');
  const rest = line.slice(at + 1);
  const space = rest.indexOf(' ');
  return { ms: Number(line.slice(0, at)), what: rest.slice(0, space), text: rest.slice(space + 1) };
}

export class BoxLog {
  constructor(file) {
    this.file = file;
    this.read = 0; // bytes
    this.rest = ''; // of a line whose end is not written yet
    this.known = [];
  }

  // Only what is new is read: a long test asks often.
  lines() {
    if (!existsSync(this.file)) return this.known;
    const fd = openSync(this.file);
    const more = Buffer.alloc(fstatSync(fd).size - this.read);
    this.read += readSync(fd, more, 0, more.length, this.read);
    closeSync(fd);
    const lines = (this.rest + more.toString('latin1')).split('\n');
    this.rest = lines.pop();
    for (const line of lines.filter(Boolean)) this.known.push(parseLine(line));
    return this.known;
  }

  // Every change of the real outputs: [{ ms, a, b }].
  levels() {
    return this.lines().filter((l) => l.what === 'level').map((l) => {
      const found = l.text.match(/A=(\d+(?:\.\d+)?) B=(\d+(?:\.\d+)?)/);
      return { ms: l.ms, a: Number(found[1]), b: Number(found[2]) };
    });
  }

  now() { return this.levels().at(-1) ?? { ms: 0, a: 0, b: 0 }; }

  // What came in, joined: the command lines with the time of their last byte.
  commands() {
    const out = [];
    let text = '';
    for (const line of this.lines().filter((l) => l.what === 'in')) {
      text += JSON.parse(line.text.replace(/\\x([0-9a-f]{2})/g, '\\u00$1'));
      const parts = text.split('\r');
      text = parts.pop();
      for (const part of parts) out.push({ ms: line.ms, command: part });
    }
    return out;
  }

  // Milliseconds from `since` until both outputs were at zero and stayed there; waits up to `limit`.
  async zeroAfter(since, limit) {
    const at = await until(() => {
      const last = this.now();
      return last.a === 0 && last.b === 0 && last.ms >= since ? last.ms : 0;
    }, limit, () => `both outputs at zero; now ${JSON.stringify(this.now())}`);
    return at - since;
  }
}
