// The whole stack on loopback, part by part: broker with the plugin, key service, gateway, a simulated
// box and the agent (headless). Each part is ended by its pid at the end of the test.
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { startBroker } from './broker.mjs';
import { BoxLog } from './boxlog.mjs';
import { startGateway } from './gateway.mjs';
import { startKeysvc } from './keysvc.mjs';
import { bin, certs, folder, freePort, root, run, start, until } from './proc.mjs';
import { startProxy } from './proxy.mjs';

// The agent with its JSON lines: events(), say(object), link(), children by name.
export class Agent {
  constructor(t, args, env) {
    this.program = start(t, path.join(bin, 'tether'), [...args, '--headless'], { env: { ...process.env, ...env } });
    this.pid = this.program.pid;
    this.env = env;
  }

  events() {
    return this.program.out().split('\n').filter((l) => l.startsWith('{')).flatMap((l) => {
      try { return [JSON.parse(l)]; } catch { return []; }
    });
  }

  say(object) { this.program.write(`${JSON.stringify(object)}\n`); }

  last(event) { return this.events().findLast((e) => e.event === event); }

  async link(ms = 20000, not) {
    return until(() => {
      if (this.program.over()) throw new Error(`the agent ended: ${this.program.err()}${this.program.out()}`);
      const link = this.last('link')?.link;
      return link !== not && link;
    }, ms, () => `a link; ${this.program.err()}${this.program.out().slice(-2000)}`);
  }

  children() { return childrenOf(this.pid); }
}

// Pids of an agent's children by role: box, link, ui, sleep.
export function childrenOf(pid) {
  const found = {};
  for (const name of readdirSync('/proc').filter((n) => /^\d+$/.test(n))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      const args = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
      if (parent === pid && args[1] === '--child') found[args[2]] = Number(name);
    } catch { /* it has gone meanwhile */ }
  }
  return found;
}

// `proxies: true` puts a proxy on each of the three connections: stack.net.{agent, gateway, page}.
export async function startStack(t, {
  agentArgs = [], firmware = '2.106', cap = 60, admit = 'always', agent = true, proxies = false, metrics, keysvcArgs = [],
} = {}) {
  const dir = folder(t);
  const tls = certs(dir + '/tls');
  const [mqttPort, httpsPort] = [await freePort(), await freePort()];
  const data = `${dir}/keysvc`;
  const stack = { dir, tls, mqttPort, httpsPort, data, log: new BoxLog(`${dir}/box.log`) };
  if (proxies) {
    stack.net = { agent: await startProxy(t, mqttPort), gateway: await startProxy(t, mqttPort),
      page: await startProxy(t, httpsPort) };
  }
  const origin = `https://localhost:${stack.net?.page.port ?? httpsPort}`;

  mkdirSync(data, { recursive: true });
  stack.keysvcOptions = { dir: data, brokerPort: mqttPort, ca: tls.ca, args: keysvcArgs };
  stack.startKeysvc = async () => { stack.keysvc = await startKeysvc(t, stack.keysvcOptions); };
  stack.startBroker = async () => { stack.broker = await startBroker(t, { dir, port: mqttPort, tls: `${dir}/tls`, data }); };
  initKeysvc(stack);
  await stack.startBroker();
  await stack.startKeysvc();
  stack.startGateway = async () => {
    stack.gateway = await startGateway(t, { port: httpsPort, tls: `${dir}/tls`, web: path.join(root, 'web'),
      brokerPort: stack.net?.gateway.port ?? mqttPort, ca: tls.ca, token: `${data}/tokens/gw-1.jwt`, origin,
      extra: metrics ? ['--metrics', `127.0.0.1:${metrics}`] : [] });
  };
  await stack.startGateway();
  stack.box = await startBox(t, dir, firmware);
  stack.agentArgs = ['--box', `${dir}/box`, '--server', `localhost:${stack.net?.agent.port ?? mqttPort}`, '--ca', tls.ca,
    '--page', `${origin}/`, '--cap-a', `${cap}`, '--cap-b', `${cap}`, '--admit', admit, ...agentArgs];
  stack.startAgent = () => { stack.agent = new Agent(t, stack.agentArgs, { XDG_RUNTIME_DIR: dir, XDG_CONFIG_HOME: dir }); return stack.agent; };
  if (agent) {
    stack.startAgent();
    stack.link = await stack.agent.link();
  }
  return stack;
}

export async function startBox(t, dir, firmware = '2.106') {
  const box = start(t, path.join(bin, 'tether-box'), ['--link', `${dir}/box`, '--firmware', firmware, '--log', `${dir}/box.log`]);
  await box.match(/ready/);
  return box;
}

// A second wearer at the servers of `stack`: a box, an agent's folder and a log of their own, no proxies.
export async function besideStack(t, stack) {
  const dir = folder(t);
  const box = await startBox(t, dir);
  const agentArgs = [...stack.agentArgs, '--box', `${dir}/box`, '--server', `localhost:${stack.mqttPort}`];
  return { ...stack, dir, box, agentArgs, log: new BoxLog(`${dir}/box.log`) };
}

// The secrets and public keys must be there before the broker starts: without keys it refuses to.
function initKeysvc(stack) {

  run(path.join(bin, 'tether-keysvc'), ['--dir', stack.data, 'init']);
}
