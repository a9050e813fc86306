// Monitoring as an operator adds it: rules that fire when they should, numbers that promtool finds nothing wrong with,
// a Prometheus that is shut in like the rest, and one alert caused for real.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Compose, compose, docker, skip, TAG } from '../lib/compose.mjs';
import { inside, newKey, Page } from '../lib/gwworld.mjs';
import { folder, freePort, root, until } from '../lib/proc.mjs';

const folderHere = path.join(root, 'tests/compose');
const image = `tether/monitoring:${TAG}`;

// promtool as the image has it, with no network.
const promtool = (args, input) => spawnSync('docker', ['run', '--rm', '-i', '--network', 'none', '--entrypoint', 'promtool', image, ...args],
  { encoding: 'utf8', input, timeout: 60000 });

describe('monitoring', { skip, timeout: 1200000 }, () => {
  const ends = [];
  const t = { after: (f) => ends.push(f) };
  let stack;

  before(async () => {
    const file = path.join(folder(t), 'prometheus.yml');
    writeFileSync(file, readFileSync(path.join(compose, 'monitoring/prometheus.yml'), 'utf8').replaceAll(': 15s', ': 1s'));
    chmodSync(path.dirname(file), 0o755);
    chmodSync(file, 0o644);
    stack = new Compose(t, { name: 'monitoring', profiles: [], soon: true, env: { TETHER_TEST_PROMETHEUS: file, TETHER_MONITORING_PORT: String(await freePort()) },
      files: [path.join(compose, 'compose.monitoring.yaml'), path.join(folderHere, 'monitoring.yaml')] });
    await stack.up();
    await stack.healthy('gateway', 60000);
    await stack.healthy('monitoring', 60000);
  });
  after(async () => { for (const end of ends.reverse()) await end(); });

  // One number of a query; undefined when there is none.
  const query = (what) => {
    const rows = JSON.parse(stack.exec('monitoring', 'promtool', 'query', 'instant', '-o', 'json', 'http://localhost:9090', what));
    return rows.length ? Number(rows[0].value[1]) : undefined;
  };

  test('configuration and rules are well-formed, and each rule fires and stays quiet as its tests say', () => {
    for (const args of [['check', 'config', '/etc/tether/monitoring/prometheus.yml'], ['check', 'rules', '/etc/tether/monitoring/alerts.yml'],
      ['test', 'rules', '/etc/tether/monitoring/alerts_test.yml']]) {
      const { status, stdout, stderr } = promtool(args);
      assert.equal(status, 0, `${args.join(' ')}\n${stdout}${stderr}`);
    }
    const rules = readFileSync(path.join(compose, 'monitoring/alerts.yml'), 'utf8').match(/(?<=- alert: )\w+/g);
    const tests = readFileSync(path.join(compose, 'monitoring/alerts_test.yml'), 'utf8');
    assert.ok(rules.length >= 10);
    for (const rule of rules) {
      assert.match(tests, new RegExp(`alertname: ${rule}, exp_alerts: \\[\\]`), `${rule} is never tested to be quiet`);
      assert.match(tests, new RegExp(`alertname: ${rule}\n +exp_alerts:`), `${rule} is never tested to fire`);
    }
  });

  test('a rule that is broken, or an expectation that is wrong, would be noticed', () => {
    const script = (change) => `cd /tmp && cp /etc/tether/monitoring/*.yml . && sed -i '${change}' alerts.yml && promtool test rules alerts_test.yml`;
    for (const change of ['s/> 8$/> 800/', 's/== 0$/== 7/', 's/< 3 \\* 86400/< 86400/', 's/0\\.8$/0.1/']) {
      const { status } = spawnSync('docker', ['run', '--rm', '--network', 'none', '--entrypoint', 'bash', image, '-c', script(change)], { timeout: 60000 });
      assert.equal(status, 1, change);
    }
  });

  test('promtool finds nothing wrong with what the gateway tells', () => {
    const answer = stack.exec('gateway', 'bash', '-c',
      'exec 3<>/dev/tcp/metrics/9464; printf "GET /metrics HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n" >&3; timeout 5 cat <&3');
    const body = answer.slice(answer.indexOf('\r\n\r\n') + 4);
    assert.match(body, /^tether_part_up\{part="auth"\} 1$/m);
    const { status, stdout, stderr } = promtool(['check', 'metrics'], body);
    assert.equal(status, 0, stdout + stderr);
    assert.equal(stdout + stderr, '');
    assert.notEqual(promtool(['check', 'metrics'], body.replace(/^# HELP tether_gateway_pages_total.*\n/m, '')).status, 0);
  });

  test('Prometheus keeps a week at most, is shut in like the rest, and is published nowhere', () => {
    const info = stack.inspect('monitoring');
    const [, days, hours] = info.Args.concat(info.Config.Entrypoint).join(' ').match(/retention\.time=(\d+)d(?:(\d+)h)?(?: |$)/);
    // The oldest of a block goes with its newest: up to 9 hours late.
    const oldest = Number(days) * 24 + Number(hours ?? 0) + 9;
    assert.ok(oldest <= 7 * 24, `${oldest} hours`);
    assert.equal(info.HostConfig.ReadonlyRootfs, true);
    assert.deepEqual(info.HostConfig.CapDrop, ['ALL']);
    assert.ok(info.HostConfig.SecurityOpt.includes('no-new-privileges:true'));
    assert.equal(info.Config.User, 'tether');
    assert.ok(info.HostConfig.Memory > 0 && info.HostConfig.PidsLimit > 0);
    assert.deepEqual(info.HostConfig.PortBindings ?? {}, {});
    assert.deepEqual(Object.keys(info.NetworkSettings.Networks), [`${stack.project}_inside`]);
    const [net] = JSON.parse(docker(['network', 'inspect', `${stack.project}_inside`]));
    assert.equal(net.Internal, true);
    console.log(`monitoring: ${docker(['stats', '--no-stream', '--format', '{{.MemUsage}}, {{.CPUPerc}} CPU', stack.id('monitoring')]).trim()}`);
  });

  test('guessed keys raise the alert, and nothing else does', async () => {
    await until(() => query('tether_gateway_refused_total{reason="forged"}') === 0, 20000, 'the counter at zero is known');
    assert.equal(query('ALERTS{alertstate="firing"}'), undefined);
    for (let i = 0; i < 10; i++) {
      const page = new Page(t, { port: stack.httpsPort, ca: stack.ca(), origin: stack.env.TETHER_ORIGIN });
      await page.join(newKey());
      assert.equal((await page.heard('refused')).why, 'forged');
    }
    const began = Date.now();
    await until(() => query('ALERTS{alertname="TetherKeyGuessing",alertstate="firing"}') === 1, 30000, 'the alert');
    console.log(`guessing: 10 forged keys, the alert after ${((Date.now() - began) / 1000).toFixed(1)} s with intervals of 1 s`);
    assert.equal(query('count(ALERTS)'), 1);
  });

  test('alerts are sent as docs/OPERATING.md says how', async () => {
    const dir = folder(t);
    chmodSync(dir, 0o755);
    const page = readFileSync(path.join(root, 'docs/OPERATING.md'), 'utf8');
    const blocks = Object.fromEntries([...page.matchAll(/```yaml file=(\S+)\n([^]*?)```/g)].map(([, name, text]) => [name, text]));
    writeFileSync(`${dir}/compose.alerting.yaml`, blocks['compose.alerting.yaml'].replace('./alerting.yml', `${dir}/alerting.yml`));
    writeFileSync(`${dir}/alerting.yml`, readFileSync(stack.env.TETHER_TEST_PROMETHEUS, 'utf8')
      + blocks['alerting.yml']);
    chmodSync(`${dir}/alerting.yml`, 0o644);
    stack.files.push(`${dir}/compose.alerting.yaml`);
    await stack.run(['up', '-d', '--no-deps', 'monitoring']);
    const network = `${stack.project}_alerting`;
    assert.equal(JSON.parse(docker(['network', 'inspect', network]))[0].Internal, false, 'a way out');
    // Whom the example names: says what it is told, and that it was understood.
    const script = `$| = 1; my $s = IO::Socket::INET->new(Listen => 5, LocalPort => 9093, ReuseAddr => 1) or die;
      while (my $c = $s->accept) { my $n = 0; while (<$c>) { print; $n = $1 if /^content-length: (\\d+)/i; last if /^\\s*$/ }
        read $c, my $body, $n; print "$body\\n"; print $c "HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n"; close $c }`;
    const manager = docker(['run', '-d', '--init', '--network', network, '--network-alias', 'alertmanager.example.org', '--entrypoint', 'perl',
      image, '-MIO::Socket::INET', '-e', script]).trim();
    try {
      const heard = () => docker(['logs', manager]);
      await until(() => /POST \/api\/v2\/alerts /.test(heard()) && heard().includes('"alertname":"TetherKeyGuessing"'), 100000, // what it can't send at its start it sends a minute later
        () => `the alert; heard ${heard()}\n${stack.logs('monitoring')}`);
    } finally {
      docker(['rm', '-f', manager]);
    }
    await stack.healthy('monitoring', 40000);
    stack.files.pop();
    await stack.run(['up', '-d', '--no-deps', 'monitoring']);
    await stack.healthy('monitoring', 40000);
    docker(['network', 'rm', network]); // no file of the stack names it any more
  });

  test('its pages are on this machine alone, when asked for, and show the alert', async () => {
    stack.files.push(path.join(compose, 'compose.monitoring-ui.yaml'));
    await stack.run(['up', '-d', '--no-deps', 'monitoring']);
    const port = stack.env.TETHER_MONITORING_PORT;
    assert.deepEqual(Object.values(stack.inspect('monitoring').HostConfig.PortBindings).flat(), [{ HostIp: '127.0.0.1', HostPort: port }]);
    const alerts = async () => {
      try {
        return JSON.parse((await inside(port, '/api/v1/alerts')).body).data.alerts;
      } catch { return []; }
    };
    await until(async () => (await alerts()).some((a) => a.labels.alertname === 'TetherKeyGuessing' && a.state === 'firing'), 60000,
      'the alert at the API of the new Prometheus, from what the old one kept');
    const text = JSON.stringify(await alerts());
    assert.doesNotMatch(text, /127\.0\.0\.1|[0-9a-f]{32}/);
  });
});
