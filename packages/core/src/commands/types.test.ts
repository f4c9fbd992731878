// Types that the compiler infers from the options; nothing here is run.
import type { Readable, Writable } from 'node:stream';
import { describe, expectTypeOf, test } from 'vitest';
import {
  clone,
  type NamespaceProcess,
  type RunResult,
  run,
  runSync,
  type SpawnOptions,
  spawn,
  type Terminal,
} from '../index.js';

/** Never called: the compiler alone looks at the body. */
const compiled = (_body: () => Promise<void>): void => {};

describe('the types of spawn', () => {
  test('streams are those that stdio asks for', () => {
    compiled(async () => {
      const piped = await spawn('true');
      expectTypeOf(piped.stdin).toEqualTypeOf<Writable>();
      expectTypeOf(piped.stdout).toEqualTypeOf<Readable>();
      expectTypeOf(piped.stderr).toEqualTypeOf<Readable>();
      expectTypeOf(piped.terminal).toEqualTypeOf<null>();
      const ignored = await spawn('true', [], { stdio: 'ignore' });
      expectTypeOf(ignored.stdin).toEqualTypeOf<null>();
      expectTypeOf(ignored.stdout).toEqualTypeOf<null>();
      const mixed = await spawn('true', [], { stdio: ['ignore', 'pipe', 2] });
      expectTypeOf(mixed.stdin).toEqualTypeOf<null>();
      expectTypeOf(mixed.stdout).toEqualTypeOf<Readable>();
      expectTypeOf(mixed.stderr).toEqualTypeOf<null>();
      const short = await spawn('true', [], { stdio: ['ignore'] });
      expectTypeOf(short.stdin).toEqualTypeOf<null>();
      expectTypeOf(short.stdout).toEqualTypeOf<Readable>();
    });
  });

  test('a terminal takes the place of the streams', () => {
    compiled(async () => {
      const child = await spawn('sh', [], { terminal: { columns: 80 } });
      expectTypeOf(child.terminal).toEqualTypeOf<Terminal>();
      expectTypeOf(child.stdout).toEqualTypeOf<null>();
    });
  });

  test('options that are not literal give the general types', () => {
    compiled(async () => {
      const child = await spawn('true', [], {} as SpawnOptions);
      expectTypeOf(child.stdin).toEqualTypeOf<Writable | null>();
      expectTypeOf(child.stdout).toEqualTypeOf<Readable | null>();
      expectTypeOf(child.terminal).toEqualTypeOf<Terminal | null>();
      expectTypeOf(await spawn('true')).toExtend<NamespaceProcess>();
    });
  });

  test('mistyped options do not compile, and undefined does', () => {
    compiled(async () => {
      // @ts-expect-error it is called namespaces
      await spawn('true', [], { namespace: [] });
      await spawn('true', [], { cwd: undefined, timeout: undefined, stdio: undefined });
      expectTypeOf<Required<SpawnOptions>[keyof SpawnOptions]>().not.toBeNever();
      expectTypeOf<undefined>().toExtend<SpawnOptions['uid']>();
    });
  });
});

describe('the types of run and runSync', () => {
  test('output is text, or bytes if encoding says so', () => {
    compiled(async () => {
      expectTypeOf(await run('true')).toEqualTypeOf<RunResult<string>>();
      expectTypeOf(await run('true', [], { encoding: 'latin1' })).toEqualTypeOf<
        RunResult<string>
      >();
      expectTypeOf(await run('true', [], { encoding: 'buffer' })).toEqualTypeOf<
        RunResult<Buffer>
      >();
      expectTypeOf(runSync('true', [], { encoding: 'buffer' }).stdout).toEqualTypeOf<Buffer>();
      // @ts-expect-error runSync cannot be aborted
      runSync('true', [], { signal: new AbortController().signal });
    });
  });
});

describe('the types of clone', () => {
  test('args are demanded of a function with parameters, and no other', () => {
    compiled(async () => {
      expectTypeOf(await clone(() => 1)).toEqualTypeOf<number>();
      expectTypeOf(await clone((a: number) => String(a), { args: [1] })).toEqualTypeOf<string>();
      await clone((a?: number) => a);
      // @ts-expect-error args are missing
      await clone((a: number) => a);
      // @ts-expect-error args are missing
      await clone((a: number) => a, { namespaces: [] });
    });
  });
});
