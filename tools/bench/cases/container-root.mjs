// The root of a container: an overlay, /dev, /proc, and mounts of the caller's.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runSync } from '@ns/core';
import { rootfs } from '@ns/mount';
import { pid } from '@ns/pid';
import { user } from '@ns/user';
import { environment as env } from '../environment.mjs';
import { peer } from '../peer.mjs';

const MOUNTS = 10;
const stdio = 'inherit';

/** A source for the root, and directories to be mounted in it. */
function directories() {
  const top = mkdtempSync(join(tmpdir(), 'ns-bench-'));
  process.once('exit', () => rmSync(top, { recursive: true, force: true }));
  const lower = join(top, 'lower');
  const sources = Array.from({ length: MOUNTS }, (_, i) => join(top, `data${i}`));
  for (const path of [lower, ...sources]) mkdirSync(path);
  const system = ['usr', 'bin', 'lib', 'lib64', 'dev', 'proc', 'sys', 'tmp', 'mnt'];
  const mountpoints = sources.map((_, i) => `mnt/data${i}`);
  for (const name of [...system, ...mountpoints]) mkdirSync(join(lower, name));
  return { lower, sources };
}

/**
 * Runs /bin/true in such a root, as PID 1 or as the child of our init.
 *
 * @param {import('@ns/mount').RootfsOptions} options
 * @param {true | 'none'} init
 */
function inRoot(options, init) {
  const namespaces = [user({ map: 'root' }), pid({ init, proc: false }), rootfs(options)];
  runSync('/bin/true', [], { cwd: '/', stdio, env, namespaces });
}

/** @param {readonly string[]} words */
function command([file = '', ...args]) {
  const { status, error } = spawnSync(file, args, { stdio, env });
  if (status !== 0) throw error ?? new Error(`${file} ${args.join(' ')}: status ${status}`);
}

/** Returns true if bubblewrap has overlays (0.11 or later); binding the root instead is less work. */
function overlays() {
  const { stdout } = spawnSync('bwrap', ['--help'], { encoding: 'utf8' });
  return stdout?.includes('--tmp-overlay') ?? false;
}

/** @type {import('../suite.ts').Suite} */
export const suite = {
  title: 'The root of a container',
  about: `An overlay in memory, /dev, /proc, /tmp, the programs of the machine and ${MOUNTS} directories more, in new user, mount and pid
namespaces, and /bin/true in there. C makes the same mounts with the same calls, without an init, as PID 1. bwrap is
bubblewrap with the same mounts and its own init, started from Node; before 0.11 it has no overlays and binds the root
instead. By default rootfs also hides and protects parts of /proc.`,
  heaps: ['small'],
  tail: 90,
  burst: 5,
  groups() {
    const { lower, sources } = directories();
    const binds = [
      ...['/usr', '/bin', '/lib', '/lib64'].map((path) => ({ source: path, target: path })),
      ...sources.map((source, i) => ({ source, target: `/mnt/data${i}` })),
    ];
    const mounts = binds.map((bind) => ({ type: /** @type {const} */ ('bind'), ...bind }));
    const full = { source: lower, overlay: true, sys: false, mounts };
    const plain = { ...full, mask: [], readonlyPaths: [] };
    const words = [
      ...['bwrap', '--unshare-user', '--unshare-pid', '--uid', '0', '--gid', '0'],
      ...(overlays() ? ['--overlay-src', lower, '--tmp-overlay', '/'] : ['--bind', lower, '/']),
      ...['--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp'],
      ...binds.flatMap(({ source, target }) => ['--bind', source, target]),
      '/bin/true',
    ];
    const pairs = binds.flatMap(({ source, target }) => [source, target]);
    return [
      {
        name: `an overlay with ${MOUNTS} mounts`,
        contenders: [
          { name: 'rootfs', run: () => inRoot(plain, 'none') },
          { name: 'C', measure: peer('root', [lower, ...pairs]) },
          { name: 'rootfs, with init', run: () => inRoot(plain, true) },
          { name: 'rootfs, with init, /proc protected', run: () => inRoot(full, true) },
          { name: 'bwrap', run: () => command(words) },
        ],
        targets: [
          { of: 'rootfs', against: 'C', atMost: 1.2 },
          { of: 'rootfs, with init', against: 'bwrap', atMost: 0.5 },
        ],
      },
    ];
  },
};
