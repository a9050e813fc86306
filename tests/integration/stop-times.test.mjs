// How long `tether stop` and `tether end` take from another terminal. Runs with nothing beside it.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { monotonic } from '../lib/boxlog.mjs';
import { live, tether } from '../lib/elsewhere.mjs';
import { Partner } from '../lib/partner.mjs';
import { sleep, start, until } from '../lib/proc.mjs';

// Python has the sockets that node has not: SOCK_SEQPACKET. Each client connects, and reads nothing.
const CROWD = `
import socket, sys, time
path, many = sys.argv[1], int(sys.argv[2])
held = []
print("asking", flush=True)
while True:
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.setblocking(False)
    try:
        s.connect(path)
        held.append(s)
        if len(held) == many:
            print("held", flush=True)
    except BlockingIOError:
        s.close()
        time.sleep(0.001)
    if len(held) > many:
        held.pop(0).close()
`;

test('200 clients who connect and read nothing, and go on doing it, hold up no stop', async (t) => {
  const { stack, partner } = await live(t, 8);
  const crowd = start(t, 'python3', ['-c', CROWD, `${stack.dir}/tether.sock`, '200']);
  await crowd.match(/held/, 30000);
  assert.equal((await tether(t, stack.dir, 'status')).code, 0, 'one who reads is answered too');
  assert.equal(partner.state.guard, 'live', 'nothing has stopped of itself');
  const took = [];
  for (let i = 0; i < 5; i += 1) {
    const since = monotonic();
    assert.equal((await tether(t, stack.dir, 'stop')).code, 0);
    took.push(await stack.log.zeroAfter(since, 3000));
    stack.agent.say({ cmd: 'resume' });
    await partner.when((s) => s.guard === 'waiting', 3000);
    await partner.takeControl();
    await partner.raise('A', 8);
  }
  assert.ok(!crowd.over(), crowd.err());
  t.diagnostic(`stop to zero, worst of 5: ${Math.max(...took).toFixed(0)} ms`);
  assert.ok(Math.max(...took) < 150, `${took}`);
});

test('stop latches until the wearer resumes', async (t) => {
  const { stack, partner } = await live(t);
  const since = monotonic();
  const { code, out } = await tether(t, stack.dir, 'stop');
  assert.equal(code, 0);
  assert.match(out, /^Stop sent\./);
  assert.ok(await stack.log.zeroAfter(since, 2000) < 250);
  await partner.when((s) => s.guard === 'stopped' && s.why === 'wearer', 2000);
  for (let i = 0; i < 10; i += 1) { partner.send('hello'); partner.level('A', 20); await sleep(100); }
  assert.equal(stack.log.now().a, 0);
  assert.equal(partner.state.guard, 'stopped');
  assert.match((await tether(t, stack.dir, 'status')).out, /^Stopped\. Both channels are at zero\./);
  stack.agent.say({ cmd: 'resume' });
  await partner.when((s) => s.guard === 'waiting', 2000);
});

test('end zeroes, kills the session, and the program exits with 0', async (t) => {
  const { stack, partner } = await live(t);
  const since = monotonic();
  assert.equal((await tether(t, stack.dir, 'end')).code, 0);
  assert.ok(await stack.log.zeroAfter(since, 2000) < 250);
  assert.deepEqual(await stack.agent.program.exited, { code: 0, signal: null });
  assert.ok(!existsSync(`${stack.dir}/tether.sock`));
  await until(() => partner.closed !== undefined, 5000, 'the partner is cut off');
  const late = new Partner(stack.link, { ca: stack.tls.ca });
  t.after(() => late.close());
  await until(() => late.gw.length > 0 || late.closed !== undefined, 5000, 'an answer to the old link');
  await sleep(500);
  assert.equal(late.state, undefined, 'the old link opens nothing');
  assert.match(JSON.stringify(late.gw), /over|ended|expired|refused|revoked/);
  assert.equal(readFileSync(`${stack.dir}/tether.pid`, 'utf8'), '', 'its pid is in no file any more');
});
