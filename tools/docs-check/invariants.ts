// The invariants of SECURITY.md, and the sources and tests that cite them.
import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { packages, read, root } from './documents.js';

const SOURCE = /\.(ts|c|h|mjs)$/;
const TEST = /\.test\.ts$/;
/** `SECURITY.md S3`, `SECURITY.md S3 and S11`. */
const CITATION = /SECURITY\.md,? (S\d+(?:(?:, | and |, and )S\d+)*)/g;

/** An invariant, with the paths that its section names. */
export interface Invariant {
  readonly name: string;
  readonly paths: readonly string[];
}

/** The invariants of a page, in its order. */
export function invariantsOf(page: string): Invariant[] {
  return page
    .split(/^(?=###? )/m)
    .map((section) => ({
      name: /^### (S\d+)$/m.exec(section)?.[1] ?? '',
      paths: [...section.matchAll(/`((?:packages|tools)\/[^`]+)`/g)].map(([, path = '']) => path),
    }))
    .filter(({ name }) => name !== '');
}

/** Names of the invariants that a text cites; a comment may go on in the next line. */
export function citedBy(text: string): string[] {
  const joined = text.replace(/\n\s*(?:\/\/|\*)\s*/g, ' ');
  return [...joined.matchAll(CITATION)].flatMap(([, names = '']) => names.match(/S\d+/g) ?? []);
}

/** Where invariants are cited: paths by the names that they cite. */
export interface Citations {
  readonly sources: ReadonlyMap<string, readonly string[]>;
  readonly tests: ReadonlyMap<string, readonly string[]>;
}

function sourcesBelow(directory: string): string[] {
  return readdirSync(join(root, directory), { recursive: true, encoding: 'utf8' })
    .filter((path) => SOURCE.test(path))
    .map((path) => `${directory}/${path}`);
}

/** Reads all citations of the packages. */
export function citations(): Citations {
  const directories = packages.map((name) => `packages/${name}/src`);
  const found = { sources: new Map<string, string[]>(), tests: new Map<string, string[]>() };
  for (const path of [...directories, 'packages/core/native'].flatMap(sourcesBelow)) {
    const kind = TEST.test(path) ? found.tests : found.sources;
    for (const name of citedBy(read(path))) kind.set(name, [...(kind.get(name) ?? []), path]);
  }
  return found;
}

/** True if a path of the repository exists; a star in its last part stands for anything. */
export function exists(path: string): boolean {
  const pattern = basename(path).replace(/[.+]/g, '\\$&').replaceAll('*', '.*');
  try {
    return readdirSync(join(root, dirname(path))).some((name) =>
      new RegExp(`^${pattern}$`).test(name),
    );
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
