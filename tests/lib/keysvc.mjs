// The key service as the operator runs it, and clients that ask it over MQTT.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { connect, hexId, startBroker } from './broker.mjs';
import { bin, certs, folder, freePort, read, start, until } from './proc.mjs';

export const program = path.join(bin, 'tether-keysvc');

// Runs one command to its end: { code, out, err }. Never throws on an exit code.
export async function keysvc(args, { input, env } = {}) {
  const running = promisify(execFile)(program, args, { encoding: 'utf8', env: env ?? process.env });
  if (input !== undefined) running.child.stdin.end(input);
  try {
    const { stdout, stderr } = await running;
    return { code: 0, out: stdout, err: stderr };
  } catch (error) {
    return { code: error.code, out: error.stdout, err: error.stderr };
  }
}

// Starts the daemon (after `init`, which changes nothing where secrets are) and waits until it has written the
// gateways' tokens and, unless `connected` is false, has reached the broker. Ended with test context `t`.
// Returns { dir, tokens: [paths], revoke(...what), list(), status(), pid, children(), log(), stop(), exited }.
export async function startKeysvc(t, { dir, brokerPort, ca, gateways = 1, connected = true, args = [], env }) {
  const made = await keysvc(['--dir', dir, 'init', '--if-missing']);
  if (made.code !== 0) throw new Error(`init failed: ${made.err}`);
  const daemon = start(t, program, ['--dir', dir, 'run', '--broker', `localhost:${brokerPort}`, '--ca', ca,
    '--gateways', String(gateways), ...args], env ? { env } : {});
  await daemon.match(/keysvc: ready/, 10000);
  if (connected) await daemon.match(/connected to the broker/, 15000);
  return {
    dir,
    tokens: Array.from({ length: gateways }, (_, i) => path.join(dir, `tokens/gw-${i + 1}.jwt`)),
    revoke: (...what) => keysvc(['--dir', dir, 'revoke', ...what]),
    list: async () => JSON.parse((await keysvc(['--dir', dir, 'list', '--json'])).out),
    status: async () => JSON.parse((await keysvc(['--dir', dir, 'status', '--json'])).out),
    pid: daemon.pid,
    children: () => childrenOf(daemon.pid),
    log: () => daemon.out() + daemon.err(),
    match: daemon.match,
    stop: daemon.stop,
    exited: daemon.exited,
  };
}

// { signer: pid, net: pid }, as far as they run.
function childrenOf(pid) {
  const found = {};
  for (const child of readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)) {
    try {
      const [, flag, name] = readFileSync(`/proc/${child}/cmdline`, 'utf8').split('\0');
      if (flag === '--child') found[name] = Number(child);
    } catch { /* it has gone meanwhile */ }
  }
  return found;
}

export const element = () => randomBytes(32).toString('base64url');
export const issueRequest = (fields = {}) =>
  ({ v: 1, op: 'issue', id: 7, agent: element(), link: element(), version: '0.1.0', ...fields });

// What a JWT of the key service says, unverified.
export const claimsOf = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());

// A client that asks the key service: `who` is { role, client, token } or { role: 'guest' }, `options` go to MQTT.js.
// ask(object or text) resolves with the parsed answer.
export async function connectAsker(t, { port, ca, who, options }) {
  const self = { client: hexId(), ...who };
  const mqtt = await connect(t, { port, ca, who: self, options });
  const [req, res] = ['req', 'res'].map((end) => `key/${self.role}/${self.client}/${end}`);
  await mqtt.subscribe(res);
  const ask = async (request, ms = 10000) => {
    await mqtt.publish(req, typeof request === 'string' ? request : JSON.stringify(request));
    return JSON.parse(await mqtt.next(res, ms));
  };
  return { ...mqtt, ...self, ask };
}

// A gateway, with the token that the key service wrote for it.
export async function connectGateway(t, { port, ca, file, options }) {
  const token = readFileSync(file, 'utf8').trim();
  const asker = await connectAsker(t, { port, ca, options, who: { role: 'gw', client: claimsOf(token).sub, token } });
  return { ...asker, redeem: (key) => asker.ask({ v: 1, op: 'redeem', id: 8, key }) };
}

// A new session as an agent gets it: asked for by a guest. Returns the key service's answer.
// With `address`, from that one: the broker limits how often one address may come.
export async function issueAsGuest(t, { port, ca, address }, fields) {
  const guest = await connectAsker(t, { port, ca, who: { role: 'guest' }, options: { localAddress: address } });
  const answer = await guest.ask(issueRequest(fields));
  await guest.end();
  return answer;
}

// True within `ms`, for what has to happen soon.
export const soon = (check, what, ms = 5000) => until(check, ms, what);

// Broker, key service and where they are: what most tests begin with.
export async function setUp(t, options = {}) {
  const dir = folder(t);
  const tls = certs(`${dir}/tls`);
  const data = `${dir}/data`;
  const port = await freePort();
  await keysvc(['--dir', data, 'init']);
  const brokerOptions = { dir, port, tls: `${dir}/tls`, data };
  const broker = await startBroker(t, brokerOptions);
  const daemonOptions = { dir: data, brokerPort: port, ca: tls.ca, ...options };
  const daemon = await startKeysvc(t, daemonOptions);
  return { dir, data, port, ca: tls.ca, broker, brokerOptions, daemon, daemonOptions };
}

// A session with its agent and a partner connected, as the gateway would do it.
export async function joinedSession(t, at, gateway) {
  const issued = await issueAsGuest(t, at);
  const agent = await connectAsker(t, { ...at, who: { role: 'agent', client: issued.client, token: issued.token } });
  await agent.subscribe(`s/${issued.sid}/cmd`);
  const redeemed = await gateway.redeem(issued.key);
  const partner = await connect(t, { ...at, who: redeemed });
  await partner.subscribe(`s/${issued.sid}/state`);
  return { issued, agent, redeemed, partner };
}

// What the revocation file says now.
export const revokedLines = (data) => read(`${data}/revoked/revoked`).split('\n').filter(Boolean);
