// What the tests share: places to mount in without touching the machine's own mounts.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getegid, geteuid } from 'node:process';
import { Namespace, type NamespaceSpec, runSync, spawn } from '@ns/core';
import { AT, type Preparation } from '@ns/core/authors';
import { onTestFinished } from 'vitest';
import type { Mount } from './mounts.js';
import { mount } from './spec.js';

const O_WRONLY = 1;
const O_CLOEXEC = 0o2000000;

function writeFile(child: Preparation, path: string, text: string): void {
  const program = child.program('user');
  const file = program.call('openat', AT.FDCWD, path, O_WRONLY | O_CLOEXEC, 0);
  program.call('write', file, text, text.length);
}

/** A user namespace in which the present user is root. */
export function asRoot(): NamespaceSpec {
  return {
    type: 'user',
    prepare(child) {
      writeFile(child, '/proc/self/setgroups', 'deny');
      writeFile(child, '/proc/self/gid_map', `0 ${getegid?.()} 1`);
      writeFile(child, '/proc/self/uid_map', `0 ${geteuid?.()} 1`);
    },
  };
}

/** A new mount namespace without a process, in a user namespace of the present user's. */
export async function scratchNamespace(): Promise<Namespace> {
  const child = await spawn('sleep', ['60'], {
    namespaces: [asRoot(), mount()],
    stdio: 'ignore',
  });
  const { pid, exited } = child;
  const namespace = Namespace.of(pid, 'mount');
  onTestFinished(() => namespace.close());
  child.kill('SIGKILL');
  await exited;
  return namespace;
}

/** An empty directory, gone after the test. */
export function scratchDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'ns-mount-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A mount as findmnt(8) describes it. */
export interface Found {
  target: string;
  source: string;
  fstype: string;
  options: string;
  propagation: string;
}

const COLUMNS = 'TARGET,SOURCE,FSTYPE,OPTIONS,PROPAGATION';

/** Returns the mounts that findmnt(8) lists in a mount namespace. */
export function findmnt(namespace: Namespace, ...args: string[]): Found[] {
  const owner = geteuid?.() === 0 ? null : namespace.owner();
  try {
    const { stdout } = runSync('findmnt', ['-J', '-l', '-o', COLUMNS, ...args], {
      namespaces: owner === null ? [namespace] : [owner, namespace],
      trustMounts: true,
    });
    return (JSON.parse(stdout as string) as { filesystems: Found[] }).filesystems;
  } finally {
    owner?.close();
  }
}

/** Binds of the host's programs and libraries, for a new root. */
export const system: readonly Mount[] = ['/usr', '/bin', '/sbin', '/lib', '/lib64']
  .filter((path) => existsSync(path))
  .map((path) => ({ type: 'bind', source: path, target: path, readonly: true }));
