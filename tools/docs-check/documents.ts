// Which documents there are.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

export const read = (path: string) => readFileSync(join(root, path), 'utf8');

/** The packages that are published. */
export const packages = readdirSync(join(root, 'packages')).filter(
  (name) => JSON.parse(read(`packages/${name}/package.json`)).private !== true,
);

// docs/api is made from the doc comments, whose examples stand for more than they say.
function guides(): string[] {
  return readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md') && !path.startsWith('api/'))
    .map((path) => `docs/${path}`)
    .sort();
}

/** Paths of all documents that users read. */
export const documents = [
  'README.md',
  'SECURITY.md',
  'examples/README.md',
  ...packages.map((name) => `packages/${name}/README.md`),
  ...guides(),
];
