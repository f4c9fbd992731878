import { testConfig } from './vitest.js';

export default testConfig();
