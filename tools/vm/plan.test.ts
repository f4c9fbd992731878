import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { loadOrder } from './initramfs.mjs';
import { aboutKernel, choose, testFiles, testScript } from './plan.mjs';

const files = ['packages/cgroup/src/a.test.ts', 'packages/net/src/b.test.ts'];

test('words choose files, and so do tests that were skipped everywhere', () => {
  const report = {
    ...{ project: 'packages/net', user: 'root', kernel: '6.1.0', passed: 0, failed: 0, skipped: 1 },
    tests: [{ file: 'src/b.test.ts', name: 'it', state: 'skipped' as const, reason: 'why' }],
  };
  expect(choose(files, [])).toEqual(files);
  expect(choose(files, ['cgroup'])).toEqual([files[0]]);
  expect(choose(files, [], [])).toEqual([]);
  expect(choose(files, [], [report])).toEqual([files[1]]);
  expect(choose(files, ['cgroup'], [report])).toEqual(files);
});

test('this file is one of those with tests', () => {
  expect(testFiles()).toContain('tools/vm/plan.test.ts');
});

test('what npm test runs once is not about a kernel', () => {
  expect(aboutKernel([...files, 'tools/vm/plan.test.ts'])).toEqual(files);
});

test('the script runs all files in one go', () => {
  const script = testScript(files, { NOTE: "it's" });
  execFileSync('bash', ['-n'], { input: script });
  expect(script).toContain("export NOTE='it'\\''s'\n");
  expect(script).toMatch(
    /^node tools\/test\/run\.mjs 'packages\/cgroup\/src\/a\.test\.ts' 'packages\/net/m,
  );
});

test('a module is loaded after those that it needs', () => {
  const dependencies = [
    'kernel/fs/9p/9p.ko: kernel/net/9p/9pnet.ko kernel/fs/fscache.ko kernel/fs/netfs.ko',
    'kernel/net/9p/9pnet_virtio.ko: kernel/net/9p/9pnet.ko',
    'kernel/net/9p/9pnet.ko:',
    'kernel/fs/netfs.ko:',
  ];
  expect(loadOrder(`${dependencies.join('\n')}\n`, ['9pnet_virtio', '9p'])).toEqual([
    'kernel/net/9p/9pnet.ko',
    'kernel/net/9p/9pnet_virtio.ko',
    'kernel/fs/netfs.ko',
    'kernel/fs/fscache.ko',
    'kernel/fs/9p/9p.ko',
  ]);
  expect(() => loadOrder('', ['9p'])).toThrow('no module 9p');
});
