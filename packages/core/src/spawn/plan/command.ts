// The calls that end a program: what the child becomes.
import { Call, type CallOptions, stepEntry } from '../../program/call.js';
import { Program } from '../../program/program.js';
import { syscallNumber } from '../../sys/numbers.js';
import { lastAttributeCalls } from '../attributes.js';
import type { ChildOptions, Command } from '../checked.js';
import type { InitOptions } from '../spec.js';
import type { ChildDescriptor } from '../stdio.js';
import { descriptorCalls } from './descriptors.js';
import type { Draft } from './draft.js';
import { parentDeathCalls } from './parent-death.js';

const SIG_SETMASK = 2;
const TIOCSCTTY = 0x540e;
const EVERY_SIGNAL = 2n ** 64n - 1n;

// What execvp(3) goes on after, to the next directory.
const NEXT_DIRECTORY: CallOptions = {
  tolerate: ['ENOENT', 'ENOTDIR', 'EACCES', 'ESTALE', 'ENODEV'],
};

function execCalls({ file, argv, environment, searchPath }: Command): Call[] {
  const paths = file.includes('/')
    ? [file]
    : searchPath.split(':').map((directory) => `${directory || '.'}/${file}`);
  // Not by Program.call, which would check the whole environment for each of the paths.
  return paths.map((path, i) => {
    const options = i < paths.length - 1 ? NEXT_DIRECTORY : {};
    return new Call('execve', syscallNumber('execve'), [path, argv, environment], options);
  });
}

/** Makes the terminal on descriptor 0 the controlling one, which takes a session of its own. */
function terminalCalls({ terminal }: ChildOptions): Call[] {
  if (!terminal) return [];
  const program = new Program();
  program.call('setsid');
  program.call('ioctl', 0, TIOCSCTTY, 0);
  return [...program.entries];
}

function unblockSignals(): Call[] {
  const program = new Program();
  program.call('rt_sigprocmask', SIG_SETMASK, new Uint8Array(8), null, 8);
  return [...program.entries];
}

/** The child becomes its command, with its descriptors. */
export function commandCalls(
  command: Command,
  options: ChildOptions,
  descriptors: readonly ChildDescriptor[],
): Call[] {
  return [
    ...descriptorCalls(descriptors),
    ...terminalCalls(options),
    ...lastAttributeCalls(options.attributes),
    ...unblockSignals(),
    ...execCalls(command),
  ];
}

export function exitCalls(): Call[] {
  const program = new Program();
  program.call('exit_group', 0);
  return [...program.entries];
}

function initEntry({ forwardSignals, grace = 0 }: InitOptions, status: number): Call {
  const forwarded = forwardSignals?.reduce((set, signal) => set | (1n << BigInt(signal - 1)), 0n);
  return stepEntry('init', [status, forwarded ?? EVERY_SIGNAL, grace]);
}

/** What becomes of an isolated child in the end: its command, below our init or not, or nothing. */
export function lastCalls(
  draft: Draft,
  status: number,
  descriptors: readonly ChildDescriptor[],
): Call[] {
  const { options, init, initOptions } = draft;
  const { command, hold } = options;
  if (hold) return [stepEntry('hold', [status])];
  if (!command) return exitCalls();
  const exec = commandCalls(command, options, descriptors);
  // The command's parent is then our init.
  return init
    ? [initEntry(initOptions, status), ...parentDeathCalls(draft, status), ...exec]
    : exec;
}
