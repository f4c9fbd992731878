// Parses mounts into their normal form, by a table of the members of each kind.
import { type Parser, parse } from '@ns/core/authors';
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

/** Returns the parsers of all kinds of sources. They take the members besides `type` and `target`. */
function kindParsers(path: Parser<string>) {
  const parseBind = parse.options({ source: parse.required(path), ...bindMembers });
  const parseTmpfs = parse.options({ ...tmpfsMembers, ...attributeMembers });
  const parseProc = parse.options({ ...procMembers, ...attributeMembers });
  const parseAttributes = parse.options(attributeMembers);
  const parseDevpts = parse.options({ ...devptsMembers, ...attributeMembers });
  const parseCgroup2 = parse.options({ ...cgroup2Members, ...attributeMembers });
  const parseRamfs = parse.options({ ...ramfsMembers, ...attributeMembers });
  const parseOverlay = parse.options({ ...overlayMembers(path), ...attributeMembers });
  const parseOther = parse.options({ ...otherMembers, ...attributeMembers });
  const parseDetached = parse.options({ mount: parse.required(parseDetachedMount) });
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

const parsers = kindParsers(parse.path);

/** The source of a new mount, which is not detached yet. */
export const parseNewSource: Parser<NewSource> = (value, name) => {
  const { type, ...options } = parse.ownMembers(value, name);
  return parsers[parseNewKind(type, `${name}.type`)](options, name);
};

/** Returns the parser of a mount whose target and source paths have these parsers. */
export function mountParser(target: Parser<string>, path: Parser<string>): Parser<TargetedMount> {
  const byKind = path === parse.path ? parsers : kindParsers(path);
  return (value, name) => {
    const { type, target: given, ...options } = parse.ownMembers(value, name);
    const parsedTarget = target(given, `${name}.target`);
    const kind = parseKind(type, `${name}.type`);
    return { target: parsedTarget, source: byKind[kind](options, name) };
  };
}

/** A mount at any path. */
export const parseMount = mountParser(parse.path, parse.path);
