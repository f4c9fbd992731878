// The calls that end a program: what the child becomes.
import { Call, type CallOptions, stepEntry } from '../../program/call.js';
import type { Program } from '../../program/program.js';
import type { InitOptions } from '../../program/spec.js';
import { syscallNumber } from '../../sys/numbers.js';
import type { Child, Command } from '../child.js';
import type { ChildPlan } from '../plan.js';
import { type Attributes, filterList, setLastAttributes } from '../process-attributes.js';
import type { ChildDescriptor } from '../stdio.js';
import { placeDescriptors } from './descriptors.js';
import { endWithParent } from './parent-death.js';

const SIG_SETMASK = 2;
const TIOCSCTTY = 0x540e;
const EVERY_SIGNAL = 2n ** 64n - 1n;

// What execvp(3) goes on after, to the next directory.
const NEXT_DIRECTORY: CallOptions = {
  part: 'command',
  tolerate: ['ENOENT', 'ENOTDIR', 'EACCES', 'ESTALE', 'ENODEV'],
};

function execCalls({ file, argv, environment, searchPath }: Command): Call[] {
  const paths = file.includes('/')
    ? [file]
    : searchPath.split(':').map((directory) => `${directory || '.'}/${file}`);
  // Not by Program.call, which would check the whole environment for each of the paths.
  return paths.map((path, i) => {
    const options: CallOptions = i < paths.length - 1 ? NEXT_DIRECTORY : { part: 'command' };
    return new Call('execve', syscallNumber('execve'), [path, argv, environment], options);
  });
}

/** Makes the terminal on descriptor 0 the controlling one, which takes a session of its own. */
function controlTerminal(program: Program): void {
  program.call('setsid');
  program.call('ioctl', 0, TIOCSCTTY, 0);
}

function execute(
  program: Program,
  command: Command,
  { terminal, attributes }: Child,
  stdio: readonly ChildDescriptor[],
): void {
  placeDescriptors(program, stdio);
  if (terminal) controlTerminal(program);
  setLastAttributes(program, attributes);
  program.call('rt_sigprocmask', SIG_SETMASK, new Uint8Array(8), null, 8);
  program.append(execCalls(command));
}

function stayAsInit(
  program: Program,
  { forwardSignals, grace = 0, confined = false, guarded = false }: InitOptions,
  { noNewPrivileges, seccomp }: Attributes,
  status: number,
): void {
  const forwarded = forwardSignals?.reduce((set, signal) => set | (1n << BigInt(signal - 1)), 0n);
  const filter = confined && seccomp ? filterList(program, seccomp) : null;
  const limits = [Number(guarded), Number(confined && noNewPrivileges), filter];
  program.append([stepEntry('init', [status, forwarded ?? EVERY_SIGNAL, grace, ...limits])]);
}

/**
 * Adds the last calls: the child executes its command (below an init or not), waits, or exits.
 *
 * @param tellsEnd descriptor that becomes ready with the parent's end; where init reports, if there
 *   is one
 */
export function becomeCommand(
  program: Program,
  plan: ChildPlan,
  tellsEnd: number,
  stdio: readonly ChildDescriptor[],
): void {
  const { child, init, initOptions } = plan;
  const { command, hold } = child;
  if (hold) {
    setLastAttributes(program, child.attributes);
    const guarded = hold === 'closed' || initOptions.guarded === true;
    program.append([stepEntry('hold', [tellsEnd, Number(guarded)])]);
  } else if (!command) program.call('exit_group', 0);
  else {
    if (init) {
      stayAsInit(program, initOptions, child.attributes, tellsEnd);
      // The command's parent is then our init.
      endWithParent(program, plan, tellsEnd);
    }
    execute(program, command, child, stdio);
  }
}
