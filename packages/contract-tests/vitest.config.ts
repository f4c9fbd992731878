import { testConfig } from '../../tools/test/vitest.js';

export default testConfig();
