// The root of a container: an overlay, /dev, /proc, and mounts of the caller's.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '@ns/core';
import { rootfs } from '@ns/mount';
import { pid } from '@ns/pid';
import { user } from '@ns/user';
import { command } from '../children.mjs';

const MOUNTS = 10;

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

/** @param {import('@ns/mount').RootfsOptions} options */
function inRoot(options) {
  const namespaces = [user({ map: 'root' }), pid(), rootfs(options)];
  return run('/bin/true', [], { cwd: '/', namespaces });
}

/** Whether bubblewrap has overlays, as of 0.11; binding the root instead is less work. */
function overlays() {
  const { stdout } = spawnSync('bwrap', ['--help'], { encoding: 'utf8' });
  return stdout?.includes('--tmp-overlay') ?? false;
}

/** @type {import('../suite.ts').Suite} */
export const suite = {
  title: 'The root of a container',
  about: `An overlay in memory, /dev, /proc, /tmp, the programs of the machine and ${MOUNTS} directories more, in new user, mount and pid
namespaces, and /bin/true in there. bwrap is bubblewrap with the same mounts, started from Node and waited for; before
0.11 it has no overlays and binds the root instead. By default rootfs also hides and protects parts of /proc.`,
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
    const root = { source: lower, overlay: true, sys: false, mounts };
    const words = [
      ...['bwrap', '--unshare-user', '--unshare-pid', '--uid', '0', '--gid', '0'],
      ...(overlays() ? ['--overlay-src', lower, '--tmp-overlay', '/'] : ['--bind', lower, '/']),
      ...['--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp'],
      ...binds.flatMap(({ source, target }) => ['--bind', source, target]),
      '/bin/true',
    ];
    return [
      {
        name: `an overlay with ${MOUNTS} mounts`,
        contenders: [
          { name: 'rootfs', run: () => inRoot({ ...root, mask: [], readonlyPaths: [] }) },
          { name: 'rootfs, /proc protected', run: () => inRoot(root) },
          { name: 'bwrap', run: () => command(words, 'ignore') },
        ],
        targets: [{ of: 'rootfs', against: 'bwrap', atMost: 0.5 }],
      },
    ];
  },
};
