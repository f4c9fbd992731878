// Files that share nothing with the others, so that those share as few files as can be: where the
// thread of a NamespaceWorker begins, which has little to load then, and what is for tests.
import { packageBuild } from '../../tools/build/tsup.js';

export default packageBuild(
  { 'worker-entry': 'src/worker/entry.ts', testing: 'src/testing/index.ts' },
  { clean: false, splitting: false },
);
