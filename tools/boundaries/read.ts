// The packages of this repository.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Package } from './boundaries.js';

const packages = fileURLToPath(new URL('../../packages', import.meta.url));

/** Names of the packages that are published. */
export const packageNames: readonly string[] = readdirSync(packages).filter((name) => {
  const manifest = readFileSync(join(packages, name, 'package.json'), 'utf8');
  return JSON.parse(manifest).private !== true;
});

/** Reads a package: its dependencies and its sources. */
export function read(name: string): Package {
  const directory = join(packages, name);
  const manifest = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
  const files = readdirSync(join(directory, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => [`src/${path}`, readFileSync(join(directory, 'src', path), 'utf8')] as const);
  const { dependencies, peerDependencies, optionalDependencies } = manifest;
  return {
    name,
    dependencies: Object.keys({ ...dependencies, ...peerDependencies, ...optionalDependencies }),
    files: new Map(files),
  };
}
