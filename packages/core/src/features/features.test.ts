// What can be done here, compared with doing it.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Namespace } from '../namespaces/namespace.js';
import { type FeatureName, featureNames, featureTable } from '../sys/feature-table.js';
import { allNamespaceTypes, namespaceTypes } from '../sys/namespace-types.js';
import { kernelAtLeast, threadNamespaces } from '../testing/index.js';
import { findCgroupTree } from './cgroups.js';
import { features } from './features.js';
import { hasRange } from './helpers.js';

const works = (command: string, ...args: string[]) =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0;

test('every feature is there, with a reason where it is missing', () => {
  const found = features();
  expect(Object.keys(found)).toEqual(featureNames);
  for (const [name, feature] of Object.entries(found)) {
    expect(feature.title, name).toBe(featureTable[name as FeatureName].title);
    if (feature.available) {
      expect(feature.reason, name).toBeUndefined();
      expect(feature.cure, name).toBeUndefined();
    } else {
      expect(feature.reason, name).toMatch(/\S/);
    }
    expect(Object.isFrozen(feature)).toBe(true);
  }
  expect(JSON.parse(JSON.stringify(found))).toEqual(found);
});

test('probing changes nothing, and leaves nothing', () => {
  const before = threadNamespaces();
  const first = features();
  expect(features()).toEqual(first);
  expect([...threadNamespaces()].filter(([tid]) => before.has(tid))).toEqual([...before]);
});

test.for([
  ['userNamespaces', ['--user']],
  ['rootlessNamespaces', ['-U', '-r', '-m', '-u', '-i', '-n', '-p', '-f', '-C', '-T']],
] as const)('%s is what unshare(1) finds', ([name, options]) => {
  expect(features()[name].available).toBe(works('unshare', ...options, 'true'));
});

test('a type is available if it can be made, alone or in a new user namespace', () => {
  const found = features();
  for (const type of allNamespaceTypes) {
    const option = `--${type}`;
    const alone = works('unshare', option, '--fork', 'true');
    const within = works('unshare', '--user', '--map-root-user', option, '--fork', 'true');
    expect(found[`${type}Namespaces`].available, type).toBe(alone || within);
    const limit = `/proc/sys/user/max_${namespaceTypes[type].file}_namespaces`;
    if (existsSync(limit)) {
      expect(found[`${type}Namespaces`].limit).toBe(Number(readFileSync(limit, 'utf8')));
    }
  }
});

test('a new /proc is available if unshare(1) can mount one', () => {
  const options = ['--user', '--map-root-user', '--pid', '--fork', '--mount-proc'];
  expect(features().rootlessProc.available).toBe(works('unshare', ...options, 'true'));
});

test('calls of the kernel are there from the version on that brought them', () => {
  const calls: FeatureName[] = [
    ...(['clone3', 'cloneIntoCgroup', 'closeRange', 'openat2', 'pidfdOpen'] as const),
    ...(['pidfdGetfd', 'pidfdNamespaces', 'pidfdInfo', 'mountByFd', 'mountSetattr'] as const),
    ...(['statmount', 'openTreeAttr', 'mountNamespaceIteration', 'namespaceIds'] as const),
    ...(['listns', 'pidfdSetns'] as const),
  ];
  const found = features();
  const wrong = calls.filter((name) => {
    const { since = '', available } = found[name];
    return kernelAtLeast(since) !== available;
  });
  expect(wrong, `on Linux ${release()}`).toEqual([]);
  using own = Namespace.current('uts');
  expect(found.namespaceIds.available).toBe(own.nsid !== undefined);
});

test('mounts are probed inside of a mount namespace', () => {
  const { rootlessNamespaces, idMappedMounts, mountBeneath } = features();
  if (!rootlessNamespaces.available) {
    expect(idMappedMounts.reason).toMatch(/cannot be tried/);
    return;
  }
  expect(idMappedMounts.available).toBe(kernelAtLeast('5.12'));
  expect(mountBeneath.available).toBe(kernelAtLeast('6.5'));
});

test('cgroup v2 is found where findmnt(8) finds it', () => {
  const { stdout } = spawnSync('findmnt', ['-J', '-t', 'cgroup2'], { encoding: 'utf8' });
  const found = features();
  expect(found.cgroupV2.available).toBe(stdout.includes('cgroup2'));
  if (!found.cgroupV2.available) return;
  const [mountinfo, cgroup] = ['mountinfo', 'cgroup'].map((file) =>
    readFileSync(`/proc/self/${file}`, 'utf8'),
  ) as [string, string];
  const { own } = findCgroupTree(mountinfo, cgroup) ?? {};
  const controllers = readFileSync(`${own}/cgroup.controllers`, 'utf8').trim().split(' ');
  for (const name of ['cpu', 'cpuset', 'io', 'memory', 'pids'] as const) {
    expect(found[`${name}Controller`].available).toBe(controllers.includes(name));
  }
  expect(found.cgroupDelegation.available).toBe(
    works('test', '-w', `${own}/cgroup.procs`) && works('test', '-w', own ?? ''),
  );
});

const cgroup2 = (root: string, mountPoint: string) =>
  `41 31 0:38 ${root} ${mountPoint} rw,relatime shared:9 - cgroup2 cgroup2 rw\n`;

test.for([
  ['/', '/sys/fs/cgroup', '/user.slice/a.scope', '/sys/fs/cgroup/user.slice/a.scope'],
  ['/', '/sys/fs/cgroup/unified', '/', '/sys/fs/cgroup/unified'],
  ['/box', '/cg', '/box/in', '/cg/in'],
  ['/box', '/cg', '/box', '/cg'],
  ['/box', '/cg', '/boxes', undefined],
  ['/box', '/cg', '/other', undefined],
] as const)('in a tree of %s at %s, %s is %s', ([root, mountPoint, path, own]) => {
  const mountinfo = `27 1 254:0 / / rw - ext4 /dev/vda rw\n${cgroup2(root, mountPoint)}`;
  const tree = findCgroupTree(mountinfo, `4:memory:/x\n0::${path}\n`);
  expect(tree).toEqual({ mountPoint, own });
});

test('findCgroupTree returns undefined without cgroup v2, and does not throw for any text', () => {
  expect(findCgroupTree('31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n', '')).toBeUndefined();
  fc.assert(fc.property(fc.string(), fc.string(), (a, b) => void findCgroupTree(a, b)));
  fc.assert(
    fc.property(fc.string(), (text) => void findCgroupTree(cgroup2('/', '/cg'), `0::/${text}`)),
  );
});

test('a range is one of this user, by name or by number', () => {
  const text = 'root:1:1\nalice:100000:65536\n1000:300000:10\nbob:5:0\n:1:2\nbroken\n';
  expect(hasRange(text, 7, 'alice')).toBe(true);
  expect(hasRange(text, 1000, undefined)).toBe(true);
  expect(hasRange(text, 8, 'bob')).toBe(false);
  expect(hasRange(text, 9, 'alic')).toBe(false);
  expect(hasRange(text, 9, undefined)).toBe(false);
  expect(hasRange(text, 9, 'broken')).toBe(false);
  fc.assert(
    fc.property(fc.string(), fc.nat(), fc.string(), (lines, uid, name) => {
      expect(hasRange(`${lines}\n${uid}:1:1`, uid, name)).toBe(true);
    }),
  );
});
