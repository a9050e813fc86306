// tether-logkeep with programs of the test behind it: each line gets the one form and goes after its age, and neither
// a dead writer nor a full disk nor a flood touches the part. Real parts: tests/compose/privacy.test.mjs.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { bin, folder, root, run, sleep, start, until } from '../lib/proc.mjs';

const keeper = path.join(bin, 'tether-logkeep');
export const LINE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ [a-z]+(-[a-z]+)? (error|warn|info|debug) .+$/;

// Starts `program` as part `part` with its files in `dir`. lines(): what is kept.
function keep(t, part, program, { dir = folder(t), env = {} } = {}) {
  const started = start(t, keeper, [part, ...program], { env: { ...process.env, TETHER_LOG_DIR: dir, ...env } });
  const files = () => readdirSync(dir).filter((f) => f.startsWith(`${part}.`)).sort();
  const text = (f) => { try { return readFileSync(path.join(dir, f), 'utf8'); } catch { return ''; } }; // it went meanwhile
  const lines = () => files().map(text).join('').split('\n').filter(Boolean);
  return { ...started, dir, files, lines, says: (pattern, ms = 5000) =>
    until(() => lines().find((l) => pattern.test(l)), ms, () => `${part} says ${pattern}\n${lines().join('\n')}${started.err()}`) };
}
const sh = (script) => ['bash', '-c', script];
const children = (pid) => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
const nameOf = (pid) => readFileSync(`/proc/${pid}/comm`, 'utf8').trim();

test('what a part says before its end is kept, and its end is the keeper’s', async (t) => {
  const ended = keep(t, 'part', sh('echo "<5>part: hello" >&2; echo last words; exit 7'));
  assert.deepEqual(await ended.exited, { code: 7, signal: null });
  assert.deepEqual(ended.lines().map((l) => l.slice(21)), ['part info hello', 'part error last words']);
  const crashed = keep(t, 'part', sh('printf "no newline"; kill -SEGV $$'));
  assert.equal((await crashed.exited).code, 128 + 11);
  assert.match(crashed.lines().join('\n'), /error no newline$/m);
  assert.match(crashed.lines().join('\n'), /error ended by signal 11 \(Segmentation fault\)/);
  const missing = keep(t, 'part', ['/nowhere/at/all']);
  assert.equal((await missing.exited).code, 127);
  assert.match(missing.lines()[0], /part error can't start \/nowhere\/at\/all: No such file/);
  for (const one of [ended, crashed, missing]) assert.equal(one.out() + one.err(), '', 'nothing past the keeper');
});

test('signals reach the part, and it ends in its own way', async (t) => {
  for (const [signal, code] of [['SIGTERM', 41], ['SIGINT', 42], ['SIGHUP', 43], ['SIGUSR1', 44]]) {
    const part = keep(t, 'part', sh('trap "exit 41" TERM; trap "exit 42" INT; trap "exit 43" HUP; trap "exit 44" USR1; '
      + 'echo ready; while :; do sleep 0.05; done'));
    await part.says(/ready/);
    assert.equal((await part.stop(signal)).code, code, signal);
  }
});

test('a writer that is killed is replaced, and no line of a patient part is lost', async (t) => {
  const part = keep(t, 'part', sh('i=0; while sleep 0.05; do i=$((i+1)); echo "n=$i."; done'));
  await part.says(/n=3\./);
  const [writer] = children(part.pid).filter((pid) => nameOf(pid) === 'tether-logkeep');
  process.kill(writer, 'SIGKILL');
  await part.says(/n=60\./, 10000);
  assert.equal(part.over(), false);
  const seen = new Set(part.lines().map((l) => Number(l.match(/n=(\d+)/)?.[1])));
  assert.ok([...Array(60).keys()].filter((n) => !seen.has(n + 1)).length <= 2, 'at most what the writer had in its hand');
  for (const line of part.lines()) assert.match(line, LINE);
});

test('a part whose keeper is killed ends in order', async (t) => {
  const dir = folder(t);
  const part = keep(t, 'part', sh(`trap "touch ${dir}/ended; exit" TERM; echo ready; while :; do sleep 0.05; done`));
  await part.says(/ready/);
  process.kill(part.pid, 'SIGKILL');
  await until(() => readdirSync(dir).includes('ended'), 3000, 'the part has had its TERM');
});

test('a disk that is full stops no part, and what was lost is said', async (t) => {
  // 4 kB of room. A part that floods it goes on, and ends as it wants to.
  const dir = mkdtempSync(path.join(tmpdir(), 'tether-full-'));
  try { run('mount', ['-t', 'tmpfs', '-o', 'size=8k', 'tmpfs', dir]); } catch { return t.skip('no file system can be mounted here'); }
  t.after(() => { run('umount', ['-l', dir]); rmdirSync(dir); });
  writeFileSync(path.join(dir, 'ballast'), Buffer.alloc(4096));
  const part = keep(t, 'part', sh('for i in $(seq 500); do echo "line $i of many that fill up the disk"; done; '
    + `sleep 0.5; rm ${dir}/ballast; sleep 0.5; echo done; exit 5`), { dir });
  assert.equal((await part.exited).code, 5);
  assert.match(part.lines().join('\n'), /warn \d+ lines before this one were not kept\n.* done$/);
  for (const line of part.lines()) assert.match(line, LINE);
});

test('without a folder to write in, the part runs all the same and that is said', async (t) => {
  const part = keep(t, 'part', sh('echo lost; exit 3'), { env: { TETHER_LOG_DIR: '/nowhere' } });
  assert.equal((await part.exited).code, 3);
  assert.match(part.err(), /\/nowhere: No such file or directory; nothing is kept/);
  assert.doesNotMatch(part.err(), /lost/);
});

test('lines go after their age, also while nothing is said, and after a pause at the next start', async (t) => {
  const dir = folder(t);
  const env = { TETHER_LOG_AGE: '7s' };
  writeFileSync(path.join(dir, 'part.1000000'), 'left by a part that ran long ago\n');
  writeFileSync(path.join(dir, 'other.1000000'), 'left by another\n');
  const part = keep(t, 'part', sh('echo first; sleep 2; echo second; exec sleep 60'), { dir, env });
  await part.says(/first/);
  const from = Date.now();
  assert.deepEqual(readdirSync(dir).filter((f) => f.endsWith('.1000000')), [], 'what was old went at the start');
  await part.says(/second/);
  assert.ok(part.lines().some((l) => / first$/.test(l)));
  await until(() => !part.lines().some((l) => / first$/.test(l)), 9000, 'the first line is gone');
  const lived = Date.now() - from;
  assert.ok(lived > 4500 && lived < 7200, `it lived ${lived} ms of 7000`);
  await until(() => part.files().length === 0, 6000, 'nothing is left while nothing is said');
});

test('an age above seven days, and settings that are none, are refused in words', async (t) => {
  for (const [env, words] of [[{ TETHER_LOG_AGE: '8d' }, /from 7s to 7d/], [{ TETHER_LOG_AGE: '6s' }, /from 7s/],
    [{ TETHER_LOG_AGE: '7' }, /from 7s/], [{ TETHER_LOG_AGE: '-1d' }, /from 7s/], [{ TETHER_LOG_AGE: '7dd' }, /from 7s/],
    [{ TETHER_LOG_BYTES: '1' }, /TETHER_LOG_BYTES is a number/], [{ TETHER_LOG_BYTES: '9999999999999999999' }, /is a number/]]) {
    const part = keep(t, 'part', ['true'], { env });
    assert.equal((await part.exited).code, 2, JSON.stringify(env));
    assert.match(part.err(), words);
  }
  assert.match(run(keeper, ['--version']), /^tether-logkeep \d+\.\d+\.\d+\n$/);
  const named = keep(t, '../part', ['true']);
  assert.equal((await named.exited).code, 2);
});

test('a flood is bounded, said once, and the part is not slowed down', async (t) => {
  const part = keep(t, 'part', sh('for i in $(seq 20000); do echo "one of very many lines, and each is like the others"; done; exit 6'),
    { env: { TETHER_LOG_BYTES: '20000' } });
  assert.equal((await part.exited).code, 6);
  const bytes = part.files().map((f) => statSync(path.join(part.dir, f)).size);
  assert.ok(bytes.every((n) => n <= 20000), `${bytes}`);
  assert.equal(part.lines().filter((l) => /too many lines/.test(l)).length, bytes.length);
});
