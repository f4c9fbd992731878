// A way outside without root: pasta(1) or slirp4netns(1), started for a process and ended with it.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { isSystemError, type NamespaceProcess, spawn } from '@ns/core';
import { checked } from '../options.js';
import { Route } from '../route/route.js';
import { watch as watchNet } from '../route/watch-net.js';
import { onEnd } from './cleanup-on-exit.js';
import { helperEnvironment } from './helper-environment.js';
import { pastaArguments } from './pasta-arguments.js';
import { type PortForward, toForwards } from './port-forward.js';
import { addSlirpForward, READY_FD, slirpArguments } from './slirp4netns.js';

const DEVICE = 'tap0';
/** Milliseconds until the program must be ready. */
const READY_MS = 10_000;
/** Milliseconds until a program that is to end is killed: those inside may have stopped it. */
const GRACE_MS = 2000;
/** Characters of its messages that are kept for an error. */
const LONGEST = 4096;

/** The programs that can do it. */
export type UplinkTool = 'pasta' | 'slirp4netns';

/** Options of {@link userUplink}. */
export interface UserUplinkOptions {
  /** Default: pasta, or slirp4netns if there is no pasta. */
  tool?: UplinkTool;
  /** Ports of 127.0.0.1 out here that lead inside. */
  forward?: readonly PortForward[];
  /** Ports of 127.0.0.1 inside that lead to those of 127.0.0.1 out here. Only pasta can do it. */
  reverse?: readonly PortForward[];
  /** More options of the tool's own. */
  args?: readonly string[];
}

const packages = { pasta: 'passt', slirp4netns: 'slirp4netns' };

/** Options that have been checked. */
interface Wanted {
  readonly tool: UplinkTool | undefined;
  readonly forward: readonly Required<PortForward>[];
  readonly reverse: readonly Required<PortForward>[];
  readonly args: readonly string[];
}

/** Checks the options. */
export function toUserUplink(options: UserUplinkOptions): Wanted {
  const keys = ['tool', 'forward', 'reverse', 'args'];
  const { tool, forward = [], reverse = [], args = [] } = checked(options, keys, 'uplink');
  if (tool !== undefined && !Object.hasOwn(packages, tool)) {
    throw new TypeError(`tool must be pasta or slirp4netns: ${String(tool)}`);
  }
  if (!Array.isArray(args) || !args.every((one) => typeof one === 'string')) {
    throw new TypeError(`args must be a list of strings: ${String(args)}`);
  }
  const wanted = {
    tool,
    forward: toForwards(forward),
    reverse: toForwards(reverse, 'reverse'),
    args,
  };
  if (tool === 'slirp4netns' && wanted.reverse.length > 0) {
    throw new TypeError('reverse: slirp4netns leads no ports outside, only pasta does');
  }
  return wanted;
}

/** A way outside that a program keeps open. */
export class UserUplink {
  /** The program that does it. */
  readonly tool: UplinkTool;
  readonly #process: NamespaceProcess;

  /** @internal */
  constructor(tool: UplinkTool, process: NamespaceProcess) {
    this.tool = tool;
    this.#process = process;
  }

  /** Ends the program, and with it the way outside. */
  async close(): Promise<void> {
    await end(this.#process);
  }

  /** As {@link close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Ends a program: it is asked to, and killed if it does not (SECURITY.md S5). */
async function end(child: NamespaceProcess): Promise<void> {
  child.kill();
  const timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
  await child.exited;
  clearTimeout(timer);
}

/** Whether the interface has an address and is the way outside. */
function isConfigured(pid: number): boolean {
  const route = Route.open({ in: pid });
  try {
    const link = route.link.list().find(({ ifname }) => ifname === DEVICE);
    if (link === undefined) return false;
    const addresses = route.address.list({ dev: link.ifindex, family: 'inet' });
    const routes = route.route.list({ dev: link.ifindex, family: 'inet', table: 'main' });
    return addresses.length > 0 && routes.some(({ dst }) => dst === 'default');
  } finally {
    route.close();
  }
}

/** Waits until the program says that it is ready; pasta does not, but what it does is seen. */
async function untilReady(
  tool: UplinkTool,
  pid: number,
  child: NamespaceProcess,
  signal: AbortSignal,
): Promise<void> {
  if (tool === 'slirp4netns') {
    const { once } = process.getBuiltinModule('node:events');
    await once(child.stdio[READY_FD] as Readable, 'data', { signal });
    return;
  }
  const events = watchNet({ in: pid, groups: ['link', 'address', 'route'], signal });
  try {
    if (isConfigured(pid)) return;
    for await (const _event of events) if (isConfigured(pid)) return;
    signal.throwIfAborted();
  } finally {
    events.close();
  }
}

/**
 * Starts the program. It ends with this process, also when that is killed, has only a path for its
 * environment, and its messages, which depend on what those inside send, are not kept for ever.
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
      new Error(`${tool} is not there: install ${packages[tool]}`, { cause: error }),
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
    await untilReady(tool, pid, child, over.signal);
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

/** A directory for the socket of slirp4netns, which only forwards need and only until they are made. */
async function withSocket(use: (api: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'ns-uplink-'));
  try {
    await use(join(directory, 'api'));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function run(tool: UplinkTool, pid: number, wanted: Wanted): Promise<UserUplink> {
  const { forward, reverse, args } = wanted;
  // The process is held from the beginning: if it lives in the end, its pid was its own all the time.
  const isFor = new AbortController();
  let child: NamespaceProcess | undefined;
  const stopWatching = onEnd(pid, () => {
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
      await withSocket(async (api) => {
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

/**
 * Connects the network namespace of a process to the outside without privileges, through a network
 * stack in user space: pasta(1) or slirp4netns(1), whichever is installed. It makes the interface
 * tap0 with an address and a default route inside, and ends with the process.
 *
 * @param pid of a process in the namespace, whose user namespace is the caller's to rule
 * @throws an error with `code` ENOENT, naming what to install, if no such program is there
 * @throws {TypeError | RangeError} for wrong forwards
 * @see pasta(1), slirp4netns(1)
 * @example await using way = await userUplink(child.pid, { forward: [{ host: 8080, inside: 80 }] });
 */
export async function userUplink(
  pid: number,
  options: UserUplinkOptions = {},
): Promise<UserUplink> {
  if (!Number.isInteger(pid) || pid < 1)
    throw new RangeError(`pid must be a positive integer: ${pid}`);
  const wanted = toUserUplink(options);
  const { tool, reverse } = wanted;
  if (tool !== undefined) return run(tool, pid, wanted);
  try {
    return await run('pasta', pid, wanted);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || reverse.length > 0) throw error;
    return run('slirp4netns', pid, wanted);
  }
}
