// The root and working directory of a command that `ns enter` runs, as nsenter(1) takes them: opened
// here, before any namespace is joined.
import { closeSync, constants, openSync } from 'node:fs';
import type { OpenProcess, Preparation } from '@ns/core/authors';
import { type Given, type OptionTable, UsageError } from '../options.js';

/** The options, for the help. */
export const directoryOptions: OptionTable = {
  root: {
    short: 'r',
    value: 'DIR',
    optional: true,
    help: 'root directory: that of the target, or DIR as seen from here',
  },
  wd: {
    short: 'w',
    value: 'DIR',
    optional: true,
    help: 'working directory: that of the target, or DIR as seen from here',
  },
  wdns: { short: 'W', value: 'DIR', help: 'working directory, as seen inside' },
};

/** Directories that a command begins in. */
export interface Directories {
  /** Adds the calls that go there. */
  prepare(child: Preparation): void;
  close(): void;
}

function open(path: string, opened: number[]): number {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  opened.push(fd);
  return fd;
}

/** A path to open, and what messages call it. */
interface Named {
  readonly path: string;
  readonly name: string;
}

function pathOf(
  given: Given,
  name: 'root' | 'wd',
  target: OpenProcess | undefined,
): Named | undefined {
  if (!given.has(name)) return undefined;
  const path = given.value(name);
  if (path !== undefined) return { path, name: path };
  if (target === undefined) throw new UsageError(`--${name} needs --target PID or a directory`);
  const file = name === 'root' ? 'root' : 'cwd';
  return { path: target.path(file), name: `/proc/${target.pid}/${file}` };
}

/** Opens the directories that the options name. */
export function openDirectories(given: Given, target: OpenProcess | undefined): Directories {
  if (given.has('wd') && given.has('wdns')) throw new UsageError('--wd and --wdns are exclusive');
  const [root, wd] = [pathOf(given, 'root', target), pathOf(given, 'wd', target)];
  const opened: number[] = [];
  const close = () => {
    for (const fd of opened.splice(0)) closeSync(fd);
  };
  try {
    const rootFd = root === undefined ? undefined : open(root.path, opened);
    const wdFd = wd === undefined ? undefined : open(wd.path, opened);
    const prepare = (child: Preparation) => {
      const program = child.program('root');
      if (rootFd !== undefined) {
        const step = `making ${root?.name} the root directory`;
        program.call('fchdir', program.descriptor(rootFd), { step });
        // The working directory stays there: one outside of the root would be a way out.
        program.call('chroot', '.', { step });
      }
      if (wdFd !== undefined) {
        const step = `making ${wd?.name} the working directory`;
        program.call('fchdir', program.descriptor(wdFd), { step });
      }
    };
    return { prepare, close };
  } catch (error) {
    close();
    throw error;
  }
}
