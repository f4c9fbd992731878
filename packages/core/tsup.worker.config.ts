// Where the thread of a NamespaceWorker begins: one file that needs no other, so that a Worker has
// little to load, and whoever makes none has fewer files to load.
import { packageBuild } from '../../tools/build/tsup.js';

export default packageBuild(
  { 'worker-entry': 'src/worker/entry.ts' },
  { clean: false, dts: false },
);
