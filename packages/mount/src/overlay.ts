// The overlay file system: layers seen as one tree.

import { release } from 'node:os';
import { ownOptions } from '@ns/core/authors';
import { assertFlag, assertPath } from './checks.js';
import type { Parameter, Recipe } from './filesystems.js';

/** Options of an overlay. @see overlayfs in the kernel's documentation */
export interface OverlayOptions {
  /** The read-only layers, the topmost first. */
  lower: readonly string[];
  /** The layer that takes all changes. Without it the overlay is read-only. */
  upper?: string;
  /** An empty directory on the same mount as `upper`, for the kernel's work. Needed with it. */
  work?: string;
  /** Never sync: fast, but after a crash of the machine the upper layer is lost. Linux 5.10. */
  volatile?: boolean;
  /**
   * Keep the overlay's notes in the `user.overlay.` attributes of files, which need no privilege.
   * Linux 5.11. Default: only inside a user namespace.
   */
  userxattr?: boolean;
}

const LONGEST = 255;

const LOCKED =
  'In a user namespace no layer can be a directory on which something is mounted further down, as the root of the machine: those mounts may hide what is below them.';

/** Whether layers can be given one by one (`lowerdir+`), each as long as the kernel takes a text. */
function takesSingleLayers(): boolean {
  const [major = 0, minor = 0] = release().split('.').map(Number);
  return major > 6 || (major === 6 && minor >= 8);
}

function lowerParameters(lower: readonly string[]): Parameter[] {
  if (takesSingleLayers()) return lower.map((layer) => ['lowerdir+', layer]);
  return [['lowerdir', lower.map((layer) => layer.replace(/[\\:,]/g, '\\$&')).join(':')]];
}

/** An overlay. */
export function overlayRecipe(
  options: OverlayOptions,
  name: string,
  inUserNamespace: boolean,
): Recipe {
  const { lower, upper, work, volatile, userxattr = inUserNamespace } = ownOptions(options);
  if (!Array.isArray(lower) || lower.length === 0) {
    throw new TypeError(`${name}.lower must be an array of at least one path: ${String(lower)}`);
  }
  lower.forEach((layer, i) => {
    assertPath(layer, `${name}.lower[${i}]`);
  });
  if ((upper === undefined) !== (work === undefined)) {
    throw new TypeError(`${name}: upper and work belong together`);
  }
  if (upper !== undefined) assertPath(upper, `${name}.upper`);
  if (work !== undefined) assertPath(work, `${name}.work`);
  assertFlag(volatile, `${name}.volatile`);
  assertFlag(userxattr, `${name}.userxattr`);
  if (volatile && upper === undefined) throw new TypeError(`${name}.volatile needs upper`);

  const parameters = lowerParameters(lower);
  if (upper !== undefined) parameters.push(['upperdir', upper]);
  if (work !== undefined) parameters.push(['workdir', work]);
  if (volatile) parameters.push(['volatile', true]);
  if (userxattr) parameters.push(['userxattr', true]);
  for (const [key, value] of parameters) {
    if (value !== true && Buffer.byteLength(value) > LONGEST) {
      throw new RangeError(`${name}: ${key} must not be longer than ${LONGEST} bytes: ${value}`);
    }
  }
  const recipe = { type: 'overlay', source: 'overlay', parameters };
  return inUserNamespace ? { ...recipe, hint: LOCKED } : recipe;
}
