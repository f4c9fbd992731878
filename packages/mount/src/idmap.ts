// Id maps of mounts: whom the files of a mount seem to belong to.
import { writeFileSync } from 'node:fs';
import { createNamespace, Namespace, type NamespaceSpec } from '@ns/core';
import { assertKeys, ownOptions } from '@ns/core/authors';
import { assertCount } from './checks.js';

/** Consecutive ids of an id map, in the form of /proc/PID/uid_map. */
export interface IdRange {
  /** First id as the file system has it. */
  readonly inside: number;
  /** First id as it is seen through the mount. */
  readonly outside: number;
  /** How many ids. Default: 1. */
  readonly length?: number;
}

/** Whom the files of a mount seem to belong to; ids that are in no range, to nobody. */
export interface IdMaps {
  readonly uid: readonly IdRange[];
  readonly gid: readonly IdRange[];
}

const LARGEST = 0xffff_fffe;

function text(ranges: readonly IdRange[], name: string): string {
  if (!Array.isArray(ranges) || ranges.length === 0) {
    throw new TypeError(`${name} must be an array of at least one range: ${String(ranges)}`);
  }
  return ranges
    .map((range: IdRange, i) => {
      assertKeys(range, ['inside', 'outside', 'length'], `${name}[${i}]`);
      const { inside, outside, length = 1 } = ownOptions(range);
      assertCount(inside ?? Number.NaN, `${name}[${i}].inside`, LARGEST);
      assertCount(outside ?? Number.NaN, `${name}[${i}].outside`, LARGEST);
      assertCount(length, `${name}[${i}].length`, LARGEST);
      return `${inside} ${outside} ${length}\n`;
    })
    .join('');
}

/** A user namespace with these maps and no process: what the kernel wants an id map to come from. */
function namespaceWith(maps: IdMaps): Namespace {
  assertKeys(maps, ['uid', 'gid'], 'idmap');
  const { uid, gid } = ownOptions(maps);
  const files = { uid_map: text(uid, 'idmap.uid'), gid_map: text(gid, 'idmap.gid') };
  const spec: NamespaceSpec = {
    type: 'user',
    prepare(child) {
      const step = 'writing the id map';
      child.program('user').meet(
        ({ pid }) => {
          for (const [file, map] of Object.entries(files))
            writeFileSync(`/proc/${pid}/${file}`, map);
        },
        { step },
      );
    },
  };
  return createNamespace(spec);
}

/** Calls back with the user namespace that stands for an id map. */
export function withIdmap<Result>(
  idmap: IdMaps | Namespace,
  use: (namespace: Namespace) => Result,
): Result {
  if (!Namespace.isNamespace(idmap)) {
    using made = namespaceWith(idmap);
    return use(made);
  }
  if (idmap.type !== 'user') {
    throw new TypeError(`idmap must be maps or a user namespace: it is a ${idmap.type} namespace`);
  }
  return use(idmap);
}
