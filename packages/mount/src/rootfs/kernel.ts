// /proc and /sys of a root, and the paths that are hidden or protected in them.
import { AT, type Preparation } from '@ns/core/authors';
import { addDetached, addReadonly } from '../build.js';
import { MOVE_MOUNT, OPEN_TREE } from '../flags.js';
import type { MountSource } from '../mounts.js';
import { type NewSource, parseNewSource } from '../parse-mount.js';
import type { Inside } from './inside.js';

const safe = { nosuid: true, nodev: true, noexec: true } as const;
const parsed = (source: MountSource) => parseNewSource(source, 'source');
const READONLY = { ...safe, readonly: true } as const;
const PROC = {
  fresh: {
    writable: parsed({ type: 'proc', ...safe }),
    readonly: parsed({ type: 'proc', ...READONLY }),
  },
  bound: {
    writable: parsed({ type: 'bind', source: '/proc', ...safe }),
    readonly: parsed({ type: 'bind', source: '/proc', ...READONLY }),
  },
} as const;
const SYS = {
  fresh: parsed({ type: 'sysfs', ...READONLY }),
  bound: parsed({ type: 'bind', source: '/sys', ...READONLY }),
} as const;
const EMPTY = parsed({ type: 'tmpfs', mode: 0o555, readonly: true });

function add(inside: Inside, path: string, source: NewSource, inUserNamespace: boolean): void {
  const step = `mounting ${path}`;
  const place = inside.directory(path, step, { real: true });
  const mount = addDetached(inside.program, source, inUserNamespace, step);
  inside.attach(mount, place, path, {}, step);
}

/** Adds the calls that mount /proc. */
export function addProc(
  inside: Inside,
  { creates }: Preparation,
  inUserNamespace: boolean,
  readonly: boolean,
): void {
  const isFresh = creates.has('pid') || !inUserNamespace;
  const sources = isFresh ? PROC.fresh : PROC.bound;
  add(inside, '/proc', readonly ? sources.readonly : sources.writable, inUserNamespace);
}

/** Adds the calls that mount /sys. */
export function addSys(inside: Inside, { creates }: Preparation, inUserNamespace: boolean): void {
  const isFresh = creates.has('net') || !inUserNamespace;
  add(inside, '/sys', isFresh ? SYS.fresh : SYS.bound, inUserNamespace);
}

/** Hides a path: a directory behind an empty one, anything else behind /dev/null. */
export function addMask(inside: Inside, path: string, inUserNamespace: boolean): void {
  const { program } = inside;
  const step = `hiding ${path}`;
  const flags = MOVE_MOUNT.F_EMPTY_PATH | MOVE_MOUNT.T_EMPTY_PATH;
  const directory = inside.tryDirectory(path, { step });
  const guarded = { ifSucceeded: directory };
  const cover = addDetached(program, EMPTY, inUserNamespace, step, guarded);
  program.call('move_mount', cover, '', directory, '', flags, { step, ...guarded });
  for (const one of [cover, directory]) program.call('close', one, guarded);

  const file = inside.open(path, { step, tolerate: ['ENOENT', 'ENOTDIR'] });
  const options = { step, ifFailed: directory };
  const clone = OPEN_TREE.CLONE | OPEN_TREE.CLOEXEC;
  const nothing = program.call('open_tree', AT.FDCWD, '/dev/null', clone, options);
  // SECURITY.md S12: it is the host's own device, whose permissions are not to be changed.
  addReadonly(program, nothing, 0, options);
  // EBADF: there is nothing to be hidden.
  program.call('move_mount', nothing, '', file, '', flags, { ...options, tolerate: ['EBADF'] });
  program.call('close', nothing, { ifFailed: directory });
  program.call('close', file, { ifSucceeded: file });
}

/** Makes a path read-only, with all mounts below, by binding it to itself. */
export function addReadonlyPath(inside: Inside, path: string): void {
  const { program } = inside;
  const step = `making ${path} read-only`;
  const found = inside.open(path, { step, tolerate: ['ENOENT', 'ENOTDIR'] });
  const options = { step, ifSucceeded: found };
  const clone = OPEN_TREE.CLONE | OPEN_TREE.CLOEXEC | AT.RECURSIVE | AT.EMPTY_PATH;
  const tree = program.call('open_tree', found, '', clone, options);
  addReadonly(program, tree, AT.RECURSIVE, options);
  const flags = MOVE_MOUNT.F_EMPTY_PATH | MOVE_MOUNT.T_EMPTY_PATH;
  program.call('move_mount', tree, '', found, '', flags, options);
  for (const one of [tree, found]) program.call('close', one, { ifSucceeded: found });
}
