// Parses mounts into their normal form, by a table of the members of each kind.
import { type Parsed, type Parser, parse } from '@ns/core/authors';
import { assertFd } from '@ns/core/sys';
import {
  type AttributeChange,
  attributeChange,
  attributeMembers,
  type MountAttributes,
} from './attributes.js';
import {
  cgroup2,
  cgroup2Members,
  devpts,
  devptsMembers,
  type Filesystem,
  mqueue,
  other,
  otherMembers,
  proc,
  procMembers,
  ramfs,
  ramfsMembers,
  sysfs,
  tmpfs,
  tmpfsMembers,
} from './filesystems.js';
import type { Mount, MountSource } from './mounts.js';
import { overlay, overlayMembers } from './overlay.js';

/** A detached copy of a part of the tree. */
export interface TreeSource {
  readonly kind: 'tree';
  readonly path: string;
  readonly recursive: boolean;
  /** Show a link itself. */
  readonly nofollow: boolean;
  readonly attributes: AttributeChange;
}

/** A new file system. */
export interface FilesystemSource {
  readonly kind: 'filesystem';
  readonly filesystem: Filesystem;
  readonly attributes: AttributeChange;
}

/** A detached mount that exists. */
export interface ExistingSource {
  readonly kind: 'detached';
  readonly mount: { readonly fd: number };
}

/** The source of a new mount, in normal form. */
export type NewSource = TreeSource | FilesystemSource;

/** A mount in normal form. */
export interface TargetedMount {
  readonly source: NewSource | ExistingSource;
  readonly target: string;
}

/** The parsers of a bind mount's options, without its source. */
export const bindMembers = {
  recursive: parse.withDefault(parse.boolean, true),
  nofollow: parse.withDefault(parse.boolean, false),
  ...attributeMembers,
};

/** A detached mount that this process holds. */
const parseDetachedMount: Parser<{ readonly fd: number }> = (value, name) => {
  if (typeof value !== 'object' || value === null) parse.refuse(name, 'a DetachedMount', value);
  const mount = value as { readonly fd: number };
  assertFd(mount.fd, name);
  return mount;
};

/** Returns the source of a bind mount with parsed options. */
export function treeSource(
  path: string,
  options: MountAttributes & { readonly recursive: boolean; readonly nofollow: boolean },
): TreeSource {
  const { recursive, nofollow } = options;
  return { kind: 'tree', path, recursive, nofollow, attributes: attributeChange(options) };
}

/** Returns the source of a new file system with parsed attributes. */
export function filesystemSource(
  filesystem: Filesystem,
  attributes: MountAttributes,
): FilesystemSource {
  return { kind: 'filesystem', filesystem, attributes: attributeChange(attributes) };
}

/** Accepts a member that has been parsed already. */
const parsed: Parser<unknown> = (value) => value;

/** Returns the parsers of all kinds of sources. They leave out the members that have been parsed. */
function kindParsers(path: Parser<string>, ...before: readonly ('type' | 'target')[]) {
  const known = Object.fromEntries(before.map((key) => [key, parsed]));
  const members = <const Shape extends Readonly<Record<string, Parser<unknown>>>>(shape: Shape) => {
    const parseAll = parse.options({ ...shape, ...known });
    return (value: unknown, name: string) => {
      const all: Record<string, unknown> = parseAll(value, name);
      for (const key of before) delete all[key];
      return all as Parsed<Shape>;
    };
  };
  const parseBind = members({ source: parse.required(path), ...bindMembers });
  const parseTmpfs = members({ ...tmpfsMembers, ...attributeMembers });
  const parseProc = members({ ...procMembers, ...attributeMembers });
  const parseAttributes = members(attributeMembers);
  const parseDevpts = members({ ...devptsMembers, ...attributeMembers });
  const parseCgroup2 = members({ ...cgroup2Members, ...attributeMembers });
  const parseRamfs = members({ ...ramfsMembers, ...attributeMembers });
  const parseOverlay = members({ ...overlayMembers(path), ...attributeMembers });
  const parseOther = members({ ...otherMembers, ...attributeMembers });
  const parseDetached = members({ mount: parse.required(parseDetachedMount) });
  return {
    bind: (value, name) => {
      const { source, ...options } = parseBind(value, name);
      return treeSource(source, options);
    },
    tmpfs: (value, name) => {
      const options = parseTmpfs(value, name);
      return filesystemSource(tmpfs(options), options);
    },
    proc: (value, name) => {
      const options = parseProc(value, name);
      return filesystemSource(proc(options), options);
    },
    sysfs: (value, name) => filesystemSource(sysfs(), parseAttributes(value, name)),
    devpts: (value, name) => {
      const options = parseDevpts(value, name);
      return filesystemSource(devpts(options), options);
    },
    mqueue: (value, name) => filesystemSource(mqueue(), parseAttributes(value, name)),
    cgroup2: (value, name) => {
      const options = parseCgroup2(value, name);
      return filesystemSource(cgroup2(options), options);
    },
    ramfs: (value, name) => {
      const options = parseRamfs(value, name);
      return filesystemSource(ramfs(options), options);
    },
    overlay: (value, name) => {
      const options = parseOverlay(value, name);
      return filesystemSource(overlay(options, name), options);
    },
    other: (value, name) => {
      const options = parseOther(value, name);
      return filesystemSource(other(options, options.readonly), options);
    },
    detached: (value, name) => ({ kind: 'detached', ...parseDetached(value, name) }),
  } as const satisfies Record<Mount['type'], Parser<NewSource | ExistingSource>>;
}

const kinds = [
  ...['bind', 'tmpfs', 'proc', 'sysfs', 'devpts', 'mqueue', 'cgroup2', 'ramfs', 'overlay', 'other'],
] as const satisfies readonly MountSource['type'][];
const parseNewKind = parse.oneOf(...kinds);
const parseKind = parse.oneOf(...kinds, 'detached');

const parsers = kindParsers(parse.path, 'type');

/** The source of a new mount, which is not detached yet. */
export const parseNewSource: Parser<NewSource> = (value, name) => {
  const { type } = parse.ownMembers(value, name);
  return parsers[parseNewKind(type, `${name}.type`)](value, name);
};

/** Returns the parser of a mount whose target and source paths have these parsers. */
export function mountParser(target: Parser<string>, path: Parser<string>): Parser<TargetedMount> {
  const byKind = kindParsers(path, 'type', 'target');
  return (value, name) => {
    const { type, target: given } = parse.ownMembers(value, name);
    const parsedTarget = target(given, `${name}.target`);
    const kind = parseKind(type, `${name}.type`);
    return { target: parsedTarget, source: byKind[kind](value, name) };
  };
}

/** A mount at any path. */
export const parseMount = mountParser(parse.path, parse.path);
