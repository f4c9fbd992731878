// What has to be on the disk before a sandbox is made: directories of an overlay, an unpacked archive.
import { chmodSync, chownSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Identity } from './identity.js';
import type { OverlayChanges, SandboxOptions } from './options.js';
import type { PreparedRoot } from './root.js';
import { makeTemporary, removeTemporary } from './temporary.js';

/** A root that is ready to be mounted. */
export interface ReadyRoot extends PreparedRoot {
  /** Where the changes of an overlay are, if they can be listed. */
  readonly changes?: { readonly lower: string; readonly upper: string };
  /** Removes what was made for it. */
  release(): void;
}

interface Layers {
  readonly overlay?: PreparedRoot['overlay'];
  readonly upper?: string;
  readonly temporary?: string;
}

/** A directory that the commands' user may change. */
function makeFor(directory: string, { uid, gid }: Identity['outside']): void {
  if (existsSync(directory)) return;
  mkdirSync(directory, { mode: 0o755 });
  if (process.geteuid?.() === 0) chownSync(directory, uid, gid);
}

function layersOf(changes: OverlayChanges | undefined, owner: Identity['outside']): Layers {
  if (changes === undefined) return {};
  if (changes === 'discard') return { overlay: true };
  const temporary = changes === 'list' ? makeTemporary() : undefined;
  const place = temporary ?? (changes as { keep: string }).keep;
  const layers = { upper: join(place, 'upper'), work: join(place, 'work') };
  if (temporary === undefined) mkdirSync(place, { recursive: true });
  else chmodSync(place, 0o711); // the one who mounts it may be somebody else
  for (const directory of Object.values(layers)) makeFor(directory, owner);
  return {
    overlay: layers,
    upper: layers.upper,
    ...(temporary === undefined ? {} : { temporary }),
  };
}

/** Makes what the root needs. */
export async function prepareRoot(
  { root = 'host' }: SandboxOptions,
  { outside }: Pick<Identity, 'outside'>,
): Promise<ReadyRoot> {
  const nothing = { release: () => {} };
  if (root === 'host') return { directory: '/', writable: false, ...nothing };
  if (root === 'empty') return { writable: false, ...nothing };
  const { directory, overlay, writable = false } = root;
  const { overlay: layers, upper, temporary } = layersOf(overlay, outside);
  return {
    directory,
    writable: writable || layers !== undefined,
    ...(layers === undefined ? {} : { overlay: layers }),
    ...(upper === undefined ? {} : { changes: { lower: directory, upper } }),
    release: () => {
      if (temporary !== undefined) removeTemporary(temporary);
    },
  };
}

/** The same without making anything: what stands where it would be made is named in words. */
export function planRoot({ root = 'host' }: SandboxOptions): PreparedRoot {
  if (root === 'host') return { directory: '/', writable: false };
  if (root === 'empty') return { writable: false };
  const { directory, overlay, writable = false } = root;
  if (overlay === undefined) return { directory, writable };
  if (overlay === 'discard') return { directory, writable: true, overlay: true };
  const place = overlay === 'list' ? '/TEMPORARY' : overlay.keep;
  const layers = { upper: join(place, 'upper'), work: join(place, 'work') };
  return { directory, writable: true, overlay: layers };
}
