// What is installed beside the programs: each file where it belongs, completion that knows every option, a
// foot switch without a foot, and a guide that has every sentence of the screen.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { constants, openSync, statSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { bin, folder, read, root, run, start, until } from '../lib/proc.mjs';

const desktop = path.join(root, 'agent/desktop');

test('cmake --install puts menu entry, icon, completion, examples, guide, manuals and the udev rule in their places', (t) => {
  const dir = folder(t);
  run('cmake', ['--install', path.dirname(bin), '--prefix', '/usr'], { env: { ...process.env, DESTDIR: dir } });
  const share = `${dir}/usr/share`;
  for (const [file, mode] of [
    [`${dir}/usr/bin/tether`, 0o755], [`${dir}/usr/lib/udev/rules.d/60-tether.rules`, 0o644],
    [`${share}/applications/tether.desktop`, 0o644], [`${share}/icons/hicolor/scalable/apps/tether.svg`, 0o644],
    [`${share}/bash-completion/completions/tether`, 0o644], [`${share}/bash-completion/completions/tether-keysvc`, 0o644],
    [`${share}/doc/tether/examples/ring.py`, 0o755], [`${share}/doc/tether/examples/pedal.py`, 0o755],
    [`${share}/doc/tether/WEARER.md`, 0o644], [`${share}/doc/tether/headless.schema.json`, 0o644],
    [`${share}/man/man1/tether.1`, 0o644], [`${share}/man/man5/agent.conf.5`, 0o644],
  ]) assert.equal(statSync(file).mode & 0o777, mode, file);
  run('desktop-file-validate', [`${share}/applications/tether.desktop`]);
  assert.match(read(`${share}/icons/hicolor/scalable/apps/tether.svg`), /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
});

test('the window of the menu entry stays while there is something to read in it', async (t) => {
  const dir = folder(t);
  const [, line] = read(`${desktop}/tether.desktop`).match(/^Exec=sh -c "(.*)"$/m);
  const open = (code) => {
    writeFileSync(`${dir}/tether`, `#!/bin/sh\necho last words\nexit ${code}\n`, { mode: 0o755 });
    return start(t, 'sh', ['-c', line], { env: { ...process.env, PATH: `${dir}:${process.env.PATH}` } });
  };
  const failed = open(3);
  await failed.match(/last words\n\nPress Enter to close this window\.\n/);
  assert.ok(!failed.over());
  failed.write('\n');
  assert.equal((await failed.exited).code, 0);
  const well = open(0);
  assert.equal((await well.exited).code, 0);
  assert.equal(well.out(), 'last words\n');
});

// What Tab offers after these words, in a bash that knows nothing else.
function complete(program, ...words) {
  const line = [program, ...words];
  const script = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); compopt() { :; }
    f=$(complete -p "$1"); f=\${f#* -F }; \${f%% *}; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return run('bash', ['--norc', '-c', script, 'bash', `${desktop}/${program}.bash`, ...line]).split('\n').filter(Boolean);
}

test('bash completes every option that the programs know, their words and values', () => {
  const help = run(path.join(bin, 'tether'), ['--help']);
  const options = new Set(help.match(/--[a-z-]+/g));
  for (const option of options) if (option !== '--json') assert.ok(complete('tether', option).includes(option), option);
  for (const option of complete('tether', '--')) {
    if (/^--(help|version|lock|power-lock|mode-lock)$/.test(option)) continue;
    assert.ok(options.has(option), `${option} is known to tether --help`);
  }
  assert.deepEqual(complete('tether', 'st'), ['stop', 'status']);
  assert.deepEqual(complete('tether', 'status', ''), ['--json']);
  assert.deepEqual(complete('tether', '--lock', ''), ['power', 'mode']);
  assert.deepEqual(complete('tether', '--modes', 'tr'), ['training']);
  assert.deepEqual(complete('tether', '--demo', 'st'), [], 'words come first only');
  const file = `${desktop}/tether.s`;
  assert.deepEqual(complete('tether', '--config', file), [`${file}vg`]);

  const keysvc = execFileSync('sh', ['-c', '"$0" --help 2>&1 || true', path.join(bin, 'tether-keysvc')], { encoding: 'utf8' });
  for (const [, word, rest] of keysvc.matchAll(/^ {2}([a-z]+) (.*)$/gm)) {
    assert.ok(complete('tether-keysvc', '--dir', '/x', word).includes(word), word);
    for (const option of rest.match(/--[a-z-]+/g) ?? []) assert.ok(complete('tether-keysvc', word, option).includes(option), option);
  }
});

const event = (type, code, value) => {
  const bytes = Buffer.alloc(24); // struct input_event of <linux/input.h> on 64 bits
  bytes.writeUInt16LE(type, 16);
  bytes.writeUInt16LE(code, 18);
  bytes.writeInt32LE(value, 20);
  return bytes;
};

test('the foot switch stops at each press, and only then', async (t) => {
  const dir = folder(t);
  run('mkfifo', [`${dir}/switch`]);
  const agent = start(t, path.join(bin, 'tether'), ['--config', '/dev/null', '--demo', '--server', 'localhost:1', '--headless'],
    { env: { ...process.env, XDG_RUNTIME_DIR: dir } });
  await agent.match(/"box":"ok"/);
  const last = () => JSON.parse(agent.lines().findLast((l) => l.includes('"event":"state"')));
  const { stops } = last();
  const pedal = start(t, `${desktop}/examples/pedal.py`, [`${dir}/switch`],
    { env: { ...process.env, PATH: `${bin}:${process.env.PATH}`, XDG_RUNTIME_DIR: dir } });
  const device = openSync(`${dir}/switch`, constants.O_RDWR); // both, so that neither waits for the other
  await pedal.match(/ready/);
  writeSync(device, Buffer.concat([event(4, 4, 458757), event(0, 0, 0), event(1, 48, 0), event(1, 48, 2)])); // scan code, end, let go, repeat
  await new Promise((done) => { setTimeout(done, 500); });
  assert.equal(last().latched, false, 'nothing but a press stops');
  writeSync(device, Buffer.concat([event(4, 4, 458757), event(1, 48, 1), event(0, 0, 0)]));
  await until(() => last().latched, 5000, 'stopped');
  assert.equal(last().why, 'wearer');
  assert.ok(last().stops > stops);
});

test('the wearer\'s guide has every sentence of the screen', () => {
  const guide = read(path.join(root, 'docs/WEARER.md')).replace(/\s+/g, ' ');
  const table = read(path.join(root, 'agent/ui/view.c')).match(/\} words\[\] = \{([\s\S]*?)\n\};/)[1];
  const sentences = [...table.matchAll(/\{TONE_[A-Z]+,\s*((?:"(?:[^"\\]|\\.)*"\s*)+),/g)]
    .map(([, literals]) => [...literals.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, text]) => text).join(''));
  assert.equal(sentences.length, table.match(/TONE_/g).length, 'all were found');
  assert.ok(sentences.length > 20);
  for (const sentence of sentences) assert.ok(guide.includes(`| ${sentence} |`), `not in docs/WEARER.md: ${sentence}`);
});

test('the links of the wearer\'s guide lead somewhere', () => {
  const guide = read(path.join(root, 'docs/WEARER.md'));
  const files = [...guide.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map(([, to]) => path.join(root, 'docs', to));
  assert.ok(files.length >= 4);
  for (const file of files) statSync(file);
});
