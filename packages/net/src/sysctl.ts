// Settings of a network namespace: the files of /proc/sys/net, which show each reader those of the
// namespace that it is in.
import { constants, readFileSync, writeFileSync } from 'node:fs';
import { isSystemError, type Namespace } from '@ns/core';
import {
  AT,
  type Members,
  type Parser,
  Program,
  type ProgramResults,
  parse,
  runProgramSync,
  withJoins,
} from '@ns/core/authors';
import { type InNetOptions, inNet } from './in-net.js';
import { withNet } from './open-net.js';

const LONGEST = 4096;

const parseIn = parse.options({ in: inNet } satisfies Members<InNetOptions>);

/**
 * The parser of the name of a setting; its normal form is the path. As in sysctl(8), names with dots in
 * them have slashes instead of dots.
 */
export const sysctlPath: Parser<string> = (value, name) => {
  const text = typeof value === 'string' ? value : '';
  const parts = text.split(text.includes('/') ? '/' : '.');
  if (parts[0] !== 'net' || parts.length < 2 || parts.some((part) => /^\.{0,2}$|\0/.test(part))) {
    parse.refuse(name, 'a setting such as net.ipv4.ip_forward', value);
  }
  return `/proc/sys/${parts.join('/')}`;
};

/** The parser of the value of a setting; its normal form is a text. */
export const sysctlValue: Parser<string> = (value, name) => {
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  return typeof value === 'string'
    ? parse.text(value, name)
    : parse.refuse(name, 'a string or a number', value);
};

function inChild(namespace: Namespace, program: Program): ProgramResults {
  return withJoins(namespace, (namespaces) => runProgramSync(program, { namespaces }));
}

function within<Result>(
  options: InNetOptions,
  here: () => Result,
  there: (namespace: Namespace) => Result,
): Result {
  const { in: target } = parseIn(options);
  if (target === undefined) return here();
  return withNet(target, (namespace) => {
    try {
      return namespace.enter(here);
    } catch (error) {
      // Without privilege over the caller's user namespace, a child can still join.
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
 * @throws an error with `code` ENOENT without this setting
 * @see sysctl(8)
 */
export function readSysctl(name: string, options: InNetOptions = {}): string {
  const path = sysctlPath(name, 'name');
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
 * @example writeSysctl('net.ipv4.ip_forward', 1, { in: router });
 */
export function writeSysctl(
  name: string,
  value: string | number,
  options: InNetOptions = {},
): void {
  const path = sysctlPath(name, 'name');
  const text = `${sysctlValue(value, 'value')}\n`;
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
