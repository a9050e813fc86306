// What is secret in an operator's checkout stays there: neither git nor an image gets to see it. And what is put back is whole.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
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

// With a stand-in for docker that runs what is meant for the container in a folder of this machine.
test('a restore that finds no room leaves nothing half done, and can be typed again', { timeout: 20000 }, (t) => {
  const data = mkdtempSync(path.join(tmpdir(), 'tether-full-'));
  try { run('mount', ['-t', 'tmpfs', '-o', 'size=12k', 'tmpfs', data]); } catch { return t.skip('no file system can be mounted here'); }
  t.after(() => { run('umount', ['-l', data]); rmdirSync(data); });
  const dir = folder(t);
  for (const top of [dir, data]) for (const name of ['secrets', 'keys']) mkdirSync(`${top}/${name}`);
  const saved = ['secrets/key-secret', 'secrets/sign-20260101-000000.pem', 'keys/20260101-000000.pem'];
  for (const name of saved) writeFileSync(`${dir}/${name}`, 'x');
  run('tar', ['-C', dir, '-cf', `${dir}/saved.tar`, ...saved]);
  writeFileSync(`${dir}/docker`, `#!/bin/bash\nscript=\${!#}\nexec bash -euc "\${script//\\/var\\/lib\\/tether/${data.replaceAll('/', '\\/')}}"\n`);
  chmodSync(`${dir}/docker`, 0o755);
  const restore = () => spawnSync(path.join(root, 'compose/restore'), [`${dir}/saved.tar`],
    { env: { ...process.env, PATH: `${dir}:${process.env.PATH}` }, encoding: 'utf8' });
  writeFileSync(`${data}/ballast`, Buffer.alloc(8192));
  const { status, stderr } = restore();
  assert.equal(status, 1, stderr);
  assert.match(stderr, /compose\/restore: it could not be written; nothing is left of it/);
  assert.deepEqual(readdirSync(`${data}/secrets`), []);
  rmSync(`${data}/ballast`);
  const again = restore();
  assert.equal(again.status, 0, again.stderr);
  assert.deepEqual(readdirSync(`${data}/secrets`).sort(), ['key-secret', 'sign-20260101-000000.pem']);
});
