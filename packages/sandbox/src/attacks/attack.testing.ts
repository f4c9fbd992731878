// An attack: it has to fail in a sandbox, and is known to succeed without the protection it is about.
import { run } from '@ns/core';
import { expect } from 'vitest';
import type { SandboxOptions } from '../options/types.js';
import { box, sh } from '../sandbox.testing.js';

/** Runs a script without a sandbox, as the calling user, and returns its output. */
export async function plain(script: string): Promise<string> {
  const { stdout } = await run('sh', ['-c', `{ ${script}\n} 2>&1`], { reject: false });
  return stdout.trim();
}

/** An attack. */
export interface Attack {
  readonly script: string;
  /** Its output if it succeeds. */
  readonly success: RegExp;
  /** The sandbox that withstands; default: one without options. */
  readonly sandbox?: SandboxOptions;
  /** The sandbox without the protection; none: no sandbox at all. */
  readonly open?: SandboxOptions;
}

/** Runs an attack both ways. */
export async function expectToWithstand({ script, success, sandbox, open }: Attack): Promise<void> {
  const without = open ? await sh(await box(open), script) : await plain(script);
  expect(without, 'the attack succeeds without the protection').toMatch(success);
  expect(await sh(await box(sandbox), script), 'the sandbox withstands').not.toMatch(success);
}

/** In its own user namespace everything is permitted. */
export const privileged: SandboxOptions = {
  user: 'root',
  capabilities: 'all',
  nestedUserNamespaces: true,
  newPrivileges: true,
};
