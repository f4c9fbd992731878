// A way outside without root: pasta(1) or slirp4netns(1), started for a process and ended with it.

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { assertKeys } from '@ns/core';
import { Route } from '../route/route.js';
import { watch as watchNet } from '../route/watch.js';
import { assertForwards } from './forwards.js';
import type { PortForward } from './nft.js';
import { onEnd } from './on-end.js';
import { pastaArguments } from './pasta.js';
import { addSlirpForward, slirpArguments } from './slirp.js';

const DEVICE = 'tap0';
const READY_MS = 10_000;

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

/** Throws unless the options are right. */
export function checkUserUplink(options: UserUplinkOptions): void {
  assertKeys(options, ['tool', 'forward', 'reverse', 'args'], 'uplink');
  const { tool, forward = [], reverse = [] } = options;
  if (tool !== undefined && !Object.hasOwn(packages, tool)) {
    throw new TypeError(`tool must be pasta or slirp4netns: ${String(tool)}`);
  }
  assertForwards(forward);
  assertForwards(reverse, 'reverse');
  if (tool === 'slirp4netns' && reverse.length > 0) {
    throw new TypeError('reverse: slirp4netns leads no ports outside, only pasta does');
  }
}

/** A way outside that a program keeps open. */
export class UserUplink {
  /** The program that does it. */
  readonly tool: UplinkTool;
  readonly #process: ChildProcess;
  readonly #stop: () => void;

  /** @internal */
  constructor(tool: UplinkTool, process: ChildProcess, stop: () => void) {
    this.tool = tool;
    this.#process = process;
    this.#stop = stop;
  }

  /** Ends the program, and with it the way outside. */
  async close(): Promise<void> {
    this.#stop();
    await ended(this.#process);
  }

  /** As {@link close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
    child.kill();
    await once(child, 'exit');
  }
  (child.stdio[4] as Writable | null | undefined)?.destroy();
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
  child: ChildProcess,
  signal: AbortSignal,
): Promise<void> {
  if (tool === 'slirp4netns') {
    await once(child.stdio[3] as Readable, 'data', { signal });
    return;
  }
  const events = watchNet({ in: pid, groups: ['link', 'address', 'route'], signal });
  try {
    if (isConfigured(pid)) return;
    for await (const _event of events) if (isConfigured(pid)) return;
  } finally {
    events.close();
  }
}

/** Starts the program and waits until it has made the interface. */
async function start(
  tool: UplinkTool,
  pid: number,
  args: readonly string[],
): Promise<ChildProcess> {
  const { spawn } = process.getBuiltinModule('node:child_process');
  const child = spawn(tool, args, { stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'] });
  let said = '';
  child.stderr?.on('data', (chunk) => {
    said += String(chunk);
  });
  const over = new AbortController();
  let failure: Error | undefined;
  const fail = (error: Error) => {
    failure ??= error;
    over.abort(failure);
  };
  child.once('error', (error: NodeJS.ErrnoException) => {
    const missing = new Error(`${tool} is not there: install ${packages[tool]}`, { cause: error });
    fail(error.code === 'ENOENT' ? Object.assign(missing, { code: 'ENOENT' }) : error);
  });
  child.once('exit', (code, signal) => {
    fail(new Error(`${tool} has ended (${signal ?? code}): ${said.trim()}`));
  });
  const timer = setTimeout(() => {
    fail(new Error(`${tool} has not made ${DEVICE} in time: ${said.trim()}`));
  }, READY_MS);
  try {
    await untilReady(tool, pid, child, over.signal);
  } catch (error) {
    failure ??= error as Error;
  } finally {
    clearTimeout(timer);
  }
  (child.stdio[3] as Readable | null | undefined)?.resume();
  if (!failure) return child;
  await ended(child);
  throw failure;
}

async function run(tool: UplinkTool, pid: number, options: UserUplinkOptions): Promise<UserUplink> {
  const { forward = [], reverse = [], args = [] } = options;
  const directory =
    tool === 'slirp4netns' && forward.length > 0
      ? mkdtempSync(join(tmpdir(), 'ns-uplink-'))
      : undefined;
  const api = directory && join(directory, 'api');
  const clear = () => directory && rmSync(directory, { recursive: true, force: true });
  let child: ChildProcess | undefined;
  try {
    child = await start(
      tool,
      pid,
      tool === 'pasta'
        ? pastaArguments(pid, DEVICE, forward, reverse, args)
        : slirpArguments(pid, DEVICE, api, args),
    );
    if (api !== undefined) for (const one of forward) await addSlirpForward(api, one);
    const running = child;
    const stopWatching = onEnd(pid, () => stop());
    const stop = () => {
      stopWatching();
      running.kill();
      clear();
    };
    running.once('exit', () => {
      stopWatching();
      clear();
    });
    return new UserUplink(tool, running, stop);
  } catch (error) {
    if (child) await ended(child);
    clear();
    throw error;
  }
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
  const { tool, reverse = [] } = options;
  if (!Number.isInteger(pid) || pid < 1)
    throw new RangeError(`pid must be a positive integer: ${pid}`);
  checkUserUplink(options);
  if (tool !== undefined) return run(tool, pid, options);
  try {
    return await run('pasta', pid, options);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || reverse.length > 0) throw error;
    return run('slirp4netns', pid, options);
  }
}
