// What the gateway's answers let a browser do: scored as MDN's HTTP Observatory does, and tried in Chromium.
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { cpSync, existsSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { connect } from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { openBrowser } from '../lib/browser.mjs';
import { startGateway } from '../lib/gateway.mjs';
import { certs, folder, freePort, read, root, start, until, bin } from '../lib/proc.mjs';

const web = path.join(root, 'web');

// A gateway that no broker answers: for its pages alone.
async function pages(t, options = {}) {
  const dir = folder(t);
  const { ca } = certs(`${dir}/tls`);
  writeFileSync(`${dir}/token`, '');
  const port = await freePort();
  const gateway = await startGateway(t, { port, tls: `${dir}/tls`, web, ca, token: `${dir}/token`,
    brokerPort: await freePort(), reach: false, ...options });
  const get = (where, host = '127.0.0.1') => new Promise((done, fail) => {
    https.get({ host, servername: 'localhost', port, path: where, ca: readFileSync(ca), agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (d) => { body += d; });
      response.on('end', () => done({ status: response.statusCode, headers: response.headers, body }));
    }).on('error', fail);
  });
  return { ...gateway, dir, get };
}

const directives = (policy = '') => new Map(policy.split(';').map((d) => d.trim().split(/\s+/)).map(([name, ...list]) => [name, list]));

// Each check of the Observatory's score table (src/grader/charts.js and the analyzer's tests of
// mdn/mdn-http-observatory): points that the answer earns or loses.
const checks = {
  'content-security-policy': ({ headers }) => {
    const csp = directives(headers['content-security-policy']);
    const sources = (name) => csp.get(name) ?? csp.get('default-src') ?? ['*'];
    const lax = (name, ...words) => sources(name).some((s) => words.includes(s));
    if (!headers['content-security-policy']) return -25;
    if (['script-src', 'object-src'].some((name) => lax(name, "'unsafe-inline'", 'data:', 'https:', '*'))) return -20;
    if ([...csp.values()].flat().some((s) => /^(http|ws|ftp):/.test(s))) return -20;
    if (lax('script-src', "'unsafe-eval'")) return -10;
    if (lax('style-src', "'unsafe-inline'", 'data:', 'https:', '*')) return 0;
    const form = csp.get('form-action') ?? [];
    return sources('default-src').join() === "'none'" && ["'none'", "'self'"].includes(form.join()) ? 10 : 5;
  },
  'cross-origin-resource-policy': ({ headers }) =>
    (/^same-(origin|site)$/.test(headers['cross-origin-resource-policy']) ? 10 : 0),
  'cross-origin-opener-policy': ({ headers }) =>
    (/^(same-origin|same-origin-allow-popups|noopener-allow-popups)$/.test(headers['cross-origin-opener-policy']) ? 10 : 0),
  'cross-origin-embedder-policy': ({ headers }) =>
    (/^(require-corp|credentialless)$/.test(headers['cross-origin-embedder-policy']) ? 10 : 0),
  'referrer-policy': ({ headers }) => {
    const policy = headers['referrer-policy'];
    if (!policy) return 0;
    return /^(no-referrer|same-origin|strict-origin|strict-origin-when-cross-origin)$/.test(policy) ? 5 : -5;
  },
  'strict-transport-security': ({ headers }) => {
    const age = Number(headers['strict-transport-security']?.match(/max-age=(\d+)/)?.[1] ?? -1);
    if (age < 0) return -20;
    return age >= 15768000 ? 0 : -10; // being in browsers' preload list would be 5
  },
  'subresource-integrity': ({ body, headers }) => {
    const tags = headers['content-type'].startsWith('text/html') ? body.match(/<script\b[^>]*>/g) ?? [] : [];
    return tags.some((tag) => /\ssrc="\/[^/][^"]*"/.test(tag) && /\sintegrity="sha/.test(tag)) ? 5 : 0;
  },
  'x-frame-options': ({ headers }) => {
    const csp = directives(headers['content-security-policy']);
    return csp.has('frame-ancestors') || /^(DENY|SAMEORIGIN)$/.test(headers['x-frame-options']) ? 5 : -20;
  },
  'x-content-type-options': ({ headers }) => (headers['x-content-type-options'] === 'nosniff' ? 0 : -5),
  cookies: ({ headers }) => (headers['set-cookie'] ? -40 : 0),
  cors: ({ headers }) => (headers['access-control-allow-origin'] ? -50 : 0),
};

// Points below 100 always count; extra ones only where those leave at least 90.
function score(answer) {
  const points = Object.values(checks).map((check) => check(answer));
  const base = 100 + points.filter((p) => p < 0).reduce((a, b) => a + b, 0);
  return base < 90 ? base : base + points.filter((p) => p > 0).reduce((a, b) => a + b, 0);
}

test('every answer scores what the Observatory gives at most without preload lists and cookies', async (t) => {
  const gw = await pages(t, { extra: ['--contact', 'mailto:safety@example.org'] });
  const html = ['/', '/index.html'];
  const rest = ['/privacy', '/privacy.html', '/about', '/about.html', '/nothing', '/.well-known/security.txt',
    ...readdirSync(web).filter((f) => !f.endsWith('.html')).map((f) => `/${f}`)];
  // 100, CSP 10, CORP 10, COOP 10, COEP 10, Referrer-Policy 5, framing 5; integrity 5 where there is a script.
  for (const [most, list] of [[155, html], [150, rest]]) {
    for (const where of list) {
      const answer = await gw.get(where);
      assert.equal(answer.status, where === '/nothing' ? 404 : 200, where);
      assert.equal(score(answer), most, `${where} ${JSON.stringify(answer.headers)}`);
      assert.equal(answer.headers['strict-transport-security'], 'max-age=63072000',
        'without includeSubDomains: other hosts below this name are not ours');
      if (answer.headers['content-type'].startsWith('text/html')) assert.equal(answer.headers['cache-control'], 'no-store', where);
    }
  }
  t.diagnostic(`HTTP Observatory: ${score(await gw.get('/'))} points, A+`);
  // The score counts no missing redirection as long as plain HTTP is not spoken at all.
  const plain = await new Promise((done) => {
    const socket = connect(gw.port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'));
    let all = '';
    socket.on('data', (d) => { all += d.toString('latin1'); });
    socket.on('error', () => {});
    socket.on('close', () => done(all));
  });
  assert.doesNotMatch(plain, /HTTP\//);
});

test('the score falls with each header that is taken away', async (t) => {
  const gw = await pages(t);
  const answer = await gw.get('/');
  for (const name of ['content-security-policy', 'cross-origin-resource-policy', 'cross-origin-opener-policy',
    'cross-origin-embedder-policy', 'referrer-policy', 'strict-transport-security', 'x-content-type-options']) {
    const { [name]: gone, ...headers } = answer.headers;
    assert.ok(gone, name);
    assert.ok(score({ ...answer, headers }) < 155, name);
  }
});

const hash = (text) => `sha384-${createHash('sha384').update(text).digest('base64')}`;

test('every script and style sheet that a page names carries the hash of what is served', async (t) => {
  const gw = await pages(t);
  for (const where of ['/', '/about', '/privacy']) {
    const { body } = await gw.get(where);
    const named = [...body.matchAll(/="\/([\w-]+\.(?:js|css))"( integrity="([^"]+)")?/g)];
    assert.ok(named.length > 0, where);
    for (const [, name, , integrity] of named) assert.equal(integrity, hash((await gw.get(`/${name}`)).body), `${where} ${name}`);
    if (where === '/') {
      const modules = readdirSync(web).filter((f) => f.endsWith('.js')).sort();
      assert.deepEqual(named.map((n) => n[1]).filter((n) => n.endsWith('.js')).sort(), modules);
    }
    assert.equal(body.replace(/ integrity="[^"]+"/g, ''), read(path.join(web, `${where === '/' ? '/index' : where}.html`)));
  }
});

async function chromium(t, gw, routes = {}) {
  const browser = await openBrowser(t);
  const page = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
  const said = [];
  page.on('console', (m) => { if (m.type() === 'error') said.push(m.text()); });
  page.on('pageerror', (error) => said.push(String(error)));
  for (const [name, change] of Object.entries(routes)) {
    await page.route(`**/${name}`, (route) => route.fulfill({ contentType: 'text/javascript; charset=utf-8',
      body: change(read(path.join(web, name))) }));
  }
  await page.goto(`${gw.origin}/`);
  await page.waitForLoadState('load');
  return { page, said };
}

const heading = (page) => page.getByRole('heading', { level: 1 }).textContent();

test('the page runs under its own policy, with one feature of the browser left open', async (t) => {
  const gw = await pages(t);
  const { page, said } = await chromium(t, gw, { 'main.js': (text) => text, 'link.js': (text) => text });
  await until(async () => await heading(page) === 'Tether', 5000, 'the page has drawn itself');
  assert.doesNotMatch(await page.getByRole('status').textContent(), /load it again/);
  assert.deepEqual(said, []);
  // Client hints are headers that only a server's Accept-CH asks for; aria-notify speaks to screen readers.
  const open = await page.evaluate(() => document.featurePolicy.allowedFeatures().filter((f) => !f.startsWith('ch-')).sort());
  assert.deepEqual(open, ['aria-notify', 'screen-wake-lock']);
  const error = await page.evaluate(() => { try { document.body.innerHTML = '<p>'; } catch (e) { return e.name; } return 'none'; });
  assert.equal(error, 'TypeError', 'text is no markup');
});

for (const name of ['main.js', 'protocol.js']) {
  test(`a ${name} of another version is refused by the browser`, async (t) => {
    const gw = await pages(t);
    const { page, said } = await chromium(t, gw, { [name]: (text) => `${text}\n` });
    await until(() => said.some((s) => /digest|integrity/i.test(s)), 5000, () => `the browser says why: ${said}`);
    assert.equal(await heading(page), '');
    assert.match(await page.getByRole('status').textContent(), /load it again\./, 'and people are told what helps');
  });
}

test('security.txt is what RFC 9116 asks for, and holds for less than a year', async (t) => {
  const gw = await pages(t, { extra: ['--contact', 'mailto:safety@example.org'] });
  const { status, headers, body } = await gw.get('/.well-known/security.txt');
  assert.equal(status, 200);
  assert.equal(headers['content-type'], 'text/plain; charset=utf-8');
  const fields = body.trimEnd().split('\n').map((line) => line.match(/^([A-Z][A-Za-z-]+): (\S.*)$/).slice(1));
  const of = (name) => fields.filter(([n]) => n === name).map(([, value]) => value);
  assert.deepEqual(of('Contact'), ['mailto:safety@example.org']);
  assert.deepEqual(of('Canonical'), [`${gw.origin}/.well-known/security.txt`]);
  assert.deepEqual(of('Preferred-Languages'), ['en']);
  const [expires, more] = of('Expires');
  assert.equal(more, undefined);
  assert.match(expires, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  const days = (new Date(expires) - Date.now()) / 86400000;
  assert.ok(days > 0 && days < 365, `${days} days`);
});

test('without a contact there is no security.txt, and a wrong one is said at once', async (t) => {
  const gw = await pages(t);
  assert.equal((await gw.get('/.well-known/security.txt')).status, 404);
  assert.match(gw.err(), /without --contact/);
  for (const contact of ['safety@example.org', 'http://example.org/', 'mailto:', 'mailto:a b@example.org', 'mailto:a\nb']) {
    const args = ['listen', 'cert', 'key', 'web', 'broker', 'ca', 'token', 'origin'].flatMap((name) => [`--${name}`, {
      listen: '127.0.0.1:1', web, broker: 'localhost:1', origin: 'https://localhost' }[name] ?? `${gw.dir}/none`]);
    const program = start(t, path.join(bin, 'tether-gateway'), [...args, '--contact', contact]);
    assert.equal((await program.exited).code, 2, contact);
    assert.match(program.err(), /--contact wants mailto:/);
  }
});

test('privacy and about are there under both names, with this version and the support period', async (t) => {
  const gw = await pages(t);
  const [, version] = read(path.join(root, 'CMakeLists.txt')).match(/project\(tether VERSION ([\d.]+)/);
  for (const name of ['about', 'privacy']) {
    const [plain, html] = [await gw.get(`/${name}`), await gw.get(`/${name}.html`)];
    assert.equal(plain.status, 200);
    assert.equal(plain.body, html.body);
  }
  const { body } = await gw.get('/about');
  assert.ok(body.includes(`version ${version}.`));
  assert.ok(body.includes('until 31 December 2031'));
  assert.match(read(path.join(root, 'SECURITY.md')), /until 31 December 2031/);
});

test('an IPv6 address is listened on, and nothing else', async (t) => {
  const gw = await pages(t, { address: '[::1]' });
  assert.equal((await gw.get('/', '::1')).status, 200);
  await assert.rejects(gw.get('/', '127.0.0.1'), /ECONNREFUSED/);
});

// Landlock closes the files; a sanitizer's run-time needs them open.
const noLandlock = (() => {
  const lsm = '/sys/kernel/security/lsm';
  if (readFileSync(path.join(bin, 'tether-gateway')).includes('__asan_init')) return 'built with sanitizers';
  const there = existsSync(lsm) ? read(lsm).includes('landlock') : read('/proc/kallsyms').includes('landlock_create_ruleset');
  return !there && 'this kernel has no Landlock';
})();

test('a new certificate is read from its own folder, and from nowhere else', { skip: noLandlock }, async (t) => {
  const gw = await pages(t);
  const other = folder(t);
  const cert = `${gw.dir}/tls/server.pem`;
  cpSync(cert, `${other}/server.pem`);
  gw.child.kill('SIGHUP');
  await gw.match(/certificate read again/);
  rmSync(cert);
  symlinkSync(`${other}/server.pem`, cert);
  gw.child.kill('SIGHUP');
  await gw.match(/the new certificate can't be used/);
  assert.equal((await gw.get('/')).status, 200);
});

test('a certificate that does not fit its key changes nothing', async (t) => {
  const gw = await pages(t);
  const file = `${gw.dir}/tls/server.key`;
  const pem = read(file);
  writeFileSync(file, generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }));
  gw.child.kill('SIGHUP');
  await gw.match(/the new certificate can't be used/);
  assert.equal((await gw.get('/')).status, 200);
  writeFileSync(file, pem);
  gw.child.kill('SIGHUP');
  await gw.match(/certificate read again/);
  assert.equal((await gw.get('/')).status, 200);
});
