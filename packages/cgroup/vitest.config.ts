import { mergeConfig } from 'vitest/config';
import { testConfig } from '../../tools/test/vitest.js';

// One file after the other: controllers are enabled and disabled at the root, for all groups.
export default mergeConfig(testConfig(), { test: { fileParallelism: false } });
