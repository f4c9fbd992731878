// Sets of namespaces, with the options by which each contender makes them.
import { accessSync, constants } from 'node:fs';
import { cgroup } from '@ns/cgroup';
import { namespaceTypes } from '@ns/core/authors';
import { ipc } from '@ns/ipc';
import { mount } from '@ns/mount';
import { net } from '@ns/net';
import { pid } from '@ns/pid';
import { time } from '@ns/time';
import { user } from '@ns/user';
import { uts } from '@ns/uts';
import { peer } from './peer.mjs';

/** @typedef {import('@ns/core').NamespaceType} NamespaceType */
/** @typedef {import('@ns/core').NamespaceSpec} NamespaceSpec */

/**
 * @typedef {object} NamespaceSet
 * @property {string} name
 * @property {readonly NamespaceType[]} types
 * @property {() => NamespaceSpec[]} specs made anew each time, as a caller would
 * @property {() => NamespaceSpec[]} contained with an init, a new /proc and the loopback interface up
 * @property {() => () => number} floor starts the same in C
 * @property {readonly string[] | undefined} unshare the words of unshare(1)
 * @property {{ words: readonly string[], skip: string | undefined } | undefined} bwrap
 * @property {string | undefined} skip
 */

/** @type {Readonly<Record<NamespaceType, () => NamespaceSpec>>} */
const specs = {
  user: () => user(),
  cgroup: () => cgroup(),
  ipc: () => ipc(),
  uts: () => uts(),
  net: () => net({ loopback: false }),
  time: () => time(),
  pid: () => pid({ init: 'none', proc: false }),
  mount: () => mount(), // private
};

/** @type {Readonly<Record<NamespaceType, string[]>>} */
const unshareWords = {
  user: ['--user', '--map-root-user'],
  cgroup: ['--cgroup'],
  ipc: ['--ipc'],
  uts: ['--uts'],
  net: ['--net'],
  time: ['--time'],
  pid: ['--pid', '--fork'],
  mount: ['--mount'],
};

/**
 * Work of the C program in the child, equal to that of the specs and of unshare(1).
 *
 * @type {Partial<Record<NamespaceType, string>>}
 */
const work = { user: 'maps', mount: 'private' };

/** @param {string} file */
function inPath(file) {
  for (const directory of (process.env.PATH ?? '').split(':')) {
    try {
      accessSync(`${directory}/${file}`, constants.X_OK);
      return true;
    } catch {
      // not in this one
    }
  }
  return false;
}

/**
 * @param {string} name
 * @param {readonly NamespaceType[]} types
 * @returns {NamespaceSet}
 */
function set(name, types) {
  const flags = types.reduce((sum, type) => sum + namespaceTypes[type].flag, 0);
  const steps = types.flatMap((type) => work[type] ?? []);
  const privileged = process.getuid?.() === 0 || types.includes('user') || types.length === 0;
  return {
    name,
    types,
    specs: () => types.map((type) => specs[type]()),
    contained: () => types.map((type) => ({ ...specs, net, pid })[type]()),
    floor: () => peer('spawn', [String(flags), ...steps, '/bin/true']),
    unshare:
      types.length === 0
        ? undefined
        : ['unshare', ...types.flatMap((type) => unshareWords[type]), '/bin/true'],
    bwrap: types.includes('pid')
      ? {
          words: ['bwrap', '--unshare-all', '--dev-bind', '/', '/', '/bin/true'],
          skip: inPath('bwrap') ? undefined : 'bubblewrap is not installed',
        }
      : undefined,
    skip: privileged ? undefined : 'without a user namespace this needs root',
  };
}

/** The sets that are measured. */
export function sets() {
  const all = /** @type {NamespaceType[]} */ (Object.keys(namespaceTypes));
  return [
    set('no new namespaces', []),
    set('a new network namespace', ['net']),
    set('a new user namespace', ['user']),
    set(
      'seven new namespaces (all but user)',
      all.filter((type) => type !== 'user'),
    ),
    set('eight new namespaces', all),
  ];
}
