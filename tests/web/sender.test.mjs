// web/sender.js: pace, order and signatures, with a link and a clock of our own.
import assert from 'node:assert/strict';
import test, { beforeEach } from 'node:test';
import { deriveKeys, parseLink } from '../../web/protocol.js';
import { Sender } from '../../web/sender.js';
import { commandMac, makeSession } from '../lib/fakegw.mjs';

const PAGE = '0011223344556677';
const session = makeSession();
const keys = await deriveKeys(parseLink(session.fragment));
let time;
let timers;
let link;
let facts;
let told;
let sender;

beforeEach(() => {
  time = 0;
  timers = [];
  told = [];
  facts = { a: 0, b: 0, beacon: 7 };
  link = { busy: false, up: true, out: [], send(text) { if (this.up) { this.out.push(text); } return this.up; } };
  sender = new Sender({
    keys,
    page: PAGE,
    link,
    facts: () => ({ ...facts }),
    env: {
      now: () => time,
      setTimeout: (run, ms) => timers.push({ run, at: time + ms }),
      sent: (...args) => told.push(args),
    },
  });
});

// Lets signatures finish, however long they take, then time pass, timer by timer.
let signing = 0;
const { sign } = crypto.subtle;
crypto.subtle.sign = async (...args) => {
  signing += 1;
  try {
    return await sign.apply(crypto.subtle, args);
  } finally {
    signing -= 1;
  }
};
async function signed() {
  do await new Promise(setImmediate); while (signing > 0);
}
async function pass(ms) {
  const end = time + ms;
  for (await signed(); ; await signed()) {
    timers.sort((x, y) => x.at - y.at);
    if (timers.length === 0 || timers[0].at > end) {
      break;
    }
    const { run, at } = timers.shift();
    time = at;
    run();
  }
  time = end;
}

const out = () => link.out.map((text) => JSON.parse(text));

function move(ch, value) {
  facts[ch.toLowerCase()] = value;
  sender.level(ch);
}

test('every command is signed, numbered upwards, and carries wishes and beacon', async () => {
  facts = { a: 11, b: 22, beacon: 9 };
  sender.alive();
  sender.mode('wave');
  sender.power('high');
  sender.param('C', 33);
  sender.level('B');
  await pass(1000);
  assert.equal(out().length, 5);
  out().forEach((command, i) => {
    assert.equal(command.mac, commandMac(session, command));
    assert.equal(command.n, i + 1);
    assert.deepEqual([command.a, command.b, command.beacon, command.page], [11, 22, 9, PAGE]);
  });
  assert.equal(out().find((c) => c.op === 'level').val, 22);
});

test('a command has exactly the fields of the protocol', async () => {
  sender.level('A');
  sender.hello();
  sender.alive();
  await pass(500);
  const common = ['a', 'b', 'beacon', 'mac', 'n', 'op', 'page', 'v'];
  for (const command of out()) {
    const own = command.op === 'level' ? ['ch', 'val'] : [];
    assert.deepEqual(Object.keys(command).sort(), [...common, ...own].sort());
  }
});

test('a slider that moves a thousand times a second becomes ten messages, the last one newest', async () => {
  for (let i = 1; i <= 100; i += 1) {
    move('A', i);
    time += 1;
    if (i % 10 === 0) {
      await pass(0);
    }
  }
  await pass(2000);
  const levels = out().filter((c) => c.op === 'level');
  assert.ok(levels.length >= 2 && levels.length <= 3, `${levels.length} messages in 100 ms`);
  assert.equal(levels.at(-1).val, 100);
});

test('two sliders share ten messages a second and both get through', async () => {
  for (let i = 1; i <= 50; i += 1) {
    move('A', i);
    move('B', i);
    await pass(20);
  }
  await pass(1000);
  const levels = out();
  assert.ok(levels.length <= 12, `${levels.length} messages in a second`);
  for (const ch of ['A', 'B']) {
    const own = levels.filter((c) => c.ch === ch);
    assert.ok(own.length >= 4, `${own.length} of ${ch}`);
    assert.equal(own.at(-1).val, 50);
  }
});

test('no level is sent while the socket is behind, and then only the newest', async () => {
  link.busy = true;
  move('A', 10);
  await pass(500);
  move('A', 20);
  await pass(500);
  assert.equal(link.out.length, 0);
  link.busy = false;
  await pass(200);
  assert.deepEqual(out().map((c) => c.val), [20]);
});

test('stop goes at once, unsigned, also when the socket is behind', () => {
  link.busy = true;
  assert.equal(sender.stop(), true);
  assert.deepEqual(link.out, ['{"v":1,"op":"stop"}']);
});

test('nothing that was asked before a stop is sent after it', async () => {
  move('A', 50);
  move('B', 50);
  sender.mode('wave');
  move('A', 51);
  sender.stop();
  await pass(1000);
  assert.deepEqual(out(), [{ v: 1, op: 'stop' }]);
  move('A', 5);
  await pass(1000);
  assert.equal(out().at(-1).val, 5);
});

test('a level that is being signed when stop is pressed is not sent', async () => {
  move('A', 50);
  await Promise.resolve();
  await Promise.resolve();
  sender.stop();
  await pass(1000);
  assert.deepEqual(out(), [{ v: 1, op: 'stop' }]);
});

test('stop says when there is no connection', () => {
  link.up = false;
  assert.equal(sender.stop(), false);
});

test('an alive is left out while the socket is behind', async () => {
  link.busy = true;
  sender.alive();
  await pass(100);
  assert.equal(link.out.length, 0);
});

test('bye goes in the very moment, signed, wishing zero, with a number above all others', async () => {
  sender.hello();
  await pass(0);
  facts = { a: 40, b: 40, beacon: 12 };
  sender.alive();
  move('A', 41);
  await pass(100);
  sender.bye();
  const last = out().at(-1);
  assert.equal(last.op, 'bye');
  assert.equal(last.mac, commandMac(session, last));
  assert.deepEqual([last.a, last.b], [0, 0]);
  sender.hello();
  await pass(0);
  const numbers = out().map((c) => c.n);
  assert.deepEqual(numbers, [...numbers].sort((x, y) => x - y));
  assert.equal(new Set(numbers).size, numbers.length);
});

test('a second bye is signed anew', async () => {
  sender.hello();
  await pass(0);
  sender.bye();
  sender.bye();
  await pass(0);
  const [, first, second] = out();
  assert.equal(second.op, 'bye');
  assert.ok(second.n > first.n);
  assert.equal(second.mac, commandMac(session, second));
});

test('what was handed over is told with op, channel and number', async () => {
  sender.hello();
  move('A', 3);
  await pass(0);
  assert.deepEqual(told, [['hello', undefined, 1], ['level', 'A', 2]]);
});

test('the numbers go on in another session of the same page', async () => {
  const count = { n: 0 };
  const open = () => new Sender({ keys, page: PAGE, link, count, facts: () => facts, env: { now: () => time } });
  await open().hello();
  await open().hello();
  assert.deepEqual(out().map((c) => c.n), [1, 2]);
});
