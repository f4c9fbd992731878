// Paths of the host that are shown in a sandbox, each with its access, which paths around do not change.
import { lstatSync, readlinkSync, realpathSync, type Stats } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import type { RootEntry } from '@ns/mount';
import type { Settings } from '../../options/members.js';
import { isWithin } from './covers.js';
import { isPlaceholder, type Placeholder } from './placeholder.js';

const MOST_LINKS = 40;

/** The access of commands to a path. */
type Access = 'readable' | 'writable' | 'protect';

interface Request {
  /** The path as the caller writes it. */
  readonly path: string;
  readonly access: Access;
}

/** The place of a path in the sandbox. */
interface Way {
  /** The place, without links. */
  readonly target: string;
  /** The links that lead there. */
  readonly links: readonly string[];
}

interface Placed extends Request, Way {}

/** Returns the status of a path, without following a link; undefined for what cannot be seen. */
function statusOf(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch {
    return undefined; // the mount fails with the reason
  }
}

function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path; // the mount fails with the reason
  }
}

/** A file tree as commands will see it: the host's, or an empty one, with mounts in it. */
class View {
  readonly #mounts: { readonly target: string; readonly source: string | undefined }[];

  /** @param source the root; undefined for an empty one */
  constructor(source: string | undefined, empty: readonly string[]) {
    this.#mounts = [
      { target: '/', source },
      ...empty.map((target) => ({ target, source: undefined })),
    ];
  }

  mount(target: string, source: string): void {
    this.#mounts.push({ target, source });
  }

  /** Returns the path of the host that is seen at a path; undefined for a path of the sandbox alone. */
  source(path: string): string | undefined {
    const mount = this.#mounts.findLast(({ target }) => isWithin(path, target));
    if (mount?.source === undefined) return undefined;
    return join(mount.source, relative(mount.target, path));
  }

  /** Follows the links of a path. */
  resolve(path: string): Way {
    const names = path.split('/');
    const links: string[] = [];
    let target = '/';
    for (let name = names.shift(); name !== undefined; name = names.shift()) {
      const next = join(target, name); // with `..` and `.` too, as nothing in it is a link any more
      const to = this.#link(next);
      if (to === undefined) {
        target = next;
        continue;
      }
      links.push(next);
      if (links.length > MOST_LINKS) throw new Error(`cannot show ${path}: too many links`);
      names.unshift(...to.split('/'));
      if (to.startsWith('/')) target = '/';
    }
    return { target, links };
  }

  #link(path: string): string | undefined {
    const source = this.source(path);
    if (source === undefined || !statusOf(source)?.isSymbolicLink()) return undefined;
    return readlinkSync(source);
  }
}

const depthOf = (path: string) => path.split('/').length;

/**
 * Places requests so that each is mounted after those that it lies in. Where a path leads depends on
 * those that are mounted before, so it is tried again until the order stays.
 */
function place(requests: readonly Request[], view: () => View): { placed: Placed[]; seen: View } {
  let ordered = [...requests].sort((a, b) => depthOf(a.path) - depthOf(b.path));
  for (let attempt = 0; attempt <= requests.length; attempt++) {
    const seen = view();
    const placed = ordered.map((request): Placed => {
      const way = seen.resolve(request.path);
      seen.mount(way.target, realOf(request.path));
      return { ...request, ...way };
    });
    const sorted = [...placed].sort((a, b) => depthOf(a.target) - depthOf(b.target));
    if (sorted.every((one, i) => one === placed[i])) return { placed, seen };
    ordered = sorted;
  }
  throw new Error(
    'cannot order the paths of readable and writable: links lead from one to the other',
  );
}

/** Removes repetitions. @throws {TypeError} for a path that is to be both read-only and writable */
function withoutRepetitions(placed: readonly Placed[]): Placed[] {
  const byTarget = new Map<string, Placed>();
  for (const one of placed) {
    const other = byTarget.get(one.target);
    if (other && (other.access === 'writable') !== (one.access === 'writable')) {
      const [first, second] = [other.access, one.access].sort();
      throw new TypeError(
        `options.${first} and options.${second} must not have the same path, got ${one.path}`,
      );
    }
    byTarget.set(one.target, other ?? one);
  }
  return [...byTarget.values()];
}

/** The mounts of paths that are shown, in their order. */
export interface Shown {
  readonly entries: readonly (RootEntry & { readonly target: string })[];
  /** Files and directories that have to be made before, to mount on them. */
  readonly placeholders: readonly Placeholder[];
}

/** Collects the mounts of paths that are placed. */
class Collection {
  readonly entries = new Map<string, RootEntry>();
  readonly placeholders = new Map<string, Placeholder>();
  readonly #placed: readonly Placed[];
  readonly #seen: View;

  constructor(placed: readonly Placed[], seen: View) {
    this.#placed = placed;
    this.#seen = seen;
  }

  /** Returns the access that a path has from the nearest one around it. */
  #around(path: string): Access | undefined {
    return this.#placed.findLast(({ target }) => target !== path && isWithin(path, target))?.access;
  }

  add(one: Placed): void {
    for (const link of one.links) this.#keepLink(link);
    if (one.access === 'protect') this.#protect(one);
    else this.#show(one.target, one.path, one.access === 'readable');
    if (one.access !== 'writable') this.#keepAbove(one.target);
  }

  #show(target: string, source: string, readonly: boolean): void {
    if (this.entries.has(target)) return;
    this.entries.set(target, {
      type: 'bind',
      source,
      target,
      nosuid: true,
      nodev: true,
      ...(readonly ? { readonly } : {}),
    });
  }

  /**
   * SECURITY.md S11: commands that may write to a directory around a path could rename what lies in
   * between, and make another path of the same name. A mountpoint cannot be renamed, so each of the
   * directories in between becomes one.
   */
  #keepAbove(target: string): void {
    for (let path = dirname(target); path !== '/'; path = dirname(path)) {
      const source = this.#seen.source(path);
      if (source === undefined || this.#around(path) !== 'writable') continue;
      if (this.#placed.some((one) => one.target === path)) continue;
      this.#show(path, source, false);
    }
  }

  /** The same for a link on the way: it is mounted over itself. */
  #keepLink(link: string): void {
    const source = this.#seen.source(link);
    if (source === undefined || this.#around(link) !== 'writable') return;
    this.entries.set(link, {
      type: 'bind',
      source,
      target: link,
      nofollow: true,
      readonly: true,
    });
    this.#keepAbove(link);
  }

  /** Makes a path read-only, or the first of its directories that is missing. */
  #protect({ target, path }: Placed): void {
    const top = this.#placed.findLast(
      (one) => one.access !== 'protect' && isWithin(target, one.target),
    );
    if (top?.access !== 'writable') return; // by itself it is read-only, or not seen
    const names = relative(top.target, target).split('/');
    for (let i = 0; i < names.length; i++) {
      const at = join(top.target, ...names.slice(0, i + 1));
      const source = this.#seen.source(at) as string;
      const status = statusOf(source);
      const isLast = i === names.length - 1;
      const missing = status === undefined || isPlaceholder(source, status);
      if (missing) {
        const type = isLast && !path.endsWith('/') ? 'file' : 'directory';
        this.placeholders.set(source, { path: source, type });
      }
      if (isLast || missing || !status.isDirectory()) {
        this.#show(at, source, true);
        return;
      }
    }
  }
}

/**
 * Returns the mounts that show paths of the host. The more specific path decides, in any order of the
 * options.
 *
 * @param source the directory of the host that is the root, if its links mean the same inside
 * @param empty directories in it that are empty
 * @throws {TypeError} for a path that is to be both read-only and writable, or is protected outside of
 *   writable paths
 */
export function shownOf(
  { readable, writable, protect }: Pick<Settings, 'readable' | 'writable' | 'protect'>,
  source: string | undefined,
  empty: readonly string[],
): Shown {
  const requests = Object.entries({ readable, writable, protect } as const).flatMap(
    ([access, paths]) =>
      paths.map((path): Request => ({ path: normalize(path), access: access as Access })),
  );
  for (const path of protect) {
    if (!writable.some((one) => isWithin(normalize(path), normalize(one).replace(/\/$/, '')))) {
      throw new TypeError(
        `options.protect must have paths inside of those of options.writable, got ${path}`,
      );
    }
  }
  const { placed, seen } = place(requests, () => new View(source, empty));
  const unique = withoutRepetitions(placed);
  const collection = new Collection(unique, seen);
  for (const one of unique) collection.add(one);
  const entries = [...collection.entries.values()].sort(
    (a, b) => depthOf(a.target) - depthOf(b.target),
  );
  return { entries, placeholders: [...collection.placeholders.values()] };
}

/**
 * Puts shown paths among other mounts, which keep their order: each path comes after those that it lies
 * in, so that none of them hides it.
 */
export function amongMounts(
  shown: Shown['entries'],
  mounts: readonly RootEntry[],
): readonly RootEntry[] {
  const after = (target: string) =>
    mounts.findLastIndex((one) => one.target !== target && isWithin(target, one.target)) + 1;
  return [...mounts, undefined].flatMap((mount, i) => [
    ...shown.filter(({ target }) => after(target) === i),
    ...(mount ? [mount] : []),
  ]);
}
