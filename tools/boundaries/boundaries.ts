// Which package may use which:
// - `core` uses koffi and nothing else;
// - the package of a namespace type uses `core` alone, so that it can be installed alone;
// - `sandbox` uses `core` and all types;
// - `all` uses all of these;
// - `cli` uses any of them: they are in its bundles, which load koffi's binary themselves.
// Nothing reaches into another package's directory. Inside of a package, layers.ts holds.
import { isBuiltin } from 'node:module';
import { join, normalize } from 'node:path/posix';
import ts from 'typescript';

/** A package as the check sees it. */
export interface Package {
  /** Directory name under `packages`. */
  name: string;
  /** Names in the `dependencies` of its package.json. */
  dependencies: readonly string[];
  /** Text of each source file, by its path in the package. */
  files: ReadonlyMap<string, string>;
}

/** Packages that are not of a namespace type. */
const special = ['core', 'sandbox', 'all', 'cli'];

/** Packages that tests may import as well. */
const forTests = ['vitest', 'fast-check'];

function mayUse(name: string, used: string): boolean {
  switch (name) {
    case 'core':
      return used === 'koffi';
    case 'sandbox':
      if (used === '@ns/core') return true;
      return used.startsWith('@ns/') && !special.includes(used.slice(4));
    case 'all':
      return used.startsWith('@ns/') && used !== '@ns/cli' && used !== '@ns/all';
    case 'cli':
      return used === 'koffi' || (used.startsWith('@ns/') && used !== '@ns/cli');
    default:
      return used === '@ns/core';
  }
}

/** `@ns/core/sys` is of the package `@ns/core`. */
const packageOf = (specifier: string) =>
  specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');

/** Returns all modules that a source imports, requires or re-exports, types included. */
export function importsOf(source: string): string[] {
  return ts.preProcessFile(source, true, true).importedFiles.map((file) => file.fileName);
}

/** Returns the violations of the rules by a package. */
export function violations({ name, dependencies, files }: Package): string[] {
  const found: string[] = [];
  for (const dependency of dependencies) {
    if (!mayUse(name, dependency)) found.push(`${name}/package.json depends on ${dependency}`);
  }
  for (const [path, source] of files) {
    const isTest = /[./](test|testing)\.ts$/.test(path); // tests, and what several of them share
    for (const specifier of importsOf(source)) {
      const used = packageOf(specifier);
      if (specifier.startsWith('.')) {
        const target = normalize(join(path, '..', specifier));
        if (target.startsWith('../'))
          found.push(`${name}/${path} leaves its package: ${specifier}`);
      } else if (used === `@ns/${name}`) {
        // Itself, as others see it.
      } else if (isBuiltin(specifier) || (isTest && forTests.includes(used))) {
        // Fine everywhere.
      } else if (!mayUse(name, used)) {
        found.push(`${name}/${path} imports ${specifier}`);
      } else if (!dependencies.includes(used)) {
        found.push(`${name}/${path} imports ${specifier}, which its package.json does not name`);
      }
    }
  }
  return found;
}
