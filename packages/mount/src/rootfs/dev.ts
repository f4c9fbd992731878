// A /dev with what programs expect, and no other devices.
import { AT, type Call } from '@ns/core/authors';
import { O_CLOEXEC } from '@ns/core/sys';
import { addDetached, addReadonly } from '../build.js';
import { OPEN_TREE } from '../flags.js';
import type { MountSource } from '../mounts.js';
import { parseNewSource } from '../parse-mount.js';
import type { Inside } from './inside.js';

const S_IFCHR = 0o20000;
const O_CREAT = 0o100;
const O_EXCL = 0o200;

/** Device numbers, major and minor. @see the kernel's list of devices */
const devices: Readonly<Record<string, readonly [major: number, minor: number]>> = {
  null: [1, 3],
  zero: [1, 5],
  full: [1, 7],
  random: [1, 8],
  urandom: [1, 9],
  tty: [5, 0],
};

const links: Readonly<Record<string, string>> = {
  fd: '/proc/self/fd',
  stdin: '/proc/self/fd/0',
  stdout: '/proc/self/fd/1',
  stderr: '/proc/self/fd/2',
  ptmx: 'pts/ptmx',
};

const safe = { nosuid: true, noexec: true } as const;
const parsed = (source: MountSource) => parseNewSource(source, 'dev');
const DEV = parsed({ type: 'tmpfs', mode: 0o755, size: '64k', inodes: 1024, ...safe });
const PTS = parsed({ type: 'devpts', ptmxmode: 0o666, mode: 0o620, ...safe });
const SHM = parsed({ type: 'tmpfs', ...safe, nodev: true });
const MQUEUE = parsed({ type: 'mqueue', ...safe, nodev: true });

/** Makes a device, or shows the existing one where that is not permitted (in a user namespace). */
function addDevice({ program }: Inside, dev: Call, name: string): void {
  const [major, minor] = devices[name] as readonly [number, number];
  const step = `making /dev/${name}`;
  const number = (major << 8) | minor;
  const made = program.call('mknodat', dev, name, S_IFCHR | 0o666, number, {
    step,
    tolerate: ['EPERM'],
  });
  const options = { step, ifFailed: made };
  const file = program.call('openat', dev, name, O_CREAT | O_EXCL | O_CLOEXEC, 0o644, options);
  program.call('close', file, options);
  const flags = OPEN_TREE.CLONE | OPEN_TREE.CLOEXEC;
  const tree = program.call('open_tree', AT.FDCWD, `/dev/${name}`, flags, options);
  // SECURITY.md S12: the kernel writes to devices on read-only mounts too, but does not change their
  // owner and permissions, which are those of the host's own device.
  addReadonly(program, tree, 0, options);
  program.call('move_mount', tree, '', dev, name, 0x4 /* F_EMPTY_PATH */, options);
  program.call('close', tree, options);
}

/** Adds the calls that make /dev. */
export function addDev(inside: Inside, inUserNamespace: boolean, newIpc: boolean): void {
  const { program } = inside;
  const step = 'making /dev';
  const place = inside.directory('/dev', step, { real: true });
  const dev = addDetached(program, DEV, inUserNamespace, step);
  inside.attach(dev, place, '/dev', { own: true }, step);
  for (const name of Object.keys(devices)) addDevice(inside, dev, name);
  for (const [name, to] of Object.entries(links)) {
    program.call('symlinkat', to, dev, name, { step });
  }
  const hasMqueue = newIpc || !inUserNamespace;
  const below = { pts: PTS, shm: SHM, ...(hasMqueue ? { mqueue: MQUEUE } : {}) };
  for (const [name, source] of Object.entries(below)) {
    const path = `/dev/${name}`;
    const mount = addDetached(program, source, inUserNamespace, `mounting ${path}`);
    inside.attach(mount, inside.directory(path, step), path, { own: name === 'shm' }, step);
  }
}
