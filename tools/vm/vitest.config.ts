import { testConfig } from '../test/vitest.js';

export default testConfig();
