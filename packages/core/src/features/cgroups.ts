// What cgroup v2 offers this process. Not kept: cgroups are mounted, moved and delegated at run time.
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { unescapePath } from '../discovery/mountinfo.js';
import { available, type Finding, type Findings, missing } from './finding.js';

/** The cgroup v2 tree, and where in it this process is. */
export interface CgroupTree {
  readonly mountPoint: string;
  /** Directory of this process's cgroup; undefined if it lies outside of what is mounted. */
  readonly own: string | undefined;
}

/** Where a cgroup is in the tree that is mounted from `root` on. */
function placeBelow(
  mountPoint: string,
  root: string,
  path: string | undefined,
): string | undefined {
  if (path === undefined) return undefined;
  const below = relative(root, path);
  return below === '..' || below.startsWith('../') ? undefined : join(mountPoint, below);
}

/** Finds the tree in the texts of /proc/self/mountinfo and /proc/self/cgroup. */
export function findCgroupTree(mountinfo: string, cgroup: string): CgroupTree | undefined {
  for (const line of mountinfo.split('\n')) {
    const [left = '', right = ''] = line.split(' - ', 2);
    if (!right.startsWith('cgroup2 ')) continue;
    const fields = left.split(' ');
    const [root, mountPoint] = [fields[3] ?? '/', fields[4] ?? '/'].map(unescapePath) as [
      string,
      string,
    ];
    const own = placeBelow(mountPoint, root, /^0::(\/.*)$/m.exec(cgroup)?.[1]);
    return { mountPoint, own };
  }
  return undefined;
}

function wordsIn(path: string): string[] {
  return existsSync(path) ? readFileSync(path, 'utf8').split(/\s+/) : [];
}

function writable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

const DELEGATE =
  'systemd-run --user --scope -p Delegate=yes, or have root change the owner of the cgroup';

function delegation(own: string | undefined): Finding {
  if (own === undefined) return missing('the cgroup of this process is not among what is mounted');
  const files = ['', 'cgroup.procs', 'cgroup.subtree_control'].map((name) => join(own, name));
  const denied = files.find((path) => !writable(path));
  return denied === undefined ? available : missing(`${denied} is not writable`, DELEGATE);
}

function controller(name: string, { mountPoint, own }: CgroupTree, cgroup: string): Finding {
  if (own !== undefined && wordsIn(join(own, 'cgroup.controllers')).includes(name)) {
    return available;
  }
  const v1 = name === 'io' ? 'blkio' : name;
  const lines = cgroup.split('\n').filter((line) => !line.startsWith('0:'));
  if (lines.some((line) => line.split(':')[1]?.split(',').includes(v1))) {
    return missing(
      'it is in use by cgroup v1',
      'boot with systemd.unified_cgroup_hierarchy=1, or cgroup_no_v1=all',
    );
  }
  if (wordsIn(join(mountPoint, 'cgroup.controllers')).includes(name)) {
    return missing(
      'it is not enabled for the cgroup of this process',
      `write +${name} to cgroup.subtree_control of the cgroups above, or systemd-run -p Delegate=yes`,
    );
  }
  return missing('this kernel, or the owner of this tree, does not offer it');
}

/** The features of cgroups. */
export function cgroupFeatures(): Findings {
  const cgroup = readFileSync('/proc/self/cgroup', 'utf8');
  const tree = findCgroupTree(readFileSync('/proc/self/mountinfo', 'utf8'), cgroup);
  const none = missing('no cgroup v2 tree is mounted', 'mount -t cgroup2 none /sys/fs/cgroup');
  const of = (name: string) => (tree ? controller(name, tree, cgroup) : none);
  return {
    cgroupV2: tree ? available : none,
    cgroupDelegation: tree ? delegation(tree.own) : none,
    cgroupPressure: existsSync('/proc/pressure/cpu')
      ? available
      : missing('the kernel does not measure it', 'boot with psi=1'),
    cpuController: of('cpu'),
    cpusetController: of('cpuset'),
    ioController: of('io'),
    memoryController: of('memory'),
    pidsController: of('pids'),
  };
}
