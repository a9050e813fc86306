// Every state of the wearer's screen (tests/lib/screens.mjs) once more, on a vt100 of 100x40 without colours and UTF-8.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pictures, showStates } from '../lib/screens.mjs';
import { plain } from '../lib/terminal.mjs';

const PLAINER = /^(?!.*\x1b\[(?:\d+;)*[34][0-7]m)[\x00-\x7f]*$/s; // a picture may set the default colours

test('every state of the screen on a vt100 of 100x40', { concurrency: true, timeout: 240000 }, async (t) => {
  await showStates(t, { columns: 100, rows: 40, term: 'vt100', env: { LANG: 'C', LC_ALL: 'C' } });
  assert.ok(pictures.length >= 35, `${pictures.length} screens`);
  for (const [name, ansi] of pictures) assert.match(ansi, PLAINER, `${name}:\n${plain(ansi)}`);
});
