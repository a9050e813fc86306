// What /privacy promises: docs/PRIVACY.md says the same, and every number in it is in the code.
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { read, root } from '../lib/proc.mjs';

const [page, rest] = read(path.join(root, 'docs/PRIVACY.md')).split('\n---\n');
const table = (text, head) => text.slice(text.indexOf(head)).split('\n\n')[0].split('\n').slice(2)
  .map((row) => row.split('|').slice(1, -1).map((cell) => cell.trim()));

const tidy = (text) => text.replace(/\s+/g, ' ').trim();
// Sentences, each with the kind of block that it stands in.
const sentences = (kind, text) => tidy(text).split(/(?<=[.:]) (?=[A-Z])/).map((s) => `${kind} ${s}`);
const ofMarkdown = (text) => text.trim().split(/\n\n+/).flatMap((block) => {
  const [, marks, words] = block.match(/^(#*) ?([^]*)$/);
  return sentences(marks ? `h${marks.length}` : 'p', words.replace(/\[([^\]]*)\]\(([^)]*)\)/g, '$1 <$2>'));
});
const ofHtml = (html) => [...html.match(/<main[^>]*>([^]*)<\/main>/)[1].matchAll(/<(h\d|p)>([^]*?)<\/\1>/g)]
  .map(([, kind, words]) => [kind, words.replace(/<a href="([^"]*)">([^<]*)<\/a>/g, '$2 <$1>')])
  .filter(([, words]) => words !== 'About </about.html>')
  .flatMap(([kind, words]) => sentences(kind, words));

test('the page /privacy and docs/PRIVACY.md say the same, sentence by sentence', () => {
  const html = read(path.join(root, 'web/privacy.html'));
  assert.deepEqual(ofHtml(html), ofMarkdown(page));
  assert.ok(ofHtml(html).length > 20);
  // Nothing stands outside of what is compared.
  const words = tidy(html.match(/<main[^>]*>([^]*)<\/main>/)[1].replace(/<(h\d|p)>[^]*?<\/\1>/g, ''));
  assert.equal(words, '');
});

const units = { second: 1, seconds: 1, minute: 60, minutes: 60, hour: 3600, hours: 3600, day: 86400, days: 86400 };
const numbers = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'];
const seconds = (words) => {
  const [count, unit] = words.split(' ');
  return (count === 'a' || count === 'an' ? 1 : numbers.includes(count) ? numbers.indexOf(count) : Number(count)) * units[unit];
};

// "`file` A * B ms" by the file's own #defines, or a setting of a configuration file such as "1h".
function valueOf(cell) {
  const [, file, expression, unit] = cell.match(/^`([^`]+)` (.+?)(?: (ms|s))?$/);
  const text = read(path.join(root, file));
  if (file.endsWith('.conf')) {
    const [, count, letter] = text.match(new RegExp(`^${expression} (\\d+)([hdm])$`, 'm'));
    return Number(count) * { m: 60, h: 3600, d: 86400 }[letter];
  }
  const value = expression.split(' * ').map((name) => {
    const found = text.match(new RegExp(`^#define ${name}\\s+(\\d+)\\b`, 'm'));
    assert.ok(found, `${file} defines ${name}`);
    return Number(found[1]);
  }).reduce((a, b) => a * b);
  return unit === 'ms' ? value / 1000 : value;
}

test('every time that is promised is the one in the code', () => {
  const rows = table(rest, '| the page says');
  for (const [words, value, where] of rows) {
    assert.ok(tidy(page).includes(words), `the page says "${words}"`);
    assert.equal(seconds(words), parseInt(value, 10), words);
    assert.equal(valueOf(where), parseInt(value, 10), `${words}: ${where}`);
  }
  const promised = [...tidy(page).matchAll(/\b(an?|\d+|zero|one|two|three|four|five|six|seven|eight|nine|ten) (second|minute|hour|day)s?\b/g)]
    .map(([words]) => words);
  assert.ok(promised.length >= 6);
  for (const words of promised) assert.ok(rows.some((r) => r[0] === words), `"${words}" is in the table`);
});

test('the compose file keeps lines for the time that is promised, and leaves the engine nothing of its own', () => {
  const file = read(path.join(root, 'compose/compose.yaml'));
  for (const part of ['broker', 'keysvc', 'gateway']) {
    const service = file.slice(file.indexOf(`\n  ${part}:\n`)).split(/\n\n/)[0];
    assert.match(service, new RegExp(`entrypoint: \\[tether-logkeep, ${part}, `), part);
    assert.match(service, /TETHER_LOG_AGE: "\$\{TETHER_LOG_AGE:-7d\}"/, part);
  }
});

test('Prometheus is told to drop its sums in time: the oldest of a block is up to nine hours older than that', () => {
  const told = [...read(path.join(root, 'compose/Dockerfile')).matchAll(/retention\.time=(?:(\d+)d)?(?:(\d+)h)?"/g)];
  assert.equal(told.length, 1, 'one image has one such setting');
  const [, days = 0, hours = 0] = told[0];
  const oldest = Number(days) * 24 + Number(hours) + 9;
  assert.ok(oldest > 9 && oldest <= 7 * 24, `${oldest} hours`);
  for (const name of ['compose.monitoring.yaml', 'compose.monitoring-ui.yaml']) {
    assert.doesNotMatch(read(path.join(root, 'compose', name)), /retention/, `${name} says nothing else`);
  }
});

test('the journal of systemd is told of, with the same time', () => assert.match(tidy(rest), /`MaxRetentionSec=7day` and `MaxFileSec=1day`/));
