// How everything is built: ES modules only, so that a process holds one copy of each class and of
// the engine's state, whether it is reached by `import` or by `require()`.
import { defineConfig, type Options } from 'tsup';

/**
 * Plugin that replaces imports of Node.js's own modules by `process.getBuiltinModule()`. An ES import reads
 * all exports of a module, and so loads the lazy ones too: of `node:fs`, all streams and `fs.promises`.
 * That was a third of the time to import a package.
 */
const builtins: NonNullable<Options['esbuildPlugins']>[number] = {
  name: 'builtins',
  setup(build) {
    build.onResolve({ filter: /^node:/ }, ({ path }) => ({ path, namespace: 'builtin' }));
    build.onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      // The bundler leaves out the exports that are not used.
      contents: [
        `const builtin = process.getBuiltinModule('${path}');`,
        'const get = (name) => builtin[name];',
        'export default builtin;',
        ...Object.keys(process.getBuiltinModule(path) ?? {}).map(
          (name) => `export const ${name} = /* @__PURE__ */ get('${name}');`,
        ),
      ].join('\n'),
    }));
  },
};

/**
 * Plugin that gives classes their names back: a class that refers to itself is renamed by the bundler,
 * `class _Namespace`. Its own option for that (keepNames) names each function again when it is made, which
 * takes time at every call.
 */
const classNames: NonNullable<Options['plugins']>[number] = {
  name: 'class-names',
  renderChunk: (code) => ({
    // On the same line, so that source maps stay right.
    code: code.replace(
      /^var \w+ = class _(\w+)[^{\n]*\{/gm,
      '$& static { Object.defineProperty(this, "name", { value: "$1" }); }',
    ),
  }),
};

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
    plugins: [classNames],
    esbuildPlugins: [builtins],
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
