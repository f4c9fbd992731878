// Children that block the caller: runSync against C, child_process.spawnSync, unshare and bwrap.
import { spawnSync } from 'node:child_process';
import { runSync } from '@ns/core';
import { environment as env } from '../environment.mjs';
import { sets } from '../sets.mjs';

/** @typedef {import('../suite.ts').Contender} Contender */
/** @typedef {import('../suite.ts').Target} Target */

const stdio = 'inherit';

/** @param {readonly string[]} words */
function command([file = '', ...args]) {
  const { status, error } = spawnSync(file, args, { stdio, env });
  if (status !== 0) throw error ?? new Error(`${file} ${args.join(' ')}: status ${status}`);
}

/** @param {import('../sets.mjs').NamespaceSet} set */
function contenders({ specs, contained, floor, unshare, bwrap }) {
  /** @type {Contender[]} */
  const list = [
    { name: 'runSync', run: () => runSync('/bin/true', [], { stdio, env, namespaces: specs() }) },
    { name: 'C', measure: floor() },
    { name: 'spawnSync, no namespaces', run: () => command(['/bin/true']) },
  ];
  if (unshare) list.push({ name: 'spawnSync of unshare', run: () => command(unshare) });
  if (bwrap) {
    const { words, skip } = bwrap;
    list.push({ name: 'spawnSync of bwrap', run: () => command(words), skip });
    list.push({
      name: 'runSync with init, /proc, lo',
      run: () => runSync('/bin/true', [], { stdio, env, namespaces: contained() }),
    });
  }
  return list;
}

/** @param {import('../sets.mjs').NamespaceSet} set */
function targets({ types, bwrap }) {
  const of = 'runSync';
  /** @type {Target[]} */
  const list = [
    { of, against: 'C', atMost: 1.1 },
    { of, against: undefined, atMost: 1.1, heaps: ['250 MB', '1 GB'] },
  ];
  if (types.length === 0) list.push({ of, against: 'spawnSync, no namespaces', atMost: 1 });
  for (const against of types.length === 0 ? [] : ['spawnSync of unshare', 'spawnSync of bwrap']) {
    list.push({ of, against, atMost: 1 / 2, heaps: ['small'] });
    list.push({ of, against, atMost: 1 / 8, heaps: ['250 MB'] });
  }
  if (bwrap) {
    const withInit = 'runSync with init, /proc, lo';
    list.push({ of: withInit, against: 'spawnSync of bwrap', atMost: 1 / 2, heaps: ['small'] });
    list.push({ of: withInit, against: 'spawnSync of bwrap', atMost: 1 / 8, heaps: ['250 MB'] });
  }
  return list;
}

/** @type {import('../suite.ts').Suite} */
export const suite = {
  title: 'A command, waiting for it',
  about: `\`/bin/true\` with inherited descriptors and a small environment, from the call to its end. C is
clone(CLONE_VM | CLONE_VFORK | the same namespaces), the same maps and mount propagation, execve and
waitpid, in a small process of its own. Ours makes in its child what unshare(1) makes: maps and private
mounts; with init, /proc and loopback it makes what bwrap(1) makes.`,
  heaps: ['small', '250 MB', '1 GB'],
  tail: 90,
  burst: 25,
  groups: () =>
    sets().map((set) => ({
      name: `/bin/true in ${set.name}`,
      contenders: set.skip === undefined ? contenders(set) : [],
      targets: targets(set),
      skip: set.skip,
    })),
};
