// Children that do not block the caller: spawn against child_process.spawn, also of unshare and bwrap.
import { spawn } from '@ns/core';
import { command } from '../children.mjs';
import { environment as env } from '../environment.mjs';
import { sets } from '../sets.mjs';

/** @typedef {import('@ns/core').NamespaceSpec} NamespaceSpec */
/** @typedef {import('../suite.ts').Contender} Contender */
/** @typedef {import('../suite.ts').Target} Target */

const stdio = 'inherit';

/** @param {NamespaceSpec[]} namespaces */
async function ours(namespaces) {
  const child = await spawn('/bin/true', [], { stdio, env, namespaces });
  const { code } = await child.exited;
  if (code !== 0) throw new Error(`/bin/true: status ${code}`);
}

/** @param {import('../sets.mjs').NamespaceSet} set */
function contenders({ specs, contained, floor, unshare, bwrap }) {
  /** @type {Contender[]} */
  const list = [
    { name: 'spawn', run: () => ours(specs()) },
    { name: 'C', measure: floor() },
    { name: 'child_process.spawn, no namespaces', run: () => command(['/bin/true'], stdio) },
  ];
  if (unshare) {
    list.push({ name: 'child_process.spawn of unshare', run: () => command(unshare, stdio) });
  }
  if (bwrap) {
    const { words, skip } = bwrap;
    list.push({ name: 'child_process.spawn of bwrap', run: () => command(words, stdio), skip });
    list.push({ name: 'spawn with init, /proc, lo', run: () => ours(contained()) });
  }
  return list;
}

/** @param {import('../sets.mjs').NamespaceSet} set */
function targets({ types }) {
  const of = 'spawn';
  const prefix = 'child_process.spawn';
  if (types.length === 0) return [{ of, against: `${prefix}, no namespaces`, atMost: 1 }];
  /** @type {Target[]} */
  const list = [];
  for (const against of [`${prefix} of unshare`, `${prefix} of bwrap`]) {
    list.push({ of, against, atMost: 1 / 2, heaps: ['small'] });
    list.push({ of, against, atMost: 1 / 8, heaps: ['250 MB'] });
  }
  return list;
}

/** @type {import('../suite.ts').Suite} */
export const suite = {
  title: 'A command, not waiting for it',
  about: `The same, asynchronously: from the call of spawn to its exit, on an otherwise idle event loop. C still
blocks, and is here as the measure of what the kernel takes.`,
  heaps: ['small', '250 MB', '1 GB'],
  tail: 90,
  burst: 25,
  groups: () =>
    sets().map((set) => ({
      name: `/bin/true in ${set.name}, asynchronously`,
      contenders: set.skip === undefined ? contenders(set) : [],
      targets: targets(set),
      skip: set.skip,
    })),
};
