// Each part of the running stack, as the engine and the kernel show it: confined, reachable only where it has to
// be, with nothing inside that it does not need, and a list of what is inside.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Compose, compose, docker, skip, TAG } from '../lib/compose.mjs';
import { sleep } from '../lib/proc.mjs';

const PARTS = ['broker', 'keysvc', 'gateway', 'certs-watch', 'agent', 'monitoring'];
const IMAGES = ['certs', 'broker', 'keysvc', 'gateway', 'agent', 'monitoring'];
const stack = new Compose({ after }, { name: 'hardened', files: [path.join(compose, 'compose.monitoring.yaml')] });
const each = (names, what, check) => {
  for (const name of names) test(`${name}: ${what}`, { skip }, () => check(name));
};

before(async () => {
  if (skip) return;
  await stack.up();
  await stack.link();
}, { timeout: 1200000 });

// Fields of /proc/PID/status of every process of a part.
const processes = (part) => stack.pids(part).map((pid) => Object.fromEntries(readFileSync(`/proc/${pid}/status`, 'utf8')
  .split('\n').map((line) => line.split(':\t'))));

each(PARTS, 'runs as a user of its own, with a read-only root and its limits', (part) => {
  const { Config, HostConfig } = stack.inspect(part);
  assert.equal(Config.User, 'tether');
  assert.equal(HostConfig.ReadonlyRootfs, true);
  assert.deepEqual(HostConfig.CapDrop, ['ALL']);
  assert.deepEqual(HostConfig.CapAdd ?? [], []);
  assert.equal(HostConfig.Privileged, false);
  assert.ok(HostConfig.SecurityOpt.includes('no-new-privileges:true'));
  assert.ok(!HostConfig.SecurityOpt.some((o) => /unconfined/.test(o)), 'confined');
  assert.ok(HostConfig.Init, 'an init that reaps');
  assert.ok(HostConfig.Memory > 0 && HostConfig.Memory <= 512 << 20, `memory ${HostConfig.Memory}`);
  assert.equal(HostConfig.MemorySwap, HostConfig.Memory, 'no swap beside it');
  assert.ok(HostConfig.PidsLimit > 0 && HostConfig.PidsLimit <= 64, `pids ${HostConfig.PidsLimit}`);
  assert.ok(HostConfig.NanoCpus > 0 && HostConfig.NanoCpus <= 1e9, 'a limit of processor time, which a machine with one CPU has too');
  assert.deepEqual([HostConfig.PidMode, HostConfig.UTSMode, HostConfig.UsernsMode], ['', '', '']);
  assert.equal(HostConfig.IpcMode, 'private');
  assert.deepEqual(HostConfig.Devices ?? [], []);
  assert.ok(HostConfig.Ulimits.some((u) => u.Name === 'core' && u.Hard === 0), 'no core files: they hold secrets');
});

each(PARTS, 'no process inside is root, has a capability, or could gain one; each is filtered', (part) => {
  const all = processes(part);
  assert.ok(all.length >= 2, `${all.length} processes`);
  for (const p of all) {
    assert.deepEqual([p.Uid, p.Gid], ['700\t700\t700\t700', '700\t700\t700\t700'], p.Name);
    assert.equal(p.Groups?.trim() || '700', '700', p.Name);
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) {
      assert.match(p[set], /^0+$/, `${p.Name} ${set}`);
    }
    assert.equal(p.NoNewPrivs, '1', p.Name);
    assert.equal(p.Seccomp, '2', p.Name);
  }
});

each(PARTS, 'can write to /tmp and its own volumes only, and run nothing from there', (part) => {
  const mounts = stack.exec(part, 'cat', '/proc/mounts').split('\n').filter(Boolean).map((line) => line.split(' '));
  const options = (where) => mounts.find((m) => m[1] === where)[3].split(',');
  assert.ok(options('/').includes('ro'), 'root');
  for (const option of ['noexec', 'nosuid', 'nodev', 'size=16384k']) assert.ok(options('/tmp').includes(option), option);
  const tries = stack.docker(['exec', '-T', part, 'sh', '-c',
    'for d in / /etc /usr/bin /var /var/lib /home /root /run; do (: >$d/x) 2>/dev/null && echo $d; done; cp /bin/true /tmp/x; /tmp/x 2>&1; rm /tmp/x; true']);
  assert.match(tries, /^[^\n]*Permission denied\n$/, tries);
  for (const { Type, Source, RW, Destination } of stack.inspect(part).Mounts) {
    if (Destination === '/etc/tether/own') assert.equal(RW, false, 'the operator\'s files are read only');
    else assert.ok(Type === 'volume' || Type === 'tmpfs', `${Type} ${Source}`);
    assert.ok(!/docker|containerd/.test(Destination), Destination);
    if (/^\/etc\/tether\/(tls|trust)$/.test(Destination)) assert.equal(RW, part === 'certs-watch', 'one alone writes certificates');
  }
});

test('secrets are readable by the key service alone', { skip }, () => {
  const modes = stack.exec('keysvc', 'sh', '-c', 'cd /var/lib/tether && stat -c "%a %U %F %n" secrets secrets/* tokens tokens/* state')
    .trim().split('\n').map((line) => line.split(' '));
  assert.ok(modes.length >= 5, `${modes}`);
  for (const [mode, user, kind, ...rest] of modes) {
    assert.equal(user, 'tether');
    assert.match(mode, kind === 'directory' ? /^700$/ : /^600$/, `${mode} ${rest}`);
  }
  for (const part of ['broker', 'gateway', 'agent']) {
    const held = stack.inspect(part).Mounts.map((m) => m.Destination);
    assert.ok(!held.some((d) => /secrets|state/.test(d)), `${part}: ${held}`);
    if (part !== 'gateway') assert.ok(!held.some((d) => /tokens/.test(d)), `${part}: ${held}`);
  }
  const key = stack.exec('broker', 'stat', '-c', '%a', '/etc/tether/tls/server.key').trim();
  assert.equal(key, '600', 'the key of the certificate');
});

test("the certificate's key is with who serves it and who writes it, and in no other container", { skip }, () => {
  for (const part of ['broker', 'gateway']) assert.match(stack.exec(part, 'ls', '/etc/tether/tls'), /^server\.key$/m, part);
  for (const part of ['keysvc', 'agent', 'monitoring']) {
    assert.equal(stack.exec(part, 'sh', '-c', 'find / -xdev -name "server.key*" -type f 2>/dev/null; find /etc/tether /var/lib/tether -name "server.key*"'), '', part);
  }
  for (const part of ['keysvc', 'keysvc-init', 'agent', 'monitoring', 'logs'].filter((p) => stack.id(p))) {
    const { Mounts } = stack.inspect(part);
    assert.ok(!Mounts.some(({ Name, Destination }) => /_tls$/.test(Name) || /own$/.test(Destination)), `${part}: ${JSON.stringify(Mounts)}`);
  }
  // What they have instead holds who is trusted, and nothing else; and it is what the broker's folder has.
  const trusted = stack.exec('keysvc', 'sh', '-c', 'cd /etc/tether/trust && ls -A && cat ca.pem');
  assert.equal(trusted, `ca.pem\n${stack.exec('broker', 'cat', '/etc/tether/tls/ca.pem')}`);
});

test('only 8883, 443 and 80 are published', { skip }, () => {
  const published = [];
  for (const id of docker(['ps', '-q', '--filter', `label=com.docker.compose.project=${stack.project}`]).trim().split('\n')) {
    const [{ HostConfig, Config }] = JSON.parse(docker(['inspect', id]));
    const part = Config.Labels['com.docker.compose.service'];
    for (const port of Object.keys(HostConfig.PortBindings)) published.push(`${part} ${port}`);
    assert.equal(HostConfig.PublishAllPorts, false);
    assert.notEqual(HostConfig.NetworkMode, 'host');
  }
  for (const one of published) assert.ok(['broker 8883/tcp', 'gateway 8443/tcp', 'gateway 8080/tcp'].includes(one), one);
  assert.ok(published.includes('broker 8883/tcp') && published.includes('gateway 8443/tcp'), `${published}`);
  const ports = docker(['compose', '-f', stack.files[0], 'config', '--format', 'json'], { env: process.env });
  const defaults = Object.values(JSON.parse(ports).services).flatMap((s) => s.ports ?? []).map((p) => p.published);
  for (const port of defaults) assert.ok(['8883', '443', '80'].includes(port), `${port} is published by default`);
});

// Listening TCP sockets of a part, of both families: ports. Docker's own name server inside is not the part's.
function listening(part) {
  const [pid] = stack.pids(part);
  return ['tcp', 'tcp6'].flatMap((file) => readFileSync(`/proc/${pid}/net/${file}`, 'utf8').split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/)).filter((f) => f[3] === '0A' && f[1] && !f[1].startsWith('0B00007F'))
    .map((f) => parseInt(f[1].split(':')[1], 16));
}

test('the key service listens nowhere, and is on the network that leads nowhere alone', { skip }, () => {
  assert.deepEqual(listening('keysvc'), []);
  const { Networks } = stack.inspect('keysvc').NetworkSettings;
  assert.deepEqual(Object.keys(Networks), [`${stack.project}_inside`]);
  const [inside] = JSON.parse(docker(['network', 'inspect', `${stack.project}_inside`]));
  assert.equal(inside.Internal, true);
  assert.equal(inside.EnableIPv6, false, 'engines without ip6tables keep IPv6 in by nothing');
  // What it can reach: 0 when a connection is made.
  const reach = (host, port) => stack.docker(['exec', '-T', 'keysvc', 'bash', '-c',
    `timeout 2 bash -c "exec 3<>/dev/tcp/${host}/${port}" 2>/dev/null; echo $?`]).trim();
  const broker = stack.inspect('broker').NetworkSettings.Networks;
  assert.equal(reach(broker[`${stack.project}_inside`].IPAddress, 8883), '0', 'the broker inside');
  assert.notEqual(reach(broker[`${stack.project}_outside`].IPAddress, 8883), '0', 'the same broker from outside');
  assert.notEqual(reach(broker[`${stack.project}_outside`].GlobalIPv6Address, 8883), '0', 'nor over IPv6');
});

test('broker and gateway listen on the ports that are known, and on no other', { skip }, () => {
  assert.deepEqual([...new Set(listening('broker'))], [8883]);
  const ports = new Set(listening('gateway'));
  for (const port of ports) assert.ok([8443, 8080, 9464].includes(port), `port ${port}`);
  assert.ok(ports.has(8443));
});

test('metrics are told on the network inside, and refused at the address that the world reaches', { skip }, () => {
  const { Networks } = stack.inspect('gateway').NetworkSettings;
  const [inside, outside] = ['inside', 'outside'].map((name) => Networks[`${stack.project}_${name}`].IPAddress);
  // 0 when a connection is made.
  const reach = (from, host, port) => stack.exec(from, 'bash', '-c', `timeout 2 bash -c "exec 3<>/dev/tcp/${host}/${port}" 2>/dev/null; echo $?`).trim();
  for (const host of [inside, 'gateway']) assert.equal(reach('monitoring', host, 9464), '0', host);
  assert.equal(reach('certs-watch', outside, 8443), '0', 'the page is served there');
  for (const host of [outside, 'gateway', `${Networks[`${stack.project}_outside`].GlobalIPv6Address}`]) {
    assert.equal(reach('certs-watch', host, 9464), '1', `${host} refuses`);
  }
});

test('parts start again by themselves, what is done once does not', { skip }, () => {
  for (const part of ['broker', 'keysvc', 'gateway', 'certs-watch', 'monitoring']) {
    assert.equal(stack.inspect(part).HostConfig.RestartPolicy.Name, 'unless-stopped', part);
  }
  for (const part of ['certs', 'keysvc-init']) {
    const { HostConfig, State } = stack.inspect(part);
    assert.ok(['', 'no'].includes(HostConfig.RestartPolicy.Name), part);
    assert.deepEqual([State.Status, State.ExitCode], ['exited', 0], part);
    assert.equal(HostConfig.NetworkMode, 'none', part);
    assert.equal(HostConfig.ReadonlyRootfs, true, part);
  }
});

test('the parts start in an order, each when what it needs is well', { skip }, () => {
  const { services } = JSON.parse(stack.docker(['config', '--format', 'json']));
  const waits = Object.fromEntries(Object.entries(services).map(([name, { depends_on: on }]) =>
    [name, Object.entries(on ?? {}).map(([other, { condition }]) => `${other} ${condition}`).sort()]));
  const done = ['certs service_completed_successfully', 'keysvc-init service_completed_successfully'];
  assert.deepEqual([waits.certs, waits['keysvc-init'], waits.broker], [[], done.slice(0, 1), done]);
  for (const [part, first] of [['keysvc', 'broker'], ['gateway', 'keysvc'], ['certs-watch', 'gateway']]) {
    assert.deepEqual(waits[part], [`${first} service_healthy`], part);
    assert.ok(Date.parse(stack.inspect(part).State.StartedAt) > Date.parse(stack.inspect(first).State.StartedAt), part);
  }
});

// Runs a program in a fresh container of an image; its standard output.
const inImage = (image, ...command) => docker(['run', '--rm', '--network', 'none', '--entrypoint', command[0],
  `tether/${image}:${TAG}`, ...command.slice(1)]);

each(IMAGES, 'the image has a user, no compiler, no package lists, nothing that becomes root', (image) => {
  assert.equal(JSON.parse(docker(['image', 'inspect', `tether/${image}:${TAG}`]))[0].Config.User, 'tether');
  const found = inImage(image, 'sh', '-c', `for p in cc gcc g++ clang tcc make cmake ninja ld as git curl wget python3; do command -v $p; done
    ls -A /var/lib/apt/lists /var/cache/apt 2>/dev/null | grep -v : ; find / -xdev -type f -perm /6000 2>/dev/null
    find / -xdev -type f -perm -o+w 2>/dev/null; true`).trim();
  assert.equal(found, '');
  const packages = inImage(image, 'dpkg-query', '-W', '-f', '${Package}\n');
  assert.ok(packages.length > 500);
  assert.doesNotMatch(packages, /^(.*-dev|gcc-\d+|cpp-\d+|binutils|dpkg-dev|build-essential|make|cmake)$/m);
});

// The form that CycloneDX 1.5 asks for (bom-1.5.schema.json): what it requires of these parts, and nothing it
// does not know.
function assertBom(bom) {
  const known = (object, required, others) => {
    for (const key of required) assert.ok(key in object, `${key} in ${JSON.stringify(object)}`);
    for (const key of Object.keys(object)) assert.ok([...required, ...others].includes(key), `${key} is not known`);
  };
  known(bom, ['bomFormat', 'specVersion'], ['version', 'metadata', 'components']);
  assert.deepEqual([bom.bomFormat, bom.specVersion, bom.version], ['CycloneDX', '1.5', 1]);
  const refs = new Set();
  for (const part of [bom.metadata.component, ...bom.components]) {
    known(part, ['type', 'name'], ['bom-ref', 'version', 'purl', 'licenses']);
    assert.ok(['application', 'library', 'container', 'operating-system'].includes(part.type), part.type);
    assert.ok(part['bom-ref'] && !refs.has(part['bom-ref']), `${part['bom-ref']} is there once`);
    refs.add(part['bom-ref']);
    for (const { license } of part.licenses ?? []) assert.equal(license.id, 'MIT');
  }
}

each(IMAGES, 'the list of what is inside (SBOM) equals the packages that are installed', (image) => {
  const bom = JSON.parse(inImage(image, 'cat', '/usr/share/doc/tether/sbom.cdx.json'));
  assertBom(bom);
  const installed = inImage(image, 'dpkg', '-l').split('\n').filter((l) => l.startsWith('ii '))
    .map((l) => l.split(/\s+/)).map(([, name, version, arch]) => `${name.split(':')[0]} ${version} ${arch}`).sort();
  const listed = bom.components.filter((c) => c.purl).map((c) => {
    const [, name, version, arch] = c.purl.match(/^pkg:deb\/debian\/([^@]+)@([^?]+)\?arch=(\w+)&distro=debian-\d+$/);
    assert.deepEqual([decodeURIComponent(name), decodeURIComponent(version)], [c.name, c.version]);
    return `${c.name} ${c.version} ${arch}`;
  }).sort();
  assert.deepEqual(listed, installed);
  const own = bom.components.filter((c) => c.licenses);
  assert.ok(own.length > 0 && own.every((c) => /^\d+\.\d+\.\d+$/.test(c.version)), JSON.stringify(own));
});

test('the license and version that the lists tell are the sources\' own', { skip }, () => {
  const version = readFileSync(new URL('../../CMakeLists.txt', import.meta.url), 'utf8').match(/project\(tether VERSION ([\d.]+)/)[1];
  const bom = JSON.parse(inImage('keysvc', 'cat', '/usr/share/doc/tether/sbom.cdx.json'));
  assert.equal(bom.components.find((c) => c.name === 'tether-keysvc').version, version);
  assert.match(readFileSync(new URL('../../LICENSE', import.meta.url), 'utf8'), /^MIT License/);
});

test('no registry is asked for an image of ours, and one service alone builds each', { skip }, () => {
  const all = new Compose(null, { profiles: ['*'], files: [path.join(compose, 'compose.monitoring.yaml')] });
  const services = Object.entries(JSON.parse(all.docker(['config', '--format', 'json'])).services);
  assert.ok(services.length >= 9);
  const builders = {};
  for (const [name, { image, build, pull_policy: policy }] of services) {
    assert.match(image, /^tether\//);
    assert.equal(policy, 'never', name);
    if (build) (builders[image] ??= []).push(name);
  }
  for (const image of new Set(services.map(([, s]) => s.image))) assert.equal(builders[image]?.length, 1, `${image}: ${builders[image]}`);
});

// What the kernel counts for a part: { memory (bytes), cpu (us) }. Version 1 of control groups has one tree for each.
function cgroup(part) {
  const [pid] = stack.pids(part);
  const lines = readFileSync(`/proc/${pid}/cgroup`, 'utf8').trim().split('\n').map((line) => line.split(':'));
  const of = (name) => lines.find(([, list]) => list.split(',').includes(name))?.[2];
  const read = (file) => readFileSync(`/sys/fs/cgroup/${file}`, 'utf8');
  if (of('memory') && of('cpuacct')) {
    return { memory: Number(read(`memory${of('memory')}/memory.usage_in_bytes`)), cpu: Number(read(`cpuacct${of('cpuacct')}/cpuacct.usage`)) / 1000 };
  }
  const path = lines.find(([, list]) => list === '')[2];
  return { memory: Number(read(`${path}/memory.current`)), cpu: Number(read(`${path}/cpu.stat`).match(/usage_usec (\d+)/)[1]) };
}

// Not bounds but figures, for whoever plans a machine.
test('sizes of the images, memory and processor time of the idle stack', { skip }, async (t) => {
  for (const image of IMAGES) {
    const [{ Size }] = JSON.parse(docker(['image', 'inspect', `tether/${image}:${TAG}`]));
    t.diagnostic(`image ${image}: ${(Size / 1e6).toFixed(0)} MB`);
  }
  const idle = 11; // two rounds of health checks
  const before = new Map(PARTS.map((part) => [part, cgroup(part)]));
  await sleep(idle * 1000);
  for (const part of PARTS) {
    const now = cgroup(part);
    const percent = (now.cpu - before.get(part).cpu) / idle / 1e4;
    t.diagnostic(`${part}: ${(now.memory / 2 ** 20).toFixed(1)} MB of memory, ${percent.toFixed(1)} % of a core, what health checks run inside included`);
    assert.ok(now.memory > 1 << 20 && percent >= 0);
  }
});
