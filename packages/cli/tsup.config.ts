import { packageBuild } from '../../tools/build/tsup.js';

// Start-up is what a user feels: of the packages of the types, only what a command needs is loaded.
// The engine stays a package of its own, with its native parts beside it.
export default packageBuild(
  { index: 'src/index.ts', main: 'src/main.ts' },
  { noExternal: [/^@ns\/(?!core)/] },
);
