// A container whose root is an enemy: a user namespace in which the caller's ids do not exist.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { expect, onTestFinished } from 'vitest';
import { spawn } from '../commands/spawn.js';
import { Namespace } from '../namespaces/namespace.js';
import type { NamespaceSpec } from '../program/spec.js';

const isRoot = process.geteuid?.() === 0;

/** An id that no user has, nor the container of another test file: its root signals all with its id. */
export const STRANGER = 1_000_000_000 + process.pid;

/** A subordinate id of the caller, another one in each test file; undefined without any. */
function subordinate(file: string): number | undefined {
  const { uid, username } = userInfo();
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const [name, start, count] = line.split(':');
    if (name === username || name === String(uid))
      return Number(start) + (process.pid % Number(count));
  }
  return undefined;
}

/** True if the caller can make such a container: as root, or with subordinate ids. */
export const canMakeContainer =
  isRoot || (subordinate('/etc/subuid') !== undefined && subordinate('/etc/subgid') !== undefined);

/** Root there is a stranger, who made it, or a subordinate id of the caller. */
export const strangers: NamespaceSpec = {
  type: 'user',
  prepare(child) {
    if (isRoot) child.ownedBy(STRANGER, STRANGER);
    child.program('user').meet(({ pid }) => {
      if (isRoot) {
        writeFileSync(`/proc/${pid}/setgroups`, 'deny');
        writeFileSync(`/proc/${pid}/uid_map`, `0 ${STRANGER} 1`);
        writeFileSync(`/proc/${pid}/gid_map`, `0 ${STRANGER} 1`);
        return;
      }
      for (const kind of ['uid', 'gid']) {
        const id = String(subordinate(`/etc/sub${kind}`));
        execFileSync(`new${kind}map`, [String(pid), '0', id, '1']);
      }
    });
  },
};

/** A process of whose memory the enemy could have written to. */
export interface Found {
  readonly name: string;
  /** Real, effective, saved and file system id, as the enemy sees them: 65534 is not mapped. */
  readonly uids: readonly string[];
  readonly gids: readonly string[];
  readonly groups: readonly string[];
  /** The memory of a job is mapped, which the caller reads. */
  readonly job: boolean;
  /** Memory of Node is mapped. */
  readonly node: boolean;
}

/** A container, and what its root has found so far. */
export interface Container {
  readonly pid: number;
  readonly user: Namespace;
  readonly found: readonly Found[];
}

/** Starts a container whose root looks for processes that it can take over. */
export async function container(...args: readonly string[]): Promise<Container> {
  const script = readFileSync(new URL('watcher.py', import.meta.url), 'utf8');
  const enemy = await spawn('python3', ['-c', script, ...args], {
    namespaces: [strangers],
    uid: 0,
    gid: 0,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const user = Namespace.of(enemy.pid, 'user');
  onTestFinished(async () => {
    user.close();
    await enemy[Symbol.asyncDispose]();
  });
  const found: Found[] = [];
  let isWatching = false;
  void (async () => {
    for await (const line of enemy.lines) {
      if (isWatching) found.push(JSON.parse(line));
      isWatching = true;
    }
  })();
  await expect.poll(() => isWatching, { timeout: 30_000 }).toBe(true);
  return { pid: enemy.pid, user, found };
}

/** True if it has an id of the caller's, which is not mapped in the container. */
export const hasCallersIds = ({ uids, gids }: Found): boolean =>
  [...uids, ...gids].includes('65534');
