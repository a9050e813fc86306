// The admin revokes: from the command's return on, how long until both sides are cut and the box is at zero?
// Worst of ROUNDS in one stack.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { monotonic } from '../lib/boxlog.mjs';
import { Partner, parseLink } from '../lib/partner.mjs';
import { until } from '../lib/proc.mjs';
import { startStack } from '../lib/stack.mjs';

const ROUNDS = Number(process.env.TETHER_REVOKE_ROUNDS ?? 20);
const BOUND = 2000;

// The moment at which `check` first holds, by the clock of the box's log.
const moment = (check, what) => until(check, BOUND + 3000, what).then(monotonic);

async function round(t, stack, old) {
  const agent = stack.startAgent();
  const link = await agent.link(20000, old);
  const partner = new Partner(link, { ca: stack.tls.ca });
  t.after(() => partner.close());
  await partner.takeControl();
  await partner.raise('A', 8);
  const cuts = [
    moment(() => partner.gw.some((m) => m.gw === 'ended' && m.why === 'revoked') && partner.closed, 'the page is told and closed'),
    moment(() => JSON.stringify(agent.events()).includes('its key was revoked'), 'the wearer is told'),
  ];
  const asked = monotonic();
  const { code } = await stack.keysvc.revoke(parseLink(link).sid.toString('hex'));
  const returned = monotonic();
  assert.equal(code, 0);
  const zero = asked + await stack.log.zeroAfter(asked, BOUND + 3000);
  const [page, wearer] = await Promise.all(cuts);
  await agent.program.stop();
  partner.close();
  return { link, ms: { page: page - returned, wearer: wearer - returned, zero: zero - returned } };
}

test(`revoke: both sides cut and the box at zero within 2 s of the command's return, worst of ${ROUNDS}`, { timeout: ROUNDS * 30000 }, async (t) => {
  const stack = await startStack(t, { agent: false });
  const worst = { page: -Infinity, wearer: -Infinity, zero: -Infinity };
  let link;
  for (let i = 0; i < ROUNDS; i += 1) {
    const result = await round(t, stack, link);
    link = result.link;
    for (const [name, ms] of Object.entries(result.ms)) worst[name] = Math.max(worst[name], ms);
  }
  const figures = Object.entries(worst).map(([name, ms]) => `${name} ${ms.toFixed(0)} ms`).join(', ');
  console.log(`\nAfter the return of \`tether-keysvc revoke\` (below 0: before it), worst of ${ROUNDS}: ${figures}\n`);
  for (const [name, ms] of Object.entries(worst)) assert.ok(ms <= BOUND, `${name}: ${ms.toFixed(0)} ms`);
});
