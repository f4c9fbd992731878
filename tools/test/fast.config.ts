// `npm run test:fast`: pure logic, without privileges, namespaces or child processes.
import { fileURLToPath } from 'node:url';
import { defineConfig, mergeConfig } from 'vitest/config';
import { testConfig } from './vitest.js';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const { test, ...config } = testConfig();

export default mergeConfig(
  config,
  defineConfig({
    root: here('../..'),
    test: {
      include: ['packages/*/src/**/*.unit.test.ts'],
      exclude: test?.exclude ?? [],
      setupFiles: [here('fast-setup.ts'), here('seed.ts')],
      reporters: ['default'],
      isolate: false,
      cache: false,
      // With --coverage only.
      coverage: {
        provider: 'v8',
        include: ['packages/*/src/**/*.ts'],
        exclude: ['**/*.test.ts', '**/*.testing.ts', '**/testing/**', '**/fixtures/**'],
        reporter: ['json-summary'],
      },
    },
  }),
);
