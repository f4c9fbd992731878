// For editors and `npx vitest` over everything; `npm test` goes through nx, package by package.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { projects: ['packages/*', 'tools/*/vitest.config.ts', 'examples'] },
});
