// The overlay file system: layers seen as one tree.

import { release } from 'node:os';
import { type Members, type Parser, parse } from '@ns/core/authors';
import { checkLength, type Filesystem, type Parameter } from './filesystems.js';

/** Options of an overlay. @see overlayfs in the kernel's documentation */
export interface OverlayOptions {
  /** The read-only layers, the topmost first. */
  lower: readonly string[];
  /** The layer that takes all changes. Without it the overlay is read-only. */
  upper?: string | undefined;
  /** An empty directory on the same mount as `upper`, for the kernel's work. Needed with it. */
  work?: string | undefined;
  /** Never sync: fast, but after a crash of the machine the upper layer is lost. Linux 5.10. */
  volatile?: boolean | undefined;
  /**
   * Keep the overlay's notes in the `user.overlay.` attributes of files, which need no privilege.
   * Linux 5.11. Default: only inside a user namespace.
   */
  userxattr?: boolean | undefined;
}

const LOCKED =
  'In a user namespace no layer can be a directory on which something is mounted further down, as the root of the machine: those mounts may hide what is below them.';

/** True if layers can be given one by one (`lowerdir+`), each as long as the kernel takes a text. */
function takesSingleLayers(): boolean {
  const [major = 0, minor = 0] = release().split('.').map(Number);
  return major > 6 || (major === 6 && minor >= 8);
}

function lowerParameters(lower: readonly string[]): Parameter[] {
  if (takesSingleLayers()) return lower.map((layer) => ['lowerdir+', layer]);
  return [['lowerdir', lower.map((layer) => layer.replace(/[\\:,]/g, '\\$&')).join(':')]];
}

/** Returns the parser of a list of layers. */
export const layers =
  (path: Parser<string>): Parser<string[]> =>
  (value, name) => {
    if (!Array.isArray(value) || value.length === 0) {
      parse.refuse(name, 'an array of at least one path', value);
    }
    return parse.list(path)(value, name);
  };

/** Returns the parsers of {@link OverlayOptions}. */
export const overlayMembers = (path: Parser<string>) =>
  ({
    lower: parse.required(layers(path)),
    upper: path,
    work: path,
    volatile: parse.boolean,
    userxattr: parse.boolean,
  }) satisfies Members<OverlayOptions>;

/** Throws unless the upper layer and its work directory are given together. */
export function checkUpper(upper: string | undefined, work: string | undefined, name: string) {
  if ((upper === undefined) === (work === undefined)) return;
  throw new TypeError(`${name}.upper and ${name}.work must be given together`);
}

/**
 * Returns an overlay with parsed options.
 *
 * @param name of the options in errors
 */
export function overlay(
  { lower, upper, work, volatile, userxattr }: OverlayOptions,
  name: string,
): Filesystem {
  checkUpper(upper, work, name);
  if (volatile && upper === undefined) throw new TypeError(`${name}.volatile needs ${name}.upper`);
  const parameters = lowerParameters(lower);
  if (upper !== undefined) parameters.push(['upperdir', upper]);
  if (work !== undefined) parameters.push(['workdir', work]);
  if (volatile) parameters.push(['volatile', true]);
  if (userxattr) parameters.push(['userxattr', true]);
  for (const [key, value] of parameters) if (value !== true) checkLength(key, value, name);
  const extra: Parameter[] = userxattr === undefined ? [['userxattr', true]] : [];
  const inUserNamespace = { parameters: extra, hint: LOCKED };
  return { type: 'overlay', source: 'overlay', parameters, inUserNamespace };
}
