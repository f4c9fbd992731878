// The program: CommonJS, which Node loads in half the time of ES modules, with the engine and all
// packages in it. They are of exactly this version, and so are the native parts that are put beside.
import { createHash } from 'node:crypto';
import { appendFileSync, cpSync, readFileSync } from 'node:fs';
import { defineConfig } from 'tsup';

export default defineConfig({
  entry: {
    ns: 'src/start/bin.ts',
    launch: 'src/start/launch.ts',
    whole: 'src/main.ts',
    'write-man-and-completions': 'src/write-man-and-completions.ts',
  },
  outDir: 'dist/start',
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  splitting: false,
  removeNodeProtocol: false,
  noExternal: [/./],
  minify: true,
  define: { 'import.meta.dirname': '__dirname' },
  esbuildOptions(options) {
    options.alias = { koffi: './src/start/koffi-binary.ts' };
  },
  async onSuccess() {
    // The compiled code of a bundle is kept under this hash: see src/start/code-cache.ts.
    for (const bundle of ['dist/start/launch.cjs', 'dist/start/whole.cjs']) {
      const hash = createHash('sha256').update(readFileSync(bundle)).digest('hex');
      appendFileSync(bundle, `\n//${hash}\n`);
    }
    cpSync('../core/prebuilds', 'dist/prebuilds', { recursive: true });
  },
});
