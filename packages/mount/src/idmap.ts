// Id maps of mounts: the owners that the files of a mount seem to have.
import { writeFileSync } from 'node:fs';
import { createNamespace, Namespace, type NamespaceSpec } from '@ns/core';
import { inNamespace, type Members, type Parser, parse } from '@ns/core/authors';

/** Consecutive ids of an id map, in the form of /proc/PID/uid_map. */
export interface IdRange {
  /** First id as the file system has it. */
  readonly inside: number;
  /** First id as it is seen through the mount. */
  readonly outside: number;
  /** Number of ids. Default: 1. */
  readonly length?: number | undefined;
}

/** The owners that the files of a mount seem to have: for ids outside of all ranges, the overflow ids. */
export interface IdMaps {
  readonly uid: readonly IdRange[];
  readonly gid: readonly IdRange[];
}

const LARGEST = 0xffff_fffe;

const parseRange = parse.options({
  inside: parse.required(parse.id),
  outside: parse.required(parse.id),
  length: parse.withDefault(parse.integer(1, LARGEST), 1),
} satisfies Members<IdRange>);

/** Ranges, as text for /proc/PID/uid_map. */
const parseRanges: Parser<string> = (value, name) => {
  if (!Array.isArray(value) || value.length === 0) {
    parse.refuse(name, 'an array of at least one range', value);
  }
  return parse
    .list(parseRange)(value, name)
    .map(({ inside, outside, length }) => `${inside} ${outside} ${length}\n`)
    .join('');
};

const parseMaps = parse.options({
  uid: parse.required(parseRanges),
  gid: parse.required(parseRanges),
} satisfies Members<IdMaps>);

const parseUserNamespace = inNamespace('user');

/** Texts of an id map. */
interface MapTexts {
  readonly uid: string;
  readonly gid: string;
}

/** Maps, or a handle of a user namespace that has them. */
export const parseIdmap: Parser<MapTexts | Namespace> = (value, name) => {
  if (!Namespace.isNamespace(value)) return parseMaps(value, name);
  parseUserNamespace(value, name);
  return value;
};

/** Makes a user namespace with these maps and without a process: the kernel takes an id map from one. */
function namespaceWith({ uid, gid }: MapTexts): Namespace {
  const files = { uid_map: uid, gid_map: gid };
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

/** Gives a function the user namespace of an id map. */
export function withIdmap<Result>(
  idmap: MapTexts | Namespace,
  use: (namespace: Namespace) => Result,
): Result {
  if (Namespace.isNamespace(idmap)) return use(idmap);
  using made = namespaceWith(idmap);
  return use(made);
}
