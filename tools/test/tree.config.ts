// For files of several packages in one run, from the root of the tree.
import { testConfig } from './vitest.js';

export default testConfig();
