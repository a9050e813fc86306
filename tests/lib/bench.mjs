// What benches share. They print figures beside a floor that was measured in the same run, since times alone say
// more about the machine than about us.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

// Runs `body(t)` with a test context of which only after() is there; what it started is ended, come what may.
export async function bench(body) {
  const last = [];
  try {
    await body({ after: (fn) => last.push(fn) });
  } finally {
    for (const fn of last.reverse()) await fn();
  }
  process.exit(process.exitCode ?? 0);
}

export const now = () => Number(process.hrtime.bigint()) / 1e6;

export function percentile(list, p) {
  const sorted = [...list].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * p) / 100))];
}

export const ms = (value) => `${value < 10 ? value.toFixed(2) : value.toFixed(0)} ms`;
export const times = (value, floor) => `${(value / floor).toFixed(1)} x`;

// Resident memory of a process in MB.
export const memory = (pid) => Number(readFileSync(`/proc/${pid}/status`, 'utf8').match(/^VmRSS:\s+(\d+)/m)[1]) / 1024;

// Processor time of a process so far, its own and the kernel's for it, in ms.
export function spent(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10; // USER_HZ is 100 on every Linux that we know
}

// Runs each(0) to each(count - 1), `atOnce` at a time.
export async function inBatches(count, atOnce, each) {
  for (let i = 0; i < count; i += atOnce) {
    await Promise.all(Array.from({ length: Math.min(atOnce, count - i) }, (_, n) => each(i + n)));
  }
}

// Rows of equal length, the first as heading.
export function print(rows) {
  const width = rows[0].map((_, i) => Math.max(...rows.map((r) => String(r[i]).length)));
  const pad = (cell, i) => (i ? String(cell).padStart(width[i]) : String(cell).padEnd(width[i]));
  for (const row of rows) console.log(`  ${row.map(pad).join('  ')}`);
}

export function scratch(t) {
  const dir = mkdtempSync(path.join(tmpdir(), 'tether-bench-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}
