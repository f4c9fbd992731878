import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string) => readFileSync(`${root}/${path}`, 'utf8');
const manifest = (name: string) => JSON.parse(read(`packages/${name}/package.json`));

const published = readdirSync(`${root}/packages`).filter((name) => !manifest(name).private);

describe.each(published)('@ns/%s', (name) => {
  test('says what every package of the family says', () => {
    expect(manifest(name)).toMatchObject({
      name: `@ns/${name}`,
      license: 'MIT',
      type: 'module',
      engines: { node: '>=20.19' },
      os: ['linux'],
      publishConfig: { access: 'public' },
      files: expect.arrayContaining(['dist']),
      keywords: expect.arrayContaining(['linux', 'namespaces']),
    });
    expect(manifest(name).description).toMatch(/^.{20,}\.$/);
  });

  test('depends on its siblings in the range of their present version', () => {
    const dependencies: Record<string, string> = manifest(name).dependencies;
    for (const [dependency, range] of Object.entries(dependencies)) {
      if (!dependency.startsWith('@ns/')) continue;
      expect(range, dependency).toBe(`^${manifest(dependency.slice(4)).version}`);
    }
  });

  test('carries the license', () => {
    expect(read(`packages/${name}/LICENSE`)).toBe(read('LICENSE'));
  });
});
