// Parses the entries of a root: mounts, files, directories and links.
import { posix, resolve } from 'node:path';
import { type Members, type Parser, parse } from '@ns/core/authors';
import { parseMode } from '../filesystems.js';
import { mountParser, type TargetedMount } from '../parse-mount.js';
import type { DirectoryEntry, FileEntry, RootEntry, SymlinkEntry } from './options.js';

/** A file in normal form. */
export interface NewFile {
  readonly type: 'file';
  readonly target: string;
  readonly content: Buffer;
  readonly mode: number;
}

/** A directory in normal form. */
export interface NewDirectory {
  readonly type: 'directory';
  readonly target: string;
  readonly mode: number;
}

/** A link in normal form. */
export interface NewSymlink {
  readonly type: 'symlink';
  readonly target: string;
  readonly to: string;
}

/** An entry of a root in normal form: paths are absolute and in their simplest form. */
export type NewEntry =
  | NewFile
  | NewDirectory
  | NewSymlink
  | ({ readonly type: 'mount' } & TargetedMount);

/** A path in the root, in its simplest form. */
export const targetPath: Parser<string> = (value, name) => {
  const given = parse.absolutePath(value, name);
  if (given.split('/').includes('..')) parse.refuse(name, 'a path without ..', value);
  const path = posix.normalize(given).replace(/(?<=.)\/$/, '');
  return path === '/' ? parse.refuse(name, 'a path below the root', value) : path;
};

/** A path of the caller. SECURITY.md S2: a relative one is resolved in the present working directory. */
export const hostPath: Parser<string> = (value, name) => resolve(parse.path(value, name));

const parseContent: Parser<Buffer> = (value, name) => {
  if (typeof value === 'string') return Buffer.from(value);
  if (value instanceof Uint8Array) return Buffer.from(value);
  return parse.refuse(name, 'a text or bytes', value);
};

const parseFile = parse.options({
  type: parse.oneOf('file'),
  target: parse.required(targetPath),
  content: parse.required(parseContent),
  mode: parse.withDefault(parseMode, 0o644),
} satisfies Members<FileEntry>);

const parseDirectory = parse.options({
  type: parse.oneOf('directory'),
  target: parse.required(targetPath),
  mode: parse.withDefault(parseMode, 0o755),
} satisfies Members<DirectoryEntry>);

const parseSymlink = parse.options({
  type: parse.oneOf('symlink'),
  target: parse.required(targetPath),
  to: parse.required(parse.path),
} satisfies Members<SymlinkEntry>);

const parseMount = mountParser(targetPath, hostPath);

function parseEntry(value: unknown, name: string): NewEntry {
  switch (parse.ownMembers(value, name).type) {
    case 'file':
      return { ...parseFile(value, name), type: 'file' };
    case 'directory':
      return { ...parseDirectory(value, name), type: 'directory' };
    case 'symlink':
      return { ...parseSymlink(value, name), type: 'symlink' };
    default:
      return { type: 'mount', ...parseMount(value, name) };
  }
}

/**
 * Parses an entry of a root, as `rootfs()` does.
 *
 * @param name of the entry in errors
 * @returns its normal form
 * @throws {TypeError | RangeError} naming the member that is wrong
 */
export function parseRootEntry(entry: RootEntry, name: string): NewEntry {
  return parseEntry(entry, name);
}
