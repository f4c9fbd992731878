import { describe, expect, test } from 'vitest';
import { importsOf, violations } from './boundaries.js';
import { packageNames, read } from './read.js';

describe('the packages', () => {
  test.each(packageNames)('%s stays inside its boundaries', (name) => {
    expect(violations(read(name))).toEqual([]);
  });
});

describe('the check', () => {
  const check = (name: string, source: string, dependencies = ['@ns/core'], path = 'src/a.ts') =>
    violations({ name, dependencies, files: new Map([[path, source]]) });

  test('lets a type package use core, its own files and what Node.js has', () => {
    const source = `
      import { readFileSync } from 'node:fs';
      import { syscall } from '@ns/core/sys';
      import { b } from './b.js';
      export * from '../c.js';`;
    expect(check('uts', source, ['@ns/core'], 'src/deep/a.ts')).toEqual([]);
  });

  test.each([
    ["import { net } from '@ns/net';", '@ns/net'],
    ["import type { Net } from '@ns/net';", '@ns/net'],
    ["export { net } from '@ns/net';", '@ns/net'],
    ["const net = await import('@ns/net');", '@ns/net'],
    ["const net = require('@ns/net');", '@ns/net'],
    ["let net: import('@ns/net').Net;", '@ns/net'],
    ["import { Sandbox } from '@ns/sandbox';", '@ns/sandbox'],
    ["import koffi from 'koffi';", 'koffi'],
    ["import _ from 'lodash/fp';", 'lodash/fp'],
  ])('refuses in a type package: %s', (source, specifier) => {
    expect(check('uts', source)).toEqual([`uts/src/a.ts imports ${specifier}`]);
  });

  test('holds for tests as well, which may use the test tools', () => {
    const source = "import { test } from 'vitest';\nimport { net } from '@ns/net';";
    expect(check('uts', source, ['@ns/core'], 'src/a.test.ts')).toEqual([
      'uts/src/a.test.ts imports @ns/net',
    ]);
    expect(check('uts', "import { test } from 'vitest';")).toEqual(['uts/src/a.ts imports vitest']);
  });

  test('refuses a way around through the directories', () => {
    expect(check('uts', "import { net } from '../../net/src/index.js';")).toEqual([
      'uts/src/a.ts leaves its package: ../../net/src/index.js',
    ]);
  });

  test('refuses a dependency in package.json', () => {
    expect(check('uts', '', ['@ns/core', '@ns/net'])).toEqual([
      'uts/package.json depends on @ns/net',
    ]);
    expect(check('core', '', ['koffi', '@ns/uts'])).toEqual([
      'core/package.json depends on @ns/uts',
    ]);
  });

  test('refuses an import that package.json does not name', () => {
    expect(check('uts', "import { SystemError } from '@ns/core';", [])).toEqual([
      'uts/src/a.ts imports @ns/core, which its package.json does not name',
    ]);
  });

  test('lets sandbox see core and every type, but not the command', () => {
    const source = "import '@ns/core';\nimport '@ns/net';\nimport '@ns/cli';\nimport 'koffi';";
    expect(check('sandbox', source, ['@ns/core', '@ns/net'])).toEqual([
      'sandbox/src/a.ts imports @ns/cli',
      'sandbox/src/a.ts imports koffi',
    ]);
  });

  test('lets the command see what its package.json names', () => {
    const source = "import '@ns/sandbox';\nimport '@ns/core';";
    expect(check('cli', source, ['@ns/sandbox'])).toEqual([
      'cli/src/a.ts imports @ns/core, which its package.json does not name',
    ]);
  });

  test('finds imports of every form', () => {
    expect(importsOf("import 'a'; export * from 'b'; import('c');")).toEqual(['a', 'b', 'c']);
  });
});
