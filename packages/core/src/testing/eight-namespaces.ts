// Specifications of all eight types, by bare system calls: core's tests know no other package.

import type { Program } from '../program/program.js';
import type { NamespaceSpec } from '../program/spec.js';
import { AT, MS, PR } from '../sys/flags.js';

const uid = process.getuid?.() ?? 0;
const gid = process.getgid?.() ?? 0;
const O_RDWR = 2;
const AF_INET = 2;
const SOCK_DGRAM = 2;
const SIOCGIFFLAGS = 0x8913;
const SIOCSIFFLAGS = 0x8914;

function writeFile(program: Program, path: string, text: string): void {
  const fd = program.call('openat', AT.FDCWD, path, O_RDWR, 0, { step: `writing ${path}` });
  program.call('write', fd, text, text.length, { step: `writing ${path}` });
  program.call('close', fd);
}

/** A user namespace with the caller as root. */
export const rootMap: NamespaceSpec = {
  type: 'user',
  prepare(child) {
    const program = child.program('user');
    writeFile(program, '/proc/self/setgroups', 'deny');
    writeFile(program, '/proc/self/uid_map', `0 ${uid} 1`);
    writeFile(program, '/proc/self/gid_map', `0 ${gid} 1`);
  },
};

/** A pid namespace with our init. */
export const withInit: NamespaceSpec = { type: 'pid', prepare: (child) => child.useInit() };

/** An ifreq of the loopback interface, which one call fills and the next one reads. */
function loopback(program: Program): void {
  const request = new Uint8Array(40);
  request.set(Buffer.from('lo'));
  const socket = program.call('socket', AF_INET, SOCK_DGRAM, 0);
  program.call('ioctl', socket, SIOCGIFFLAGS, request);
  program.call('ioctl', socket, SIOCSIFFLAGS, request);
  program.call('close', socket);
}

/** All but user, each with something set up. */
export const otherSeven: readonly NamespaceSpec[] = [
  {
    type: 'cgroup',
    prepare: (child) => void child.program('settings').call('getpid'),
  },
  {
    type: 'ipc',
    prepare: (child) => void child.program('settings').call('msgget', 1, 0o1600),
  },
  {
    type: 'uts',
    prepare: (child) => void child.program('settings').call('sethostname', 'box', 3),
  },
  { type: 'net', prepare: (child) => loopback(child.program('settings')) },
  {
    type: 'time',
    prepare: (child) =>
      writeFile(child.program('clock'), '/proc/self/timens_offsets', 'monotonic 1000 0'),
  },
  {
    type: 'mount',
    prepare(child) {
      const { REC, PRIVATE } = MS;
      child.program('propagation').call('mount', null, '/', null, REC | PRIVATE, null);
      const mounts = child.program('mounts');
      mounts.call('mount', 'ns-test', '/tmp', 'tmpfs', 0, null, { step: 'mounting /tmp' });
      child.program('root').call('chroot', '/');
      child.program('credentials').call('prctl', PR.SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    },
  },
  withInit,
];

/** All eight. */
export const eightNamespaces: readonly NamespaceSpec[] = [rootMap, ...otherSeven];
