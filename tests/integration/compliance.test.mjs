// What docs/COMPLIANCE.md claims is held to the tree, and the support period is one date wherever it is said.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { read, root } from '../lib/proc.mjs';

// The page's tables: [{ heading, rows: [[cell]] }], without their two lines of head.
function tables(file) {
  return read(path.join(root, file)).split(/^## /m).slice(1).map((part) => ({
    heading: part.split('\n')[0],
    rows: part.split('\n').filter((l) => l.startsWith('|')).slice(2).map((l) => l.split('|').slice(1, -1).map((c) => c.trim())),
  }));
}

// All sources of tests as one text, in which a title can be found however its line is broken or its quotes escaped.
const sources = () => ['integration', 'faults', 'web', 'ui', 'compose', 'unit'].flatMap((d) =>
  readdirSync(path.join(root, 'tests', d)).filter((f) => /\.(test\.mjs|c)$/.test(f)).map((f) => read(path.join(root, 'tests', d, f))))
  .join('\n').replaceAll('\\\'', '\'').replace(/\s+/g, ' ');

test('every file and test that docs/COMPLIANCE.md names exists', () => {
  const text = sources();
  const page = read(path.join(root, 'docs/COMPLIANCE.md'));
  const titles = [...page.matchAll(/“([^”]+)”/g)].map((m) => m[1]);
  assert.ok(titles.length > 40, `${titles.length} titles`);
  for (const title of titles) {
    const there = [`test('${title}'`, `test(\`${title}\``, `${title}(void **state)`].some((t) => text.includes(t));
    assert.ok(there, `no test is called "${title}"`);
  }
  for (const [, file] of page.matchAll(/`([\w.-]+(?:\/[\w.-]+)+|[A-Z]\w+\.(?:md|txt))`/g)) {
    assert.ok(existsSync(path.join(root, file)), `there is no ${file}`);
  }
});

test('every claim of docs/COMPLIANCE.md is shown by something, or says that it is not met or does not apply', () => {
  const all = tables('docs/COMPLIANCE.md');
  for (const { heading, rows } of all) {
    for (const row of rows) {
      assert.equal(row.length, 4, `${heading}: ${row[0]}`);
      const shown = /“[^”]+”|`[^`]*[/.][^`]*`/.test(row[2]);
      const open = /\*\*Not met\*\*|Does not apply/.test(row[1]);
      assert.ok(shown || (row[2] === '-' && open), `${heading}: ${row[0]} is shown by nothing`);
    }
  }
  const [code, psti, etsi] = all;
  assert.deepEqual(code.rows.map((r) => Number.parseInt(r[0], 10)), Array.from({ length: 13 }, (_, i) => i + 1));
  assert.deepEqual(psti.rows.slice(0, 3).map((r) => Number.parseInt(r[0], 10)), [1, 2, 3]);
  const counts = { 5.1: 5, 5.2: 3, 5.3: 16, 5.4: 4, 5.5: 8, 5.6: 9, 5.7: 2, 5.8: 3, 5.9: 3, '5.10': 1, 5.11: 4, 5.12: 3, 5.13: 1, 6: 5 };
  const named = etsi.rows.flatMap((r) => [...r[0].matchAll(/\b(5\.\d+|6)-(\d+) [MR]\b/g)].map((m) => `${m[1]}-${m[2]}`));
  const wanted = Object.entries(counts).flatMap(([clause, n]) => Array.from({ length: n }, (_, i) => `${clause}-${i + 1}`));
  assert.deepEqual([...named].sort(), wanted.sort(), 'every provision stands there once');
});

test('one end of the support period, wherever it is said', () => {
  const files = ['SECURITY.md', 'README.md', 'docs/COMPLIANCE.md', 'web/about.html'];
  const dates = files.map((file) => {
    const found = [...read(path.join(root, file)).replace(/\s+/g, ' ').matchAll(/until (\d+ [A-Z][a-z]+ \d{4})/g)].map((m) => m[1]);
    assert.ok(found.length > 0, `${file} does not say until when`);
    return found;
  }).flat();
  assert.deepEqual([...new Set(dates)].length, 1, `more than one date: ${dates}`);
  assert.ok(Date.parse(`${dates[0]} UTC`) > Date.now(), `${dates[0]} is over`);
});

test('at the top of the tree is what the README names, and nothing else', () => {
  const page = read(path.join(root, 'README.md'));
  const ours = /^(\.git|\.ci|build|CHANGELOG\.md|CMakeLists\.txt|CMakePresets\.json|LICENSE|README\.md|SECURITY\.md|\.(clang-format|clang-tidy|dockerignore|editorconfig|gitignore))$/;
  const git = spawnSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }); // none: an archive, which has nothing else
  const there = git.status === 0 ? [...new Set(git.stdout.trim().split('\n').map((file) => file.split('/')[0]))] : readdirSync(root);
  const other = there.filter((name) => !ours.test(name) && !page.includes(`\`${name}/`));
  assert.deepEqual(other, []);
});
