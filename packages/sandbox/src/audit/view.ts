// The first look around in a sandbox: what the probes need to know before they try anything.
import { allNamespaceTypes, type NamespaceType } from '@ns/core';
import { namespaceTypes } from '@ns/core/authors';
import { type MountInfo, parseMountinfo } from '@ns/mount';
import { type CapabilityState, parseCapabilities, parseIdMap, toInside, toOutside } from '@ns/user';
import type { SandboxOptions } from '../options/types.js';
import type { SandboxReport } from '../report.js';
import type { Sandbox } from '../sandbox.js';
import { Calls } from './calls.js';
import { type Host, hostFor } from './host.js';

/** Returns true if nothing can be written through a mount. */
export const isReadonly = ({ options, superOptions }: MountInfo): boolean =>
  options.includes('ro') || superOptions.includes('ro');

/** Facts that are known before the probes. */
export interface View {
  readonly options: SandboxOptions;
  readonly report: SandboxReport;
  readonly host: Host;
  /** Ids inside, and the kernel's for them in the caller's user namespace. */
  readonly uid: number;
  readonly gid: number;
  readonly outsideUid: number | undefined;
  /** Returns true if this uid of the caller's user namespace is mapped inside. */
  isMapped(outside: number): boolean;
  readonly groups: readonly number[];
  readonly noNewPrivileges: boolean;
  readonly filtered: boolean;
  readonly capabilities: CapabilityState;
  readonly namespaces: Readonly<Partial<Record<NamespaceType, string>>>;
  readonly mounts: readonly MountInfo[];
  /** Process ids in /proc, without the one of the command and PID 1. */
  readonly processes: readonly number[];
  /** Descriptors of the command beyond those that the audit has passed to it. */
  readonly descriptors: readonly number[];
  /** Paths of what is in /dev. */
  readonly devices: readonly string[];
}

/** Pages of /proc/self/mountinfo, and of the list of /proc. */
const MOUNT_PAGES = 32;
const PROCESS_PAGES = 16;
/** stdin, stdout, stderr, and the program itself. */
const PASSED = [0, 1, 2, 3];
/** Directories of /dev with devices. */
const DEVICE_DIRECTORIES = ['', '/bus/usb', '/dri', '/input', '/mapper', '/net', '/snd', '/vfio'];

function fieldsOf(status: string): (name: string) => string {
  const fields = new Map(
    status.split('\n').map((line): [string, string] => {
      const [name = '', value = ''] = line.split(':\t');
      return [name, value.trim()];
    }),
  );
  return (name) => fields.get(name) ?? '';
}

const numbersIn = (text: string) => text.split(/\s+/).filter(Boolean).map(Number);

/** Looks around in a sandbox that has been made by these options. */
export async function look(box: Sandbox, options: SandboxOptions): Promise<View> {
  const calls = new Calls();
  const descriptors = calls.list('/proc/self/fd');
  const status = calls.read('/proc/self/status');
  const map = calls.read('/proc/self/uid_map');
  const mountinfo = calls.read('/proc/self/mountinfo', MOUNT_PAGES);
  const processes = calls.list('/proc', PROCESS_PAGES);
  const self = calls.call('getpid');
  const links = allNamespaceTypes.map(
    (type) => [type, calls.link(`/proc/self/ns/${namespaceTypes[type].file}`)] as const,
  );
  const devices = DEVICE_DIRECTORIES.map(
    (name) => [`/dev${name}`, calls.list(`/dev${name}`, 16)] as const,
  );
  await calls.run(box);

  const text = status();
  if (text === undefined)
    throw new Error('cannot audit the sandbox: /proc/self/status is not readable in it');
  const field = fieldsOf(text);
  const [uid = 0, gid = 0] = ['Uid', 'Gid'].map((name) => numbersIn(field(name))[1] ?? 0);
  const ids = parseIdMap(map() ?? '');
  const pids = (processes() ?? []).filter((name) => /^\d+$/.test(name)).map(Number);
  const passed = new Set(PASSED);
  const listing = Math.max(...PASSED) + 1; // the directory that is listed has the first free number
  return {
    options,
    report: box.report,
    host: hostFor(options),
    uid,
    gid,
    outsideUid: toOutside(ids, uid),
    isMapped: (outside) => toInside(ids, outside) !== undefined,
    groups: numbersIn(field('Groups')),
    noNewPrivileges: field('NoNewPrivs') === '1',
    filtered: field('Seccomp') === '2',
    capabilities: parseCapabilities(text),
    namespaces: Object.fromEntries(
      links.map(([type, link]) => [type, link()]).filter(([, link]) => link !== undefined),
    ),
    mounts: parseMountinfo(mountinfo() ?? ''),
    processes: pids.filter((pid) => pid !== 1 && pid !== self.result()),
    descriptors: (descriptors() ?? [])
      .map(Number)
      .filter((fd) => !passed.has(fd) && fd !== listing),
    devices: devices.flatMap(([directory, names]) =>
      (names() ?? []).map((name) => `${directory}/${name}`),
    ),
  };
}
