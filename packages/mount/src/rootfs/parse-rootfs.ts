// Parses the options of rootfs().
import { type Members, type Parser, parse } from '@ns/core/authors';
import { assertFd } from '@ns/core/sys';
import type { DetachedMount } from '../detached.js';
import { type Filesystem, tmpfs, tmpfsMembers } from '../filesystems.js';
import { checkUpper, overlay } from '../overlay.js';
import { filesystemSource } from '../parse-mount.js';
import { DEFAULT_READONLY, listDefaultMasks } from './default-masks.js';
import type { RootfsOptions, RootOverlay } from './options.js';
import { hostPath, type NewEntry, parseRootEntry, targetPath } from './parse-root-entry.js';

/** An existing mount that becomes the root. */
interface MountBase {
  readonly kind: 'mount';
  readonly mount: DetachedMount;
}

/** A directory that becomes the root, with the mounts below it. */
interface DirectoryBase {
  readonly kind: 'directory';
  readonly path: string;
}

/** An overlay that becomes the root. */
interface OverlayBase {
  readonly kind: 'overlay';
  /** The lowest layer. */
  readonly path: string;
  readonly filesystem: Filesystem;
  /** True if changes go to memory: to the directories {@link UPPER} and {@link WORK} of the scratch. */
  readonly isInMemory: boolean;
}

/** A new root in normal form. */
export interface Root {
  /** The root itself. `memory` is an empty tmpfs. */
  readonly base: MountBase | DirectoryBase | OverlayBase | { readonly kind: 'memory' };
  /** The tmpfs that holds what the root needs while it is made, and changes in memory. */
  readonly scratch: Filesystem;
  readonly readonly: boolean;
  readonly propagation: 'private' | 'slave';
  readonly dev: boolean;
  readonly proc: boolean | 'readonly';
  readonly sys: boolean;
  readonly entries: readonly NewEntry[];
  readonly mask: readonly string[];
  readonly readonlyPaths: readonly string[];
  readonly workdir: string | undefined;
}

/** Name in the scratch of the directory that takes changes in memory. */
export const UPPER = 'upper';
/** Name in the scratch of the overlay's work directory. */
export const WORK = 'work';
const SCRATCH_MODE = 0o700;

const parseSource: Parser<string | DetachedMount> = (value, name) => {
  if (typeof value === 'string') return hostPath(value, name);
  if (typeof value !== 'object' || value === null) {
    parse.refuse(name, 'a path or a DetachedMount', value);
  }
  assertFd((value as DetachedMount).fd, name);
  return value as DetachedMount;
};

const parseLayers = parse.options({
  lower: parse.withDefault(parse.list(hostPath), []),
  upper: hostPath,
  work: hostPath,
  size: tmpfsMembers.size,
  inodes: tmpfsMembers.inodes,
} satisfies Members<RootOverlay>);

type Layers = ReturnType<typeof parseLayers>;

const parseOverlay: Parser<Layers | undefined> = (value, name) => {
  if (value === false) return undefined;
  if (value === true) return parseLayers({}, name);
  const layers = parseLayers(value, name);
  const { upper, work } = layers;
  checkUpper(upper, work, name);
  for (const key of ['size', 'inodes'] as const) {
    if (upper === undefined || layers[key] === undefined) continue;
    throw new TypeError(`${name}.${key} is for changes in memory, without ${name}.upper`);
  }
  return layers;
};

const TMP = { nosuid: true, nodev: true } as const;
const parseTmpfs = parse.options(tmpfsMembers);

/** A tmpfs on /tmp, unless it is `false`. */
const parseTmp: Parser<NewEntry | undefined> = (value, name) => {
  if (value === false) return undefined;
  const options = value === undefined || value === true ? {} : parseTmpfs(value, name);
  return { type: 'mount', target: '/tmp', source: filesystemSource(tmpfs(options), TMP) };
};

const parseOptions = parse.options({
  source: parseSource,
  overlay: parseOverlay,
  readonly: parse.withDefault(parse.boolean, false),
  propagation: parse.withDefault(parse.oneOf('private', 'slave'), 'private'),
  dev: parse.withDefault(parse.boolean, true),
  proc: parse.withDefault(parse.oneOf(true, false, 'readonly'), true),
  sys: parse.withDefault(parse.boolean, true),
  tmp: parse.required(parseTmp),
  hostname: parse.text,
  resolv: parse.text,
  hosts: parse.text,
  mounts: parse.withDefault(parse.list(parseRootEntry as Parser<NewEntry>), []),
  mask: parse.list(targetPath),
  readonlyPaths: parse.withDefault(parse.list(targetPath), DEFAULT_READONLY),
  workdir: parse.path,
} satisfies Members<RootfsOptions>);

function baseOf(
  source: string | DetachedMount | undefined,
  layers: Layers | undefined,
  name: string,
): Root['base'] {
  if (!layers) {
    if (source === undefined) return { kind: 'memory' };
    if (typeof source !== 'string') return { kind: 'mount', mount: source };
    return { kind: 'directory', path: source };
  }
  if (typeof source !== 'string') {
    throw new TypeError(
      source === undefined
        ? `${name}.overlay needs ${name}.source: without one, all is in memory`
        : `${name}.overlay needs a directory as ${name}.source, not a detached mount`,
    );
  }
  const { lower, upper = UPPER, work = WORK } = layers;
  const filesystem = overlay({ lower: [...lower, source], upper, work }, `${name}.overlay`);
  const isInMemory = layers.upper === undefined;
  return { kind: 'overlay', path: source, filesystem, isInMemory };
}

function fileEntries({ hostname, hosts, resolv }: ReturnType<typeof parseOptions>): NewEntry[] {
  const files = {
    '/etc/hostname': hostname === undefined ? undefined : `${hostname}\n`,
    '/etc/hosts': hosts,
    '/etc/resolv.conf': resolv,
  };
  return Object.entries(files).flatMap(([target, content]) =>
    content === undefined
      ? []
      : [{ type: 'file', target, content: Buffer.from(content), mode: 0o644 }],
  );
}

/** Parses the options of rootfs(). */
export function parseRootfs(given: RootfsOptions, name: string): Root {
  const options = parseOptions(given, name);
  const { source, overlay: layers, tmp, mounts, mask = listDefaultMasks() } = options;
  const { size, inodes } = layers ?? {};
  const { readonly, propagation, dev, proc, sys, readonlyPaths, workdir } = options;
  return {
    base: baseOf(source, layers, name),
    scratch: tmpfs({ mode: SCRATCH_MODE, size, inodes }),
    readonly,
    propagation,
    dev,
    proc,
    sys,
    entries: [...(tmp ? [tmp] : []), ...fileEntries(options), ...mounts],
    mask,
    readonlyPaths,
    workdir,
  };
}
