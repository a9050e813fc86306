// What is secret in an operator's checkout stays there: neither git nor an image gets to see it.
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { docker, skip } from '../lib/compose.mjs';
import { folder, root, run } from '../lib/proc.mjs';

const SECRET = ['compose/.env', 'compose/own/server.key', 'compose/own/server.pem', 'compose/tether-backup.tar', 'compose/tether-2026-01-01.gpg'];

function checkout(t) {
  const dir = folder(t);
  for (const name of ['.gitignore', '.dockerignore']) cpSync(path.join(root, name), `${dir}/${name}`);
  mkdirSync(`${dir}/compose/own`, { recursive: true });
  cpSync(path.join(root, 'compose/own/.gitignore'), `${dir}/compose/own/.gitignore`);
  for (const name of [...SECRET, 'compose/backup', 'compose/.env.example']) writeFileSync(`${dir}/${name}`, '');
  return dir;
}

test('git sees no backup, no values and no key of an operator', (t) => {
  const dir = checkout(t);
  run('git', ['init', '-q', dir]);
  const seen = run('git', ['-C', dir, 'ls-files', '--others', '--exclude-standard']).split('\n').filter(Boolean).sort();
  assert.deepEqual(seen, ['.dockerignore', '.gitignore', 'compose/.env.example', 'compose/backup', 'compose/own/.gitignore']);
});

test('no image is built with a backup, values or a key of an operator within reach', { skip, timeout: 60000 }, (t) => {
  const dir = checkout(t);
  writeFileSync(`${dir}/Dockerfile`, 'FROM debian:trixie-slim\nCOPY . /context\n');
  const image = `tether-context:${process.pid}`;
  docker(['build', '-q', '-t', image, dir], { env: { ...process.env, DOCKER_BUILDKIT: '0' } });
  t.after(() => docker(['image', 'rm', '-f', image]));
  const sent = docker(['run', '--rm', '--network', 'none', image, 'find', '/context', '-type', 'f', '-printf', '%P\n']).split('\n');
  assert.ok(sent.includes('compose/backup'));
  assert.deepEqual(sent.filter((name) => SECRET.includes(name)), []);
});
