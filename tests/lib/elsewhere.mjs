// `tether WORD...` as from another terminal, and a session for it to find.
import path from 'node:path';
import { Partner } from './partner.mjs';
import { bin, start } from './proc.mjs';
import { startStack } from './stack.mjs';

// Runs a program to its end where the tether of `dir` is found: { code, out, err }.
export async function fromElsewhere(t, dir, [file, ...args]) {
  const program = start(t, file, args, { env: { ...process.env, XDG_RUNTIME_DIR: dir } });
  const { code } = await program.exited;
  return { code, out: program.out(), err: program.err() };
}

export const tether = (t, dir, ...words) => fromElsewhere(t, dir, [path.join(bin, 'tether'), ...words]);

// A partner in control, A at `level`.
export async function live(t, level = 12) {
  const stack = await startStack(t, { agentArgs: ['--high-cap-a', '15', '--rise', '20'] });
  const partner = new Partner(stack.link, { ca: stack.tls.ca });
  t.after(() => partner.close());
  await partner.takeControl();
  await partner.raise('A', level);
  return { stack, partner };
}
