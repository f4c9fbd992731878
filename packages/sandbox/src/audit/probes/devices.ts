// Devices and terminals.
import { constants } from 'node:fs';
import { AT } from '@ns/core/authors';
import { blocked, judge, type Probe, reachable } from '../probe.js';

/** Devices that tell nothing, and do nothing to others. */
const HARMLESS = new Set(
  ['full', 'null', 'ptmx', 'pts/ptmx', 'random', 'tty', 'urandom', 'zero'].map(
    (name) => `/dev/${name}`,
  ),
);
const TIOCSTI = 0x5412;
const NULL_DEVICE = (1 << 8) | 3;

export const deviceProbes = {
  devices: {
    area: 'devices',
    title: 'devices of the host can be opened',
    hint: 'Only `mounts` bring more devices into /dev; binds with `nodev` show none.',
    prepare(calls, { devices, host }) {
      // Not opened: to open a watchdog or a tape does something.
      const tried = devices
        .filter((path) => !HARMLESS.has(path))
        .map((path) => ({
          path,
          stat: calls.stat(path),
          mount: calls.mountOf(path),
          read: calls.mayAccess(path, constants.R_OK),
          write: calls.mayAccess(path, constants.W_OK),
        }));
      return () => {
        const found = tried
          .filter(({ stat, mount, read, write }) => {
            const isDevice = ['character', 'block'].includes(stat()?.kind ?? '');
            return isDevice && !mount()?.nodev && (read() || write());
          })
          .map(({ path }) => path)
          .filter((path) => !/^\/dev\/(pts\/\d+|std(in|out|err)|console)$/.test(path));
        return judge(found, `${devices.length} entries in /dev`, host.isNamed);
      };
    },
  },
  'device-nodes': {
    area: 'devices',
    title: 'device nodes can be made',
    hint: 'A user namespace permits none, whatever the capabilities are.',
    changes: 'process',
    prepare(calls) {
      const mode = constants.S_IFCHR | 0o600;
      const made = calls.call('mknodat', AT.FDCWD, '/tmp/ns-audit-device', mode, NULL_DEVICE);
      return () =>
        made.result() === 0 ? reachable('mknod') : blocked(`mknod: ${made.error() ?? ''}`);
    },
  },
  terminal: {
    area: 'devices',
    title: 'the terminal of the caller can be opened, or typed into',
    hint: '`seccomp` refuses to type, and each command has a session of its own.',
    prepare(calls) {
      const opened = calls.open('/dev/tty', constants.O_RDWR);
      const typed = calls.call('ioctl', 0, TIOCSTI, new Uint8Array(1));
      const legacy = calls.read('/proc/sys/dev/tty/legacy_tiocsti');
      return () => {
        const found: string[] = [];
        if (opened.result() >= 0) found.push('/dev/tty');
        // Before Linux 6.2 the parameter did not exist, and TIOCSTI was always possible.
        const possible = legacy()?.trim() !== '0';
        if (typed.error() !== 'EPERM' && possible) found.push('ioctl TIOCSTI');
        return judge(found, `/dev/tty: ${opened.error()}, TIOCSTI: ${typed.error()}`);
      };
    },
  },
} satisfies Record<string, Probe>;
