// The program as a function: an ES module that gives what the bundle has.
import { packageBuild } from '../../tools/build/tsup.js';

export default packageBuild(
  { index: 'src/index.ts' },
  {
    sourcemap: false,
    esbuildPlugins: [
      {
        name: 'bundle',
        setup(build) {
          const bundle = { path: './start/whole.cjs', external: true };
          build.onResolve({ filter: /^\.\/main\.js$/ }, () => bundle);
        },
      },
    ],
  },
);
