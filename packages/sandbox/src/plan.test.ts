import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import type { SandboxOptions } from './options/types.js';
import { plan } from './plan.js';

test('plan returns namespaces, root, limits and calls as plain data without secrets', () => {
  const told = plan({
    network: 'host',
    root: { directory: '/usr', overlay: 'list' },
    limits: { files: 10 },
    secrets: { token: 's3cret' },
  });
  expect(told.namespaces).toMatchObject({ net: 'shared', user: 'new', mount: 'new' });
  expect(told.root).toEqual({ source: '/usr', readonly: false, overlay: true });
  expect(told.limits).toEqual({ files: { keeper: 'rlimit', scope: 'process' } });
  expect(told.capabilities).toEqual([]);
  expect(told.program).toContain('pivot_root(".", ".")');
  expect(JSON.stringify(told)).not.toContain('s3cret');
  expect(JSON.parse(JSON.stringify(told))).toEqual(told);
});

/** Creates a sandbox where the kernel allows no time namespaces. */
function withoutTime(options: SandboxOptions) {
  const module = new URL('../dist/index.js', import.meta.url).href;
  const source = `
    import { sandbox } from ${JSON.stringify(module)};
    try {
      const { stdout, report } = await sandbox.run('echo', ['ran'], ${JSON.stringify(options)});
      console.log(stdout, report.missing.map(({ part }) => part).join());
    } catch (error) { console.log(error.part, error.message); }
    process.exit();`;
  const script = `echo 0 > /proc/sys/user/max_time_namespaces; exec "$0" --input-type=module -e "$1"`;
  const args = ['--user', '--map-root-user', 'sh', '-c', script, process.execPath, source];
  return spawnSync('unshare', args, { encoding: 'utf8' }).stdout;
}

test('a refused time namespace is the part of the error, or is reported as missing if optional', () => {
  expect(withoutTime({})).toMatch(/^time cannot create the sandbox: time: unshare\(/);
  expect(withoutTime({ optional: ['ipc'] })).toMatch(/^time /);
  expect(withoutTime({ optional: ['ipc', 'time'] })).toBe('ran\n time\n');
});
