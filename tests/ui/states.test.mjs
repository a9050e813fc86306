// Every state of the wearer's screen on an 80x24 terminal (tests/lib/screens.mjs), and a picture of each in
// tests/artefacts/ (TETHER_PICTURES=docs/images: there too).
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { read, root } from '../lib/proc.mjs';
import { fold, pictures, rows, seen, showStates, slow, unreachable } from '../lib/screens.mjs';
import { drawScreens } from '../lib/terminal.mjs';

const artefacts = path.join(root, 'tests/artefacts');

test('every state of the screen', { concurrency: true, timeout: 240000 }, (t) => showStates(t, { columns: 80, rows: 24 }));

test('no sentence of the source was left out', () => {
  const source = read(path.join(root, 'agent/ui/view.c'));
  const table = source.slice(source.indexOf('words[] = {'), source.indexOf('};', source.indexOf('words[] = {')));
  const sentences = [...table.matchAll(/\{\s*TONE_\w+,\s*("(?:[^"\\]|\\.)*"(?:\s*"(?:[^"\\]|\\.)*")*)/g)]
    .map(([, text]) => [...text.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((m) => m[1]).join(''));
  assert.ok(sentences.length >= 25, `${sentences.length} sentences were found`);
  assert.deepEqual(sentences.filter((s) => !seen.has(s) && !unreachable[s]), []);
  assert.deepEqual(Object.keys(unreachable).filter((s) => !sentences.includes(s)), []);
});

test('each state has its picture and its line in docs/SCREENS.md', async (t) => {
  mkdirSync(artefacts, { recursive: true });
  await drawScreens(t, pictures.map(([name, ansi]) => [`${artefacts}/screen-${name}.png`, ansi]));
  const to = process.env.TETHER_PICTURES;
  if (to) for (const [name] of pictures) copyFileSync(`${artefacts}/screen-${name}.png`, path.join(root, to, `screen-${name}.png`));
  const page = fold(read(path.join(root, 'docs/SCREENS.md')));
  for (const [name, , , sentence] of rows) assert.ok(page.includes(sentence) && page.includes(`screen-${name}.png`), `${name}: ${sentence}`);
  for (const [name, , warningName, , sentence] of slow) {
    assert.ok(page.includes(sentence) && page.includes(`screen-${name}.png`) && page.includes(`screen-${warningName}.png`), name);
  }
});
