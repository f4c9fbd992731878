// An uplink without root: pasta(1) or slirp4netns(1), started for a process and ended with it.

import { accessSync, constants, existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { isSystemError, type NamespaceProcess, spawn } from '@ns/core';
import { type Members, parse } from '@ns/core/authors';
import { onExit as onTargetExit } from './cleanup-on-exit.js';
import { helperEnvironment } from './helper-environment.js';
import { type Family, listHostFamilies, pastaArguments, untilPastaReady } from './pasta.js';
import { type PortForward, portForwards } from './port-forward.js';
import { addSlirpForward, READY_FD, slirpArguments } from './slirp4netns.js';
import { withSocketDirectory } from './socket-directory.js';

const DEVICE = 'tap0';
const TUN = '/dev/net/tun';
/** Milliseconds until the program must be ready. */
const READY_MS = 10_000;
/** Milliseconds from SIGTERM to SIGKILL: processes inside may have stopped the program. */
const GRACE_MS = 2000;
/** Characters of its messages that are kept for an error. */
const LONGEST = 4096;

/** The programs of uplinks without privileges. */
export type UplinkTool = 'pasta' | 'slirp4netns';

/** Options of {@link createUserUplink}. */
export interface UserUplinkOptions {
  /** The program. Default: pasta, or slirp4netns if pasta is not installed. */
  tool?: UplinkTool | undefined;
  /** Ports of 127.0.0.1 on the host that lead inside. */
  forward?: readonly PortForward[] | undefined;
  /** Ports of 127.0.0.1 inside that lead to those of 127.0.0.1 on the host. Only pasta has this. */
  reverse?: readonly PortForward[] | undefined;
  /** More arguments of the program. */
  args?: readonly string[] | undefined;
}

const packages = { pasta: 'passt', slirp4netns: 'slirp4netns' };

const parseMembers = parse.options({
  tool: parse.oneOf('pasta', 'slirp4netns'),
  forward: parse.withDefault(portForwards, []),
  reverse: parse.withDefault(portForwards, []),
  args: parse.withDefault(parse.list(parse.text), []),
} satisfies Members<UserUplinkOptions>);

/** Options in their normal form. */
export type UserOptions = ReturnType<typeof parseMembers>;

/** The parser of the options. */
export function parseUserUplink(value: unknown, name = 'options'): UserOptions {
  const options = parseMembers(value, name);
  if (options.tool === 'slirp4netns' && options.reverse.length > 0) {
    parse.refuse(`${name}.reverse`, 'empty for slirp4netns: only pasta has it', options.reverse);
  }
  return options;
}

/** An uplink by a program. */
export class UserUplink {
  /** The program. */
  readonly tool: UplinkTool;
  readonly #process: NamespaceProcess;

  /** @internal */
  constructor(tool: UplinkTool, process: NamespaceProcess) {
    this.tool = tool;
    this.#process = process;
  }

  /** Ends the program, and with it the uplink. */
  async close(): Promise<void> {
    await end(this.#process);
  }

  /** Same as {@link close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Ends a program by SIGTERM, and by SIGKILL if that has no effect in time (SECURITY.md S5). */
async function end(child: NamespaceProcess): Promise<void> {
  child.kill();
  const timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
  await child.exited;
  clearTimeout(timer);
}

/** Waits until the program is ready. */
async function untilReady(
  tool: UplinkTool,
  pid: number,
  child: NamespaceProcess,
  families: readonly Family[],
  signal: AbortSignal,
): Promise<void> {
  if (tool === 'slirp4netns') {
    const { once } = process.getBuiltinModule('node:events');
    await once(child.stdio[READY_FD] as Readable, 'data', { signal });
    return;
  }
  await untilPastaReady(pid, DEVICE, families, signal);
}

/** Throws if this process may not open /dev/net/tun, which the programs need for their interface. */
function assertTun(tool: UplinkTool): void {
  try {
    accessSync(TUN, constants.R_OK | constants.W_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const cure =
      code === 'ENOENT'
        ? 'load it as root by `modprobe tun`, or give it to this container as a device'
        : 'root can allow it by `chmod 666 /dev/net/tun`';
    throw Object.assign(
      new Error(`cannot start ${tool}: ${TUN}: ${code}; ${cure}`, { cause: error }),
      {
        code,
      },
    );
  }
}

/**
 * Starts the program. It ends with this process, even if that is killed. Its environment has a path
 * only. Its messages depend on packets from inside, so that their length is limited.
 */
async function launch(tool: UplinkTool, args: readonly string[]): Promise<NamespaceProcess> {
  try {
    const child = await spawn(tool, args, {
      stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
      env: helperEnvironment(),
      killWithParent: true,
    });
    // The program looks at the end of its exit descriptor; there is nothing to be said about it.
    for (const stream of child.stdio) stream?.on('error', () => {});
    return child;
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error;
    throw Object.assign(
      new Error(`cannot start ${tool}: it is not installed; install ${packages[tool]}`, {
        cause: error,
      }),
      { code: 'ENOENT' },
    );
  }
}

/** Starts the program and waits until it has made the interface. */
async function start(
  tool: UplinkTool,
  pid: number,
  args: readonly string[],
  isFor: AbortSignal,
): Promise<NamespaceProcess> {
  // Before anything is awaited, the calling thread is on the host that the program gets.
  const families = listHostFamilies();
  const child = await launch(tool, args);
  let said = '';
  child.stderr?.on('data', (chunk) => {
    said = (said + String(chunk)).slice(-LONGEST);
  });
  const over = new AbortController();
  const fail = (message: string) => over.abort(new Error(`${message}: ${said.trim()}`));
  const onExit = (code: number | null, signal: string | null) => {
    fail(`${tool} has ended (${signal ?? code})`);
  };
  child.once('exit', onExit);
  const onTargetEnd = () => over.abort(isFor.reason);
  isFor.addEventListener('abort', onTargetEnd, { once: true });
  const timer = setTimeout(() => fail(`${tool} has not made ${DEVICE} in time`), READY_MS);
  try {
    isFor.throwIfAborted();
    await untilReady(tool, pid, child, families, over.signal);
    return child;
  } catch (error) {
    await end(child);
    throw over.signal.aborted ? over.signal.reason : error;
  } finally {
    clearTimeout(timer);
    child.removeListener('exit', onExit);
    isFor.removeEventListener('abort', onTargetEnd);
    child.stderr?.removeAllListeners('data').resume();
    (child.stdio[READY_FD] as Readable | null)?.resume();
  }
}

async function run(tool: UplinkTool, pid: number, options: UserOptions): Promise<UserUplink> {
  const { forward, reverse, args } = options;
  assertTun(tool);
  // The process is held from the beginning: if it lives in the end, its pid was its own all the time.
  const isFor = new AbortController();
  let child: NamespaceProcess | undefined;
  const stopWatching = onTargetExit(pid, () => {
    isFor.abort(new Error(`process ${pid} has ended`));
    if (child) void end(child);
  });
  try {
    if (tool === 'pasta') {
      const given = pastaArguments(pid, DEVICE, forward, reverse, args);
      child = await start(tool, pid, given, isFor.signal);
    } else if (forward.length === 0) {
      child = await start(tool, pid, slirpArguments(pid, DEVICE, undefined, args), isFor.signal);
    } else {
      await withSocketDirectory(async (directory) => {
        const api = join(directory, 'api');
        child = await start(tool, pid, slirpArguments(pid, DEVICE, api, args), isFor.signal);
        for (const one of forward) await addSlirpForward(api, one, READY_MS);
      });
    }
    isFor.signal.throwIfAborted();
  } catch (error) {
    stopWatching();
    if (child) await end(child);
    throw error;
  }
  const running = child as unknown as NamespaceProcess;
  running.once('exit', stopWatching);
  return new UserUplink(tool, running);
}

function isInstalled(tool: UplinkTool): boolean {
  return helperEnvironment()
    .PATH.split(':')
    .some((directory) => existsSync(join(directory, tool)));
}

/** Returns the program for the options. It is chosen before anything is awaited: see {@link start}. */
function chooseTool({ tool, reverse }: UserOptions): UplinkTool {
  if (tool !== undefined) return tool;
  const isSecond = reverse.length === 0 && !isInstalled('pasta') && isInstalled('slirp4netns');
  return isSecond ? 'slirp4netns' : 'pasta';
}

/** Connects a process as {@link createUserUplink} does. */
export async function openUserUplink(pid: number, options: UserOptions): Promise<UserUplink> {
  return run(chooseTool(options), pid, options);
}

/**
 * Connects the network namespace of a process to the outside without privileges, through a network
 * stack in user space: pasta(1) or slirp4netns(1). It makes the interface tap0 with an address and a
 * default route inside, and ends with the process.
 *
 * @param pid of a process in the namespace. The caller needs privileges over its user namespace.
 * @throws an error with `code` ENOENT, naming the package to install, without such a program
 * @throws {TypeError | RangeError} for a wrong option
 * @see pasta(1), slirp4netns(1)
 * @example await using way = await createUserUplink(child.pid, { forward: [{ host: 8080, inside: 80 }] });
 */
export async function createUserUplink(
  pid: number,
  options: UserUplinkOptions = {},
): Promise<UserUplink> {
  return openUserUplink(parse.pid(pid, 'pid'), parseUserUplink(options));
}
