import { expect, test } from 'vitest';
import { importCycles, layers, upwardImports } from './layers.js';
import { packageNames, read } from './read.js';

test.each(packageNames)('%s has no circle of imports', (name) => {
  expect(importCycles(read(name))).toEqual([]);
});

test.each(Object.keys(layers))('the folders of %s import downwards only', (name) => {
  expect(upwardImports(read(name))).toEqual([]);
});

const core = (files: Record<string, string>) => ({
  name: 'core',
  dependencies: [],
  files: new Map(Object.entries(files)),
});

test('upwardImports finds a file of sys that imports one of commands, by its type as well', () => {
  const files = core({
    'src/sys/a.ts': "import type { B } from '../commands/b.js';",
    'src/commands/b.ts': "import { c } from '../sys/c.js';",
    'src/sys/c.ts': '',
  });
  expect(upwardImports(files)).toEqual(['src/sys/a.ts imports src/commands/b.ts']);
});

test('importCycles finds each group of files that import each other, and nothing beside it', () => {
  const files = core({
    'src/a.ts': "import './b.js'; import './d.js';",
    'src/b.ts': "export * from './c.js';",
    'src/c.ts': "const a = await import('./a.js');",
    'src/d.ts': "import './e.js';",
    'src/e.ts': '',
    'src/f.ts': "import './g.js'; import './a.js';",
    'src/g.ts': "import './f.js';",
    'src/a.test.ts': "import './a.js';",
  });
  expect(importCycles(files)).toEqual([
    ['src/a.ts', 'src/b.ts', 'src/c.ts'],
    ['src/f.ts', 'src/g.ts'],
  ]);
});
