import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SandboxOptions } from './options/types.js';
import { plan } from './plan.js';
import { type Schema, schema } from './options/schema.js';
import { validate } from './options/validate.js';

test('a plan tells all that would be done, and does nothing', () => {
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

test('the schema is JSON, and says what every option is', () => {
  const { properties = {} } = JSON.parse(JSON.stringify(schema)) as Schema;
  const silent = Object.entries(properties).filter(
    ([, one]) => !one.description && !one.properties,
  );
  expect(silent).toEqual([]);
});

test('whatever the value, it is taken or refused with the name of an option', () => {
  const names = Object.keys((schema as Schema).properties ?? {});
  fc.assert(
    fc.property(fc.constantFrom(...names), fc.jsonValue(), (name, value) => {
      try {
        validate(schema as Schema, { [name]: value });
      } catch (error) {
        expect(error).toSatisfy((e) => e instanceof TypeError || e instanceof RangeError);
        expect((error as Error).message.startsWith(name)).toBe(true);
      }
    }),
  );
});

/** Makes a sandbox where the kernel allows no time namespaces. */
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

test('a part that the kernel refuses is named, and can be allowed to be missing', () => {
  expect(withoutTime({})).toMatch(/^time the sandbox cannot be made: time: unshare\(/);
  expect(withoutTime({ optional: ['ipc'] })).toMatch(/^time /);
  expect(withoutTime({ optional: ['ipc', 'time'] })).toBe('ran\n time\n');
});
