// How everything is built: ES modules only, so that a process holds one copy of each class and of
// the engine's state, whether it is reached by `import` or by `require()`.
import { defineConfig, type Options } from 'tsup';

const common: Options = {
  format: 'esm',
  platform: 'node',
  target: 'node20',
  clean: true,
  removeNodeProtocol: false,
};

/**
 * A published package. Entries lie flat in `dist`, and what several of them use becomes a chunk
 * beside them.
 *
 * @param entry output name to source file
 * @param options in the place of the common ones
 */
export function packageBuild(entry: Record<string, string>, options: Options = {}) {
  return defineConfig({
    ...common,
    splitting: true,
    sourcemap: true,
    // Declarations are made against the built packages, as a user sees them.
    dts: { compilerOptions: { paths: {} } },
    ...options,
    entry,
  });
}

/** Programs that are only run. */
export function exampleBuild(entry: string[]) {
  return defineConfig({ ...common, entry });
}
