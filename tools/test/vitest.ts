// How every package is tested.
import { getuid } from 'node:process';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const packages = here('../../packages');

/** Factor by which the machine is slower than usual. */
const slowness = Number(process.env.NS_TEST_SLOWNESS ?? 1);

/** Names of packages stand for their sources; with $NS_TEST_BUILT for their builds, as for users. */
const alias =
  process.env.NS_TEST_BUILT === undefined
    ? [
        { find: /^@ns\/(core|mount)\/authors$/, replacement: `${packages}/$1/src/authors.ts` },
        { find: /^@ns\/core\/(sys|testing)$/, replacement: `${packages}/core/src/$1/index.ts` },
        { find: /^@ns\/(\w+)$/, replacement: `${packages}/$1/src/index.ts` },
      ]
    : [];

/**
 * Tests stand beside the source and run on the sources, not on the build. `*.root.test.ts` runs
 * only as root, `*.user.test.ts` only as an ordinary user, every other `*.test.ts` as both.
 */
export function testConfig() {
  return defineConfig({
    resolve: { alias },
    test: {
      include: ['**/*.test.ts'],
      exclude: [
        '**/{node_modules,dist,tmp}/**',
        getuid?.() === 0 ? '**/*.user.test.ts' : '**/*.root.test.ts',
      ],
      // The builds, where they are taken, are imported as they are.
      server: { deps: { external: [/\/packages\/\w+\/dist\//] } },
      // Namespaces belong to threads: a test file needs a process of its own, and its main thread.
      pool: 'forks',
      maxWorkers: 2,
      setupFiles: [here('setup.ts'), here('seed.ts')],
      reporters: ['default', here('reporter.ts')],
      testTimeout: slowness * 30_000,
      hookTimeout: slowness * 30_000,
      teardownTimeout: slowness * 10_000,
      passWithNoTests: true,
      // An ordinary user cannot write into the tree.
      cache: false,
    },
  });
}
