// One stack that is brought back, after each fault, to the state in which faults matter: a partner in
// control and the box at a level. What has ended is started anew, the rest is used again.
import assert from 'node:assert/strict';
import path from 'node:path';
import { monotonic } from './boxlog.mjs';
import { Partner } from './partner.mjs';
import { bin, sleep, until } from './proc.mjs';
import { family } from './sockets.mjs';
import { childrenOf, startStack } from './stack.mjs';
import { Terminal } from './terminal.mjs';

const RESUME_QUESTION = /control again, from zero\?/;
export const LEVEL = 8; // percent of A before each fault

const isAlive = (pid) => { try { process.kill(pid, 0); return true; } catch { return false; } };

// The agent as the wearer sees it in a terminal, with the parts of Agent that a rig needs. `args` come after
// the stack's, so they win; `terminal` are options of Terminal.
export class TerminalAgent {
  constructor(t, stack, { args = [], env = {}, ...terminal } = {}) {
    this.terminal = new Terminal(t, [path.join(bin, 'tether'), ...stack.agentArgs, ...args],
      { env: { XDG_RUNTIME_DIR: stack.dir, XDG_CONFIG_HOME: stack.dir, ...env }, ...terminal });
  }

  async begun() {
    this.shell = this.terminal.shell();
    this.pid = await until(() => family(this.shell)[1], 5000, 'the agent has begun');
  }

  async link(ms = 20000) {
    const shown = await until(() => this.terminal.text().replace(/\s+/g, '').match(/https:\/\/localhost:\d+\/#[\w-]{48}\.[\w-]{22}/),
      ms, () => `the link on the screen:\n${this.terminal.text()}`);
    await this.begun();
    return shown[0];
  }

  children() { return childrenOf(this.pid); }
  over() { return this.pid !== undefined && !isAlive(this.pid); }

  // r, and y to the question that follows. Called again and again until the guard has resumed.
  resume() {
    if (RESUME_QUESTION.test(this.terminal.words())) this.terminal.key('y');
    else if (Date.now() - (this.pressed ?? 0) > 400) { this.terminal.key('r'); this.pressed = Date.now(); }
  }

  // The guard takes no yes to a question that has only just come.
  allow() {
    this.asked ??= Date.now();
    if (Date.now() - this.asked < 600) return;
    this.asked = undefined;
    this.terminal.key('y');
  }

  async stop() {
    if (!this.over()) process.kill(this.pid, 'SIGTERM');
    await until(() => this.over(), 6000, 'the agent ends').catch(() => process.kill(this.pid, 'SIGKILL'));
    this.terminal.close();
  }
}

export class Rig {
  // `screen`: in a terminal, with options of TerminalAgent as `terminal`. `stack`: one that runs already.
  constructor(t, { screen = false, terminal = {}, stack, agentArgs = [], ...options } = {}) {
    Object.assign(this, { t, screen, terminal, stack });
    this.stops = undefined; // the count of zeros that the partner knew before the last fault
    this.options = { proxies: true, agentArgs: ['--rise', '20', ...agentArgs], agent: false, ...options };
  }

  get log() { return this.stack.log; }

  // Parts that have ended are started; what was frozen or unplugged is undone by the row's own cure.
  async repair() {
    this.stack ??= await startStack(this.t, this.options);
    const { stack } = this;
    if (stack.broker.over()) await stack.startBroker();
    if (!isAlive(stack.keysvc.pid)) await stack.startKeysvc();
    if (stack.gateway.over()) await stack.startGateway();
    if (this.agent === undefined || this.agent.over()) {
      this.agent = this.screen ? new TerminalAgent(this.t, stack, this.terminal) : this.headless();
      this.link = await this.agent.link();
    }
  }

  headless() {
    const agent = this.stack.startAgent();
    agent.over = () => agent.program.over();
    agent.resume = () => agent.say({ cmd: 'resume' });
    agent.allow = () => agent.say({ cmd: 'allow' });
    agent.stop = () => agent.program.stop();
    return agent;
  }

  makePartner() { return new Partner(this.link, { ca: this.stack.tls.ca }); }

  // Joins as often as the gateway sends it away, resumes where the wearer has stopped, asks until in control.
  async control(ms = 20000) {
    let joined = 0;
    await until(async () => {
      const { partner } = this;
      if (!partner || partner.closed !== undefined || partner.link.key !== this.link.split('#')[1].slice(0, 48)) {
        if (Date.now() - joined > 500) { this.partner = this.makePartner(); joined = Date.now(); }
        this.stops = undefined;
        return false;
      }
      const { guard, page, stops } = partner.state ?? {};
      if (stops === this.stops) return false; // a state from before the fault
      if (guard === 'live' && page === partner.mark) return true;
      if (guard === 'stopped') this.agent.resume();
      if (guard === 'waiting') partner.send('hello');
      if (guard === 'asking') this.agent.allow();
      await sleep(80);
      return false;
    }, ms, () => `control; last state ${JSON.stringify(this.partner?.state)}, gateway ${JSON.stringify(this.partner?.gw)}`);
  }

  // A machine that stood still meanwhile costs control (that is the design); it is taken once more then.
  async ready(tries = 3) {
    await this.repair();
    await this.control();
    try {
      await this.partner.raise('A', LEVEL, 8000); // more than a second on a quiet machine
    } catch (error) {
      if (tries === 1 || this.partner.state.guard === 'live') throw error;
      await this.ready(tries - 1);
    }
    this.stops = this.partner.state.stops;
  }

  // One repetition of a row: { cause, bound } and what it may have besides: before(rig), after(rig), cure(rig),
  // again (the partner may go on at once), ends (the agent is to be ended afterwards), timed (`cause` returns the
  // moment to count from). Milliseconds to zero.
  async once(row) {
    await this.ready();
    await row.before?.(this);
    assert.ok(this.log.now().a > 0, 'the box is at a level');
    const begun = monotonic();
    try {
      const result = await row.cause(this);
      const since = row.timed ? result : begun;
      const took = await this.log.zeroAfter(since, row.bound + 3000);
      await this.staysAtZero(row);
      await row.after?.(this, since);
      return took;
    } finally {
      await row.cure?.(this);
      if (row.ends) await this.agent.stop();
    }
  }

  // A partner who goes on as if nothing had happened gets nothing: control must be taken anew.
  async staysAtZero(row) {
    const { partner } = this;
    if (!row.again && partner.closed === undefined && partner.ws.readyState === partner.ws.OPEN) partner.level('A', 30);
    await sleep(300);
    const { a, b } = this.log.now();
    assert.deepEqual([a, b], [0, 0], 'and it stays at zero');
  }

  async close() {
    this.partner?.close();
    await this.agent?.stop();
  }
}
