// What an import of a package loads of Node itself: much of the time that it takes.
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

/** Modules of Node that are loaded once the package is imported by a process without terminals. */
function loadedBy(specifier: string): string[] {
  const script = `
    await import('${specifier}');
    process.stdout.write(process.moduleLoadList.join('\\n'));`;
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return output.split('\n').map((line) => line.replace(/^NativeModule /, ''));
}

const dear = ['readline', 'child_process', 'http', 'tls', 'crypto', 'dgram'];

test.each(['core', 'uts', 'ipc', 'pid', 'mount', 'net', 'user', 'cgroup', 'time'])(
  'an import of @ns/%s loads no module of Node that only some of its calls need',
  (name) => {
    const loaded = loadedBy(`@ns/${name}`);
    expect(dear.filter((module) => loaded.includes(module))).toEqual([]);
  },
);

// An import of node:process does, whatever one wants of it, and that takes milliseconds.
test.each([
  'core',
  'uts',
  'ipc',
  'pid',
  'mount',
  'net',
  'user',
  'cgroup',
  'time',
  'sandbox',
  'all',
])('an import of @ns/%s does not open standard input', (name) => {
  const script = `
      const opened = [];
      const { get } = Object.getOwnPropertyDescriptor(process, 'stdin');
      Object.defineProperty(process, 'stdin', {
        enumerable: true,
        configurable: true,
        get() { opened.push('stdin'); return get.call(process); },
      });
      await import('@ns/${name}');
      console.log(opened.length);`;
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  expect(output).toBe('0\n');
});
