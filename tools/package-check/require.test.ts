import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

// In a process of their own, on the built packages: the tests here would see the sources.
const node = (script: string) =>
  execFileSync(process.execPath, ['--input-type=commonjs', '--eval', script], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  }).trim();

test('require() and import of @ns/core give the same classes', () => {
  const output = node(`
    const required = require('@ns/core');
    import('@ns/core').then((imported) => {
      console.log(typeof required.SystemError, imported.SystemError === required.SystemError);
    });
  `);
  expect(output).toBe('function true');
});

test('classes keep their names in the built packages', () => {
  const output = node(`
    const wrong = ['core', 'core/authors', 'core/sys', 'all', 'cgroup', 'ipc', 'net', 'mount', 'pid', 'sandbox'].flatMap((name) =>
      Object.entries(require('@ns/' + name))
        .filter(([key, value]) => typeof value === 'function' && /^class /.test(value) && value.name !== key)
        .map(([key, value]) => name + ': ' + key + ' is called ' + value.name));
    console.log(JSON.stringify(wrong));
  `);
  expect(JSON.parse(output)).toEqual([]);
});

test('the entries of @ns/core share one copy of what they have in common', () => {
  const output = node(`
    const classes = ['@ns/core', '@ns/core/authors', '@ns/core/sys', '@ns/core/testing'].flatMap((entry) =>
      Object.values(require(entry)).filter((value) => /^class /.test(value)));
    const names = new Set(classes.map(({ name }) => name));
    console.log(names.size > 0, new Set(classes).size === names.size);
  `);
  expect(output).toBe('true true');
});

test.each(['uts', 'ipc', 'pid', 'mount', 'net', 'user', 'cgroup', 'time', 'sandbox', 'all'])(
  'require() of @ns/%s works and brings the same exports as import',
  (name) => {
    const output = node(`
      const required = require('@ns/${name}');
      import('@ns/${name}').then((imported) => {
        const names = Object.keys(imported);
        console.log(names.every((name) => imported[name] === required[name]));
      });
    `);
    expect(output).toBe('true');
  },
);
