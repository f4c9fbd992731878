// What a user waits for: the program `ns`, and the part of it that runs a command, the engine
// included. That one is of exactly this version, and so are the native parts that are put beside it.
import { cpSync } from 'node:fs';
import { defineConfig } from 'tsup';

export default defineConfig({
  entry: { ns: 'src/bin.ts', launch: 'src/launch.ts' },
  outDir: 'dist/start',
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  splitting: false,
  removeNodeProtocol: false,
  noExternal: [/^@ns\/(?!cli)/, 'koffi'],
  external: ['@ns/cli'],
  define: { 'import.meta.dirname': '__dirname' },
  minify: true,
  esbuildOptions(options) {
    options.alias = { koffi: './src/koffi-binary.ts' };
  },
  async onSuccess() {
    cpSync('../core/prebuilds', 'dist/prebuilds', { recursive: true });
  },
});
