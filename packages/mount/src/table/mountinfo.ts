// The text of /proc/PID/mountinfo.
import { parse } from '@ns/core/authors';
import type { Propagation } from '../propagation.js';

/** A mount, as a mount table describes it. */
export interface MountInfo {
  /** Its number, which another mount may get once this one is gone. */
  readonly id: number;
  /** The number that no other mount gets until the machine is restarted. Linux 6.8; by statmount only. */
  readonly uniqueId?: bigint;
  /** Number of the mount that it is mounted on; for the topmost one, one out of sight or its own. */
  readonly parent: number;
  /** Device number of its file system. */
  readonly device: { readonly major: number; readonly minor: number };
  /** The directory or file of the file system that it shows. */
  readonly root: string;
  /** Where it is mounted, from the reader's root on. */
  readonly target: string;
  /** Options of this mount: `['rw', 'nosuid']`. */
  readonly options: readonly string[];
  /** Number of its peer group: whose members receive from each other. */
  readonly peerGroup?: number;
  /** Number of the peer group that it receives from as a slave. */
  readonly master?: number;
  /** The nearest group in sight that a slave receives from, if its master is out of sight. */
  readonly propagateFrom?: number;
  /** True if it cannot be bound elsewhere. */
  readonly unbindable: boolean;
  /** Type of its file system: `'ext4'`, with a subtype `'fuse.sshfs'`. */
  readonly type: string;
  /** Its device, or what the file system has in the place of one. */
  readonly source: string;
  /** Options of its file system. */
  readonly superOptions: readonly string[];
}

/** Returns the propagation of a mount, as findmnt(8) does; it can be a slave and shared at once. */
export function propagationOf(mount: MountInfo): Propagation[] {
  if (mount.unbindable) return ['unbindable'];
  const found: Propagation[] = [];
  if (mount.peerGroup !== undefined) found.push('shared');
  if (mount.master !== undefined) found.push('slave');
  return found.length === 0 ? ['private'] : found;
}

/** Undoes the kernel's escapes: `\040` for a space, and so on. */
export function unescaped(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/\\([0-3][0-7]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

interface Optional {
  peerGroup?: number;
  master?: number;
  propagateFrom?: number;
  unbindable: boolean;
}

/** Parses the fields between the options and the hyphen. Unknown fields are skipped. */
function optionalFields(fields: readonly string[]): Optional {
  const found: Optional = { unbindable: false };
  for (const field of fields) {
    const [tag, value] = field.split(':');
    if (tag === 'shared') found.peerGroup = Number(value);
    else if (tag === 'master') found.master = Number(value);
    else if (tag === 'propagate_from') found.propagateFrom = Number(value);
    else if (tag === 'unbindable') found.unbindable = true;
  }
  return found;
}

function parseLine(line: string): MountInfo {
  const fields = line.split(' ');
  const separator = fields.indexOf('-', 6);
  if (separator < 0 || fields.length < separator + 3) {
    throw new SyntaxError(`not a line of mountinfo: ${JSON.stringify(line)}`);
  }
  const [id, parent, device = '', root = '', target = '', options = ''] = fields;
  const [major, minor] = device.split(':');
  const [type = '', source = '', superOptions = ''] = fields.slice(separator + 1);
  return {
    id: Number(id),
    parent: Number(parent),
    device: { major: Number(major), minor: Number(minor) },
    root: unescaped(root),
    target: unescaped(target),
    options: options.split(','),
    ...optionalFields(fields.slice(6, separator)),
    type: unescaped(type),
    source: unescaped(source),
    superOptions: unescaped(superOptions).split(','),
  };
}

/**
 * Parses the text of a mountinfo file.
 *
 * @throws {SyntaxError} naming a line of another form
 * @see proc_pid_mountinfo(5)
 */
export function parseMountinfo(text: string): MountInfo[] {
  if (typeof text !== 'string') parse.refuse('text', 'a string', text);
  const mounts: MountInfo[] = [];
  let start = 0;
  while (start < text.length) {
    let end = text.indexOf('\n', start);
    if (end < 0) end = text.length;
    if (end > start) mounts.push(parseLine(text.slice(start, end)));
    start = end + 1;
  }
  return mounts;
}
