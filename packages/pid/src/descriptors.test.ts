import { join } from 'node:path';
import { run } from '@ns/core';
import { expect, test } from 'vitest';

test('watchProcesses reports a lack of descriptors once, and the missed birth afterwards', async () => {
  const script = join(import.meta.dirname, 'fixtures/few-descriptors.mjs');
  const limited = 'ulimit -n 64; exec "$@"';
  const { stdout } = await run('sh', ['-c', limited, 'sh', process.execPath, script]);
  const [lost, birth, ...others] = JSON.parse(stdout);
  expect(lost).toEqual(['lost', 'EMFILE']);
  expect(birth).toEqual(['birth', null]);
  expect(others).toContainEqual(['death', null]);
});
