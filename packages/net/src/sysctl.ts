// Settings of a network namespace: the files of /proc/sys/net, which show each reader those of the
// namespace that it is in.
import { constants, readFileSync, writeFileSync } from 'node:fs';
import { isSystemError, type Namespace } from '@ns/core';
import {
  AT,
  Program,
  type ProgramResults,
  runProgramSync,
  targetOf,
  withJoins,
} from '@ns/core/authors';
import { type InOptions, withNet } from './open-net.js';

const LONGEST = 4096;

/** Path of a setting; as in sysctl(8), slashes instead of dots for names with dots in them. */
function pathOf(name: unknown): string {
  if (typeof name !== 'string') throw new TypeError(`name must be a string: ${String(name)}`);
  const parts = name.split(name.includes('/') ? '/' : '.');
  if (parts[0] !== 'net' || parts.length < 2 || parts.some((part) => /^\.{0,2}$|\0/.test(part))) {
    throw new TypeError(`name must be a setting such as net.ipv4.ip_forward: ${name}`);
  }
  return `/proc/sys/${parts.join('/')}`;
}

function inChild(namespace: Namespace, program: Program): ProgramResults {
  return withJoins(namespace, (namespaces) => runProgramSync(program, { namespaces }));
}

function within<Result>(
  options: InOptions,
  here: () => Result,
  there: (namespace: Namespace) => Result,
): Result {
  const target = targetOf(options);
  if (target === undefined) return here();
  return withNet(target, (namespace) => {
    try {
      return namespace.enter(here);
    } catch (error) {
      // Whoever has no privilege over the caller's own user namespace can still send a child.
      if (!isSystemError(error, 'EPERM') || error.syscall !== 'setns') throw error;
      return there(namespace);
    }
  });
}

/**
 * Reads a setting of a network namespace: `sysctl -n NAME`.
 *
 * @param name with dots (`net.ipv4.ip_forward`), or with slashes for interfaces with a dot in
 *   their name (`net/ipv4/conf/eth0.10/forwarding`)
 * @throws {TypeError} for a name outside of `net`
 * @throws an error with `code` ENOENT if there is no such setting
 * @see sysctl(8)
 */
export function getSysctl(name: string, options: InOptions = {}): string {
  const path = pathOf(name);
  return within(
    options,
    () => readFileSync(path, 'utf8').trim(),
    (namespace) => {
      const program = new Program();
      const file = program.call('openat', AT.FDCWD, path, constants.O_RDONLY, 0);
      const read = program.call('read', file, new Uint8Array(LONGEST), LONGEST);
      const results = inChild(namespace, program);
      return Buffer.from(results.bytesOf(read, 1))
        .toString('utf8', 0, results.resultOf(read))
        .trim();
    },
  );
}

/**
 * Changes a setting of a network namespace: `sysctl -w NAME=VALUE`.
 *
 * Needs CAP_NET_ADMIN in the user namespace that owns the network namespace.
 *
 * @throws {TypeError} for a name outside of `net`
 * @throws an error with `code` ENOENT without such a setting, EINVAL for a value it does not take
 * @example setSysctl('net.ipv4.ip_forward', 1, { in: router });
 */
export function setSysctl(name: string, value: string | number, options: InOptions = {}): void {
  const path = pathOf(name);
  const text = `${value}\n`;
  within(
    options,
    () => writeFileSync(path, text),
    (namespace) => {
      const program = new Program();
      const file = program.call('openat', AT.FDCWD, path, constants.O_WRONLY, 0);
      program.call('write', file, text, Buffer.byteLength(text));
      inChild(namespace, program);
    },
  );
}
