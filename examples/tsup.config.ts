import { exampleBuild } from '../tools/build/tsup.js';

export default exampleBuild(['*.ts', '!*.config.ts', '!*.test.ts']);
