import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRoot } from '@ns/core/testing';
import { DetachedMount, LoopDevice, watchMounts } from '@ns/mount';
import { onTestFinished } from 'vitest';
import { type PackageExamples, readAll, type Skip } from '../example.js';

const ofMount = 'a mount is data that the mount table has returned';

/** Makes a mount that is never attached, so that no mount table changes. */
function detachedMount(skip: Skip): DetachedMount {
  if (!isRoot) skip('a mount needs CAP_SYS_ADMIN over the mount namespace of this thread');
  return DetachedMount.create({ type: 'tmpfs', size: '1M' });
}

/** Makes a device of an empty file, which the kernel frees when it is closed. */
function loopDevice(skip: Skip): LoopDevice {
  if (!isRoot) skip('loop devices need root');
  const directory = mkdtempSync(join(tmpdir(), 'ns-contract-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'image');
  writeFileSync(file, '');
  truncateSync(file, 1 << 20);
  return LoopDevice.create(file);
}

const ranges = [{ inside: 0, outside: 0 }];
const idmap = { uid: ranges, gid: ranges };

export const mount: PackageExamples = {
  examples: {
    'mount attach': { args: [{ type: 'tmpfs', target: '/nonexistent/contract' }] },
    'mount DetachedMount.create': {
      baseOf: {
        bind: { source: '/' },
        other: { filesystem: 'tmpfs' },
        overlay: { lower: ['/'] },
      },
    },
    'mount DetachedMount#copy': { base: { idmap } },
    'mount DetachedMount#setAttributes': { base: { idmap } },
    'mount MountTable#parent': { data: ofMount },
    'mount MountTable#children': { data: ofMount },
    'mount MountTable#isVisible': { data: ofMount },
    'mount propagationOf': { data: ofMount },
    'mount findPropagationPaths': { data: ofMount },
    'mount statMount': { args: [1n] },
    'mount watchMounts': { wait: (signal) => readAll(watchMounts({ signal })) },
  },
  resources: {
    'mount DetachedMount': detachedMount,
    'mount LoopDevice': loopDevice,
  },
};
