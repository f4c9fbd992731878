// What the tests of sandboxes share.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, onTestFinished } from 'vitest';
import { createSandbox } from './create-sandbox.js';
import type { SandboxOptions } from './options/types.js';
import type { Sandbox } from './sandbox.js';

/** A sandbox that is stopped after the test. */
export async function box(options: SandboxOptions = {}): Promise<Sandbox> {
  const made = await createSandbox(options);
  onTestFinished(() => made.stop());
  return made;
}

/** The output of a shell script in a sandbox, both streams of it, whatever its end. */
export async function sh(sandbox: Sandbox, script: string): Promise<string> {
  const { stdout } = await sandbox.run('sh', ['-c', `{ ${script}\n} 2>&1`], { reject: false });
  return stdout.trim();
}

/**
 * The directory for temporary ones. Scripts of attacks name paths below it without quotes, and run on
 * the host too, as root: a blank in it would let `rm -rf` remove what the first word names.
 */
function plainTemporary(): string {
  const directory = process.env.TMPDIR ?? '/tmp';
  return /^[\w./-]+$/.test(directory) ? directory : '/tmp';
}

/** A directory outside that is removed after the test. Not in /tmp, which sandboxes have their own of. */
export function outside(top = plainTemporary()): string {
  const made = mkdtempSync(join(top, 'ns-outside-'));
  chmodSync(made, 0o777); // also for whom root's commands are
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** A place of this test alone for temporary directories. */
export function ownTemporaries(): string {
  const before = process.env.TMPDIR;
  const made = outside();
  process.env.TMPDIR = made;
  onTestFinished(() => {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  });
  return made;
}

/** Lets each test of the file make what others can read, as most of a host is, whatever the caller's umask. */
export function readableByOthers(): void {
  beforeEach(({ onTestFinished }) => {
    const before = process.umask(0o022);
    onTestFinished(() => void process.umask(before));
  });
}
