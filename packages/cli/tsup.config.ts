import { packageBuild } from '../../tools/build/tsup.js';

// All commands, each of which loads what it needs of the packages of the types. The engine stays a
// package of its own, with its native parts beside it.
export default packageBuild(
  { index: 'src/index.ts', 'write-pages': 'src/write-pages.ts' },
  { noExternal: [/^@ns\/(?!core)/] },
);
