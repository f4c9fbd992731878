// Root and working directory of the command of `ns enter`, by the rules of nsenter(1): they are opened
// before any namespace is joined.
import { closeSync, constants, openSync } from 'node:fs';
import type { OpenProcess, Preparation } from '@ns/core/authors';
import type { CommandLine } from '../../framework/command-line.js';
import type { OptionTable } from '../../framework/option-table.js';
import { UsageError } from '../../framework/usage-error.js';

/** The options. */
export const directoryOptions: OptionTable = {
  root: {
    short: 'r',
    value: 'DIR',
    optional: true,
    help: 'root directory: that of the target, or DIR as seen outside',
  },
  wd: {
    short: 'w',
    value: 'DIR',
    optional: true,
    help: 'working directory: that of the target, or DIR as seen outside',
  },
  wdns: { short: 'W', value: 'DIR', help: 'working directory, as seen inside' },
};

/** Open directories that a command starts in. */
export interface Directories {
  /** Adds the calls that change to them. */
  prepare(child: Preparation): void;
  close(): void;
}

function open(path: string, opened: number[]): number {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  opened.push(fd);
  return fd;
}

/** A path to open, and its name in messages. */
interface Named {
  readonly path: string;
  readonly name: string;
}

function pathOf(
  commandLine: CommandLine,
  name: 'root' | 'wd',
  target: OpenProcess | undefined,
): Named | undefined {
  if (!commandLine.has(name)) return undefined;
  const path = commandLine.value(name);
  if (path !== undefined) return { path, name: path };
  if (target === undefined) throw new UsageError(`--${name} needs --target PID or a directory`);
  const file = name === 'root' ? 'root' : 'cwd';
  return { path: target.path(file), name: `/proc/${target.pid}/${file}` };
}

/** Opens the directories that the options name. */
export function openDirectories(
  commandLine: CommandLine,
  target: OpenProcess | undefined,
): Directories {
  if (commandLine.has('wd') && commandLine.has('wdns'))
    throw new UsageError('--wd and --wdns exclude each other');
  const [root, wd] = [pathOf(commandLine, 'root', target), pathOf(commandLine, 'wd', target)];
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
        // The working directory stays in the new root: outside of it, it would be a way out.
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
