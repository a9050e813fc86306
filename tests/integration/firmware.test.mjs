// Every firmware of the 2B, through the whole stack: levels, a mode by its name, stop.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Partner } from '../lib/partner.mjs';
import { until } from '../lib/proc.mjs';
import { startStack } from '../lib/stack.mjs';

// The number of Waterfall differs (docs/BOX.md, section 4); 2.116B has nine fields, and nobody knows its
// numbers: there only the first three modes are offered.
const firmwares = [
  { version: '2.106', modes: 12, mode: 'waterfall', number: 6 },
  { version: '2.116B', modes: 3, mode: 'bounce', number: 1 },
  { version: '2.118B', modes: 15, mode: 'waterfall', number: 7 },
  { version: '2.119B', modes: 15, mode: 'waterfall', number: 7 },
  { version: '2.120B', modes: 15, mode: 'waterfall', number: 7 },
  { version: '2.131B', modes: 15, mode: 'waterfall', number: 7 },
];

describe('every firmware', { concurrency: 3 }, () => {
  for (const { version, modes, mode, number } of firmwares) {
    test(`firmware ${version}: levels, a mode by name, stop; nothing but A B C D M K is ever written`, async (t) => {
      const stack = await startStack(t, { firmware: version });
      const partner = new Partner(stack.link, { ca: stack.tls.ca });
      t.after(() => partner.close());
      await partner.takeControl();
      assert.equal(partner.state.modes.length, modes);
      await partner.raise('A', 3);
      partner.send('mode', { mode });
      const state = await partner.when((s) => s.mode === mode, 5000, 'the mode');
      assert.equal(state.a, 0);
      await until(() => stack.log.commands().some((c) => c.command === `M${number}`), 3000, `M${number}`);
      await partner.raise('B', 2);
      partner.stop();
      await until(() => stack.log.now().b === 0, 3000, 'zero');
      const letters = new Set(stack.log.commands().map((c) => c.command[0]).filter(Boolean));
      assert.deepEqual([...letters].filter((l) => !'ABCDMK'.includes(l)), []);
    });
  }
});
