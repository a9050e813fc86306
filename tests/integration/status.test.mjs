// `tether status`, `stop` and `end`: a running tether, from another terminal. How long a stop takes is in
// stop-times.test.mjs.
import assert from 'node:assert/strict';
import { chownSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fromElsewhere, live, tether } from '../lib/elsewhere.mjs';
import { alone, bin, copyProgram, folder, start, until } from '../lib/proc.mjs';
import { childrenOf } from '../lib/stack.mjs';
import { Terminal } from '../lib/terminal.mjs';

// Where there is no other tether to be found.
const tetherAlone = (t, dir, ...words) => fromElsewhere(t, dir, [...alone, path.join(bin, 'tether'), ...words]);
const shellAlone = (t, dir, script) => fromElsewhere(t, dir, [...alone, 'bash', '-c', script]);

const demo = ['--config', '/dev/null', '--demo', '--server', 'localhost:1', '--headless'];

test('status tells how things stand, and neither the link nor the check words', async (t) => {
  const { stack, partner } = await live(t);
  await until(() => stack.agent.last('state').words !== '', 3000, 'there are check words');
  const { code, out } = await tether(t, stack.dir, 'status');
  assert.equal(code, 0);
  for (const pattern of [/^Your partner has control\./, /^A: 12 percent; cap 60 at low power, 15 at high power\.$/m,
    /^B: 0 percent; cap 60 at low power, 0 at high power\.$/m, /^Box: ok, firmware 2\.106, battery \d+ percent\.$/m,
    /^Mode: Pulse, your partner may change it\. Power: low, locked\./m, /^A partner has control, for so long: \d+ s\.$/m,
    /^The key's time left: 3 h 59 min\.$/m, /^Everything stops without a change in: (9|10) min\.$/m,
    /^Round trip to your partner's page: \d+ ms\.$/m]) assert.match(out, pattern);

  const json = JSON.parse((await tether(t, stack.dir, 'status', '--json')).out);
  assert.deepEqual([json.event, json.phase, json.level, json.words], ['state', 'live', [12, 0], '']);
  const secrets = [...stack.agent.last('state').words.split(' '), ...stack.link.split('#')[1].split('.')];
  for (const secret of secrets) assert.ok(!(out + JSON.stringify(json)).includes(secret));

  partner.send('bye');
  await partner.when((s) => s.guard === 'waiting', 3000);
  const told = async () => (await tether(t, stack.dir, 'status')).out;
  await until(async () => /^Your partner gave control back\. Both.*^Nobody has control\.$/ms.test(await told()), 3000, 'the screen\'s sentence');
});

test('with none running, status, stop and end say so and fail; a stale socket is replaced, and removed at the end', async (t) => {
  const dir = folder(t);
  for (const words of [['status'], ['status', '--json'], ['stop'], ['end']]) {
    const { code, out, err } = await tetherAlone(t, dir, ...words);
    assert.deepEqual([words[0], code, out, err], [words[0], 1, '', 'tether: no tether of yours is running\n']);
  }
  const socket = `${dir}/tether.sock`;
  writeFileSync(socket, 'what a guard that was killed has left');
  assert.equal((await tether(t, dir, 'status')).code, 1);
  const agent = start(t, path.join(bin, 'tether'), ['--config', '/dev/null', '--demo', '--server', 'localhost:1', '--headless'],
    { env: { ...process.env, XDG_RUNTIME_DIR: dir } });
  await agent.match(/"box":"ok"/);
  assert.equal(statSync(socket).mode & 0o777, 0o600);
  const { code, out } = await tether(t, dir, 'status');
  assert.equal(code, 0);
  assert.match(out, /^Nobody has control\.$/m);
  process.kill(agent.pid, 'SIGKILL');
  await agent.exited;
  assert.ok(existsSync(socket));
  assert.equal((await tether(t, dir, 'status')).code, 1, 'a killed guard does not answer');
  const again = start(t, path.join(bin, 'tether'), ['--config', '/dev/null', '--demo', '--server', 'localhost:1', '--headless'],
    { env: { ...process.env, XDG_RUNTIME_DIR: dir } });
  await again.match(/"box":"ok"/);
  assert.equal((await tether(t, dir, 'status')).code, 0);
  assert.equal((await again.stop()).code, 0);
  assert.ok(!existsSync(socket));
});

test('of many who stop at once none takes an old pid for a running tether; nor does one keep a tether from starting', async (t) => {
  const dir = folder(t);
  const stops = await shellAlone(t, dir, `sleep 60 & echo $! > ${dir}/tether.pid
    seq 1500 | xargs -P 16 -I{} sh -c '${bin}/tether stop 2>&1' | sort | uniq -c
    kill $! && echo alive`);
  assert.match(stops.out, /^ *1500 tether: no tether of yours is running\nalive\n$/);

  if (readdirSync('/dev').some((name) => name.startsWith('ttyUSB'))) return; // there it would go on
  const takes = await shellAlone(t, dir, `(while :; do ${bin}/tether stop; done) > /dev/null 2>&1 & (while :; do ${bin}/tether stop; done) > /dev/null 2>&1 &
    for i in $(seq 60); do ${bin}/tether --config /dev/null --server localhost:1 --headless < /dev/null 2>&1 | head -1; done | sort | uniq -c
    kill $(jobs -p)`);
  assert.match(takes.out, /^ *60 tether: no box found: no FTDI adapter is plugged in/);
});

test('another one is told how the running one ends', async (t) => {
  const dir = folder(t);
  const agent = start(t, path.join(bin, 'tether'), [...demo], { env: { ...process.env, XDG_RUNTIME_DIR: dir } });
  await agent.match(/"box":"ok"/);
  const { code, err } = await tether(t, dir, ...demo);
  assert.deepEqual([code, err], [1, 'tether: another tether of yours is running; `tether end` ends it\n']);
});

// A user of whom nothing runs yet, and a folder of theirs.
function somebody(t) {
  const uid = 50000 + Math.floor(Math.random() * 10000);
  const dir = folder(t);
  const program = copyProgram(dir);
  chownSync(dir, uid, uid);
  t.after(() => ['pid', 'sock'].forEach((what) => rmSync(`/tmp/tether-${uid}.${what}`, { force: true })));
  const as = (env, words) => ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', 'env', `TMPDIR=${dir}`,
    ...Object.entries(env).map(([name, value]) => `${name}=${value}`), program, ...words];
  return { uid, dir, as, run: (env, ...words) => fromElsewhere(t, dir, as(env, words)) };
}

const notRoot = process.getuid() !== 0 && 'only root can be somebody else';

test('a runtime folder that is not there counts as none; stop, status and end look wherever tether may be', { skip: notRoot }, async (t) => {
  const who = somebody(t);
  writeFileSync(`${who.dir}/file`, '');
  for (const missing of [`${who.dir}/none`, `${who.dir}/file`, '/proc', `${who.dir}/${'long/'.repeat(60)}`, '', 'run']) {
    const [file, ...args] = who.as({ XDG_RUNTIME_DIR: missing }, demo);
    const agent = start(t, file, args);
    await agent.match(/"box":"ok"/);
    assert.equal(readFileSync(`/tmp/tether-${who.uid}.pid`, 'utf8').trim(), String(agent.pid), missing);
    for (const env of [{ XDG_RUNTIME_DIR: missing }, { XDG_RUNTIME_DIR: who.dir }]) {
      assert.match((await who.run(env, 'status', '--json')).out, /"latched":(true|false)/);
      assert.match((await who.run(env, 'stop')).out, /^Stop sent/);
    }
    await agent.match(/"latched":true/);
    assert.match((await who.run({ XDG_RUNTIME_DIR: who.dir }, 'end')).out, /^The outputs go to zero/);
    assert.equal((await agent.exited).code, 0);
  }
});

test('stop and end find a tether whose runtime folder was removed and made anew, and signal nobody else', { skip: notRoot }, async (t) => {
  const who = somebody(t);
  const env = { XDG_RUNTIME_DIR: `${who.dir}/run` };
  const renew = () => { rmSync(`${who.dir}/run`, { recursive: true, force: true }); mkdirSync(`${who.dir}/run`); chownSync(`${who.dir}/run`, who.uid, who.uid); };
  renew();
  const [file, ...args] = who.as(env, demo);
  const agent = start(t, file, args);
  await agent.match(/"box":"ok"/);
  const own = new Set(Object.values(childrenOf(agent.pid)));
  // Of the same name and user, but a signal would kill it.
  copyFileSync('/usr/bin/sleep', `${who.dir}/tether`);
  const other = start(t, 'setpriv', [`--reuid=${who.uid}`, '--clear-groups', `${who.dir}/tether`, '60']);
  await until(() => readFileSync(`/proc/${other.pid}/comm`, 'utf8') === 'tether\n', 2000, 'the other one runs');
  renew();
  assert.equal((await who.run(env, 'stop')).out, 'Stop sent. Look at the box: its own knob is the last stop.\n');
  await agent.match(/"latched":true/);
  assert.deepEqual(new Set(Object.values(childrenOf(agent.pid))), own, 'its children are the same');
  assert.equal((await who.run(env, 'end')).code, 0);
  assert.equal((await agent.exited).code, 0);
  assert.equal((await who.run(env, 'stop')).code, 1);
  assert.ok(!other.over());
});

test('stop and end find one that `tether setup` has begun, too', { skip: notRoot }, async (t) => {
  const who = somebody(t);
  const env = { XDG_RUNTIME_DIR: `${who.dir}/run` };
  mkdirSync(`${who.dir}/run`);
  chownSync(`${who.dir}/run`, who.uid, who.uid);
  const terminal = new Terminal(t, who.as(env, ['setup', '--demo', '--server', 'localhost:1', '--config', `${who.dir}/mine.conf`]));
  await terminal.shows(/A is at 0 percent >/);
  rmSync(`${who.dir}/run/tether.pid`);
  assert.match((await who.run(env, 'stop')).out, /^Stop sent/);
  await terminal.shows(/Both channels are at zero\./);
  assert.match((await who.run(env, 'end')).out, /^The outputs go to zero/);
  await terminal.shows(/Nothing was written.*\[exit 1\]/);
});

test('a pid file that can\'t be made is said with its path', { skip: notRoot }, async (t) => {
  const who = somebody(t);
  writeFileSync(`/tmp/tether-${who.uid}.pid`, '');
  const { code, err } = await who.run({ XDG_RUNTIME_DIR: '/none' }, ...demo);
  assert.equal(code, 1);
  assert.match(err, new RegExp(`^tether: the pid file /tmp/tether-${who.uid}\\.pid can't be made: `));
});
