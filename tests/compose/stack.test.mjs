// The compose stack brought up and driven by a browser, as an operator and a partner would.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { drivePage, openBrowser } from '../lib/browser.mjs';
import { freePort, root, sleep, until } from '../lib/proc.mjs';

const compose = path.join(root, 'compose/compose.yaml');
const engine = spawnSync('docker', ['compose', 'version']).status === 0 && spawnSync('docker', ['info']).status === 0
  && spawnSync('docker', ['image', 'inspect', 'debian:trixie-slim']).status === 0;
const skip = engine ? false : 'no Docker engine with compose and the image debian:trixie-slim here';

test('docker compose up: a browser drives a simulated box through it', { skip, timeout: 1200000 }, async (t) => {
  const [https, mqtt] = [await freePort(), await freePort()];
  const env = { ...process.env, TETHER_BIND: '127.0.0.1', TETHER_HTTPS_PORT: String(https), TETHER_MQTT_PORT: String(mqtt),
    TETHER_ORIGIN: `https://localhost:${https}`, COMPOSE_PROJECT_NAME: `tether-test-${process.pid}`, COMPOSE_PROFILES: 'demo',
    DOCKER_BUILDKIT: '0' };
  const docker = (args, options = {}) => execFileSync('docker', ['compose', '-f', compose, ...args],
    { env, encoding: 'utf8', maxBuffer: 1 << 26, stdio: ['ignore', 'pipe', 'pipe'], ...options });
  t.after(() => docker(['down', '--volumes', '--remove-orphans', '--timeout', '5']));
  docker(['build', '-q']);
  docker(['up', '-d']);

  const link = await until(() => docker(['logs', '--no-log-prefix', 'agent'])
    .match(/"link":"(https:[^"]+)"/)?.[1], 60000, `a link in the agent's log:\n${docker(['logs', '--tail', '20'])}`);
  const levels = () => docker(['exec', '-T', 'agent', 'cat', '/tmp/box.log']).split('\n').filter((l) => l.includes(' level '));
  const browser = await openBrowser(t);
  await drivePage(browser, link, {
    raised: () => until(() => levels().at(-1)?.includes('A=15 '), 15000, 'A at 15 in the box'),
    stopped: () => until(() => levels().at(-1)?.includes('A=0 B=0'), 5000, 'zero in the box'),
  }, 15);
  mkdirSync(path.join(root, 'tests/artefacts'), { recursive: true });

  // Hardened as the file says, read off the running containers.
  for (const name of ['broker', 'keysvc', 'gateway', 'agent']) {
    const id = docker(['ps', '-q', name]).trim();
    const [info] = JSON.parse(execFileSync('docker', ['inspect', id], { encoding: 'utf8' }));
    assert.equal(info.HostConfig.ReadonlyRootfs, true, `${name}: read-only root`);
    assert.deepEqual(info.HostConfig.CapDrop, ['ALL'], `${name}: no capabilities`);
    assert.equal(info.Config.User, 'tether', `${name}: not root`);
  }
  assert.equal(docker(['exec', '-T', 'keysvc', 'tether-keysvc', 'list', '--json']).includes('sid'), true);
  await sleep(100);
});
