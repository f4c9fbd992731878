import { execFileSync } from 'node:child_process';
import { getuid } from 'node:process';
import { describe, expect, test } from 'vitest';
import { type Block, blocksOf, languages, toModule, typeErrors } from './blocks.js';
import { documents, read, root } from './documents.js';

const here = import.meta.dirname;

const runnable = ({ info }: Block) => info === 'ts' || info === 'js';

/** Runs a block as a module of its own, in the repository, so that it finds the built packages. */
function run(block: Block): string {
  return execFileSync(process.execPath, ['--input-type=module', '--eval', toModule(block)], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 20_000 * Number(process.env.NS_TEST_SLOWNESS ?? 1),
  });
}

describe.each(documents)('%s', (path) => {
  const blocks = blocksOf(read(path));

  test('has only blocks of known languages', () => {
    const unknown = blocks.filter(({ info }) => !languages.includes(info));
    expect(unknown.map(({ line, info }) => `${path}:${line}: ${info || 'no language'}`)).toEqual(
      [],
    );
  });

  test('asks for nothing that the check does not know', () => {
    const unknown = blocks.filter(({ needs }) => needs !== undefined && needs !== 'root');
    expect(unknown.map(({ line, needs }) => `${path}:${line}: ${needs}`)).toEqual([]);
  });

  test('has TypeScript blocks of right types', () => {
    const typed = blocks.filter(({ info }) => info === 'ts');
    if (typed.length > 0) expect(typeErrors(typed, here)).toEqual([]);
  });

  for (const block of blocks.filter(runnable)) {
    test(`the block at line ${block.line} runs`, ({ skip }) => {
      skip(block.needs === 'root' && getuid?.() !== 0, 'the document says that it needs root');
      run(block);
    });
  }
});

describe('the check', () => {
  const only = (markdown: string) => {
    const [block, ...rest] = blocksOf(markdown);
    expect(rest).toEqual([]);
    if (block === undefined) throw new Error('no block');
    return block;
  };

  test('finds a block with its language, line and needs', () => {
    const markdown = 'Text.\n\n<!-- needs: root -->\n\n```ts\nconst a: number = 1;\n```\n';
    expect(only(markdown)).toEqual({
      line: 5,
      info: 'ts',
      needs: 'root',
      code: 'const a: number = 1;',
    });
  });

  test('takes needs from right before the block only', () => {
    expect(only('<!-- needs: root -->\nText.\n```ts\n```\n').needs).toBeUndefined();
  });

  test('finds a block inside of a list', () => {
    expect(only('- a\n  ```js\n  f();\n  ```\n').code).toBe('f();');
  });

  test('keeps a fence of another length inside of a block', () => {
    expect(only('````text\n```ts\n```\n````\n').code).toBe('```ts\n```');
  });

  test('refuses a block without an end', () => {
    expect(() => blocksOf('```ts\n')).toThrow('line 1: the block has no end');
  });

  test('runs TypeScript with using and top-level await', () => {
    const code = `
      using held: Disposable = { [Symbol.dispose]: () => console.log('closed') };
      await Promise.resolve();
      console.log('open');`;
    expect(run({ line: 1, info: 'ts', needs: undefined, code })).toBe('open\nclosed\n');
  });

  test('names the line of a wrong type', () => {
    const code = "import { type } from 'node:os';\nconst name: number = type();";
    expect(typeErrors([{ line: 7, info: 'ts', needs: undefined, code }], here)).toEqual([
      "line 9: Type 'string' is not assignable to type 'number'.",
    ]);
  });

  test('finds the types of the packages', () => {
    const code =
      "import { SystemError } from '@ns/core';\nconst wrong: number = new SystemError(1, 'open').message;";
    expect(typeErrors([{ line: 1, info: 'ts', needs: undefined, code }], here)).toEqual([
      "line 3: Type 'string' is not assignable to type 'number'.",
    ]);
  });

  test('fails when a block throws or imports what is not there', () => {
    const block = (code: string): Block => ({ line: 1, info: 'ts', needs: undefined, code });
    expect(() => run(block("throw new Error('broken');"))).toThrow('broken');
    expect(() => run(block('const = 1;'))).toThrow('Variable declaration expected');
    expect(() => run(block("import { nothing } from '@ns/core'; nothing();"))).toThrow('nothing');
  });
});
