import fc from 'fast-check';
import { expect, expectTypeOf, test } from 'vitest';
import { assertKeys, Program, runProgram, runProgramSync } from '../authors.js';
import { createNamespace } from '../child/create-namespace.js';
import { spawnOptions } from '../child/options.js';
import type { ForkOptions } from '../commands/fork.js';
import { forkOptions } from '../commands/fork.js';
import { runOptions } from '../commands/run-options.js';
import {
  clone,
  discover,
  explainHold,
  explainSpawn,
  fork,
  hold,
  Namespace,
  type RunOptions,
  run,
  runSync,
  type SpawnOptions,
  spawn,
} from '../index.js';

const known = ['alpha', 'beta'];
const noObject = fc.oneof(
  fc.constantFrom(null, undefined, true, () => {}),
  fc.integer(),
  fc.string(),
  fc.array(fc.string()),
);
const mistyped = fc.string().filter((key) => !known.includes(key) && key !== '__proto__');

test('an object with none but known keys passes', () => {
  fc.assert(
    fc.property(fc.record({ alpha: fc.anything(), beta: fc.anything() }), (value) => {
      assertKeys(value, known, 'thing');
    }),
  );
});

test('any other key is refused, by its name', () => {
  fc.assert(
    fc.property(mistyped, fc.anything(), (key, value) => {
      expect(() => assertKeys({ alpha: 1, [key]: value }, known, 'thing')).toThrow(
        new TypeError(`thing has no option ${key}; it has alpha, beta`),
      );
    }),
  );
});

test('what is no object is refused, by the name of the argument', () => {
  fc.assert(
    fc.property(noObject, (value) => {
      expect(() => assertKeys(value, known, 'thing')).toThrow(TypeError);
      expect(() => assertKeys(value, known, 'thing')).toThrow('thing must be an object');
    }),
  );
});

test('every option of a command is known by its name', () => {
  // Compared by the compiler.
  expectTypeOf<(typeof spawnOptions)[number]>().toEqualTypeOf<keyof SpawnOptions>();
  expectTypeOf<(typeof runOptions)[number]>().toEqualTypeOf<keyof RunOptions>();
  expectTypeOf<(typeof forkOptions)[number]>().toEqualTypeOf<keyof ForkOptions>();
  for (const names of [spawnOptions, runOptions, forkOptions]) {
    expect(new Set(names).size).toBe(names.length);
  }
});

const program = new Program();
const takers: Record<string, (options: object) => unknown> = {
  spawn: (options) => spawn('true', [], options),
  run: (options) => run('true', [], options),
  runSync: (options) => runSync('true', [], options),
  explainSpawn: (options) => explainSpawn('true', [], options),
  fork: (options) => fork('/dev/null', [], options),
  clone: (options) => clone(() => 1, options),
  hold: (options) => hold(options),
  explainHold: (options) => explainHold(options),
  runProgram: (options) => runProgram(program, options),
  runProgramSync: (options) => runProgramSync(program, options),
  discover: (options) => discover(options),
  createNamespace: (options) => createNamespace('uts', options),
  'Namespace.of': (options) => Namespace.of('self', 'uts', options),
  'Namespace.current': (options) => Namespace.current('uts', options),
  'Namespace.fromPidfd': (options) => Namespace.fromPidfd(0, 'uts', options),
};

const refused = async (take: () => unknown): Promise<unknown> => {
  try {
    return await take();
  } catch (error) {
    return error;
  }
};

test.each(Object.entries(takers))('%s refuses an option that it does not have', async (_, take) => {
  const error = await refused(() => take({ namespcaes: [] }));
  expect(error).toBeInstanceOf(TypeError);
  expect(String(error)).toContain('options has no option namespcaes');
  const none = await refused(() => take(null as unknown as object));
  expect(String(none)).toBe('TypeError: options must be an object: null');
});

test('a child has its options checked before anything is made', () => {
  expect(() =>
    runSync('true', [], { namespaces: [{ type: 'uts', hostname: 'box' } as never] }),
  ).toThrow(new TypeError('namespaces[0] has no option hostname; it has type, prepare'));
  expect(() => runSync('true', [], { namespaces: [{ type: 'uts', prepare: 1 } as never] })).toThrow(
    'namespaces[0].prepare must be a function',
  );
  expect(() => runSync('true', [], { namespaces: [null as never] })).toThrow(
    'namespaces[0] must be a specification or a handle',
  );
  expect(() => runSync('true', [], { terminal: true })).toThrow('terminal');
  expect(() => explainSpawn('true', [], { terminal: { cols: 5 } as never })).toThrow(
    'terminal has no option cols',
  );
  const useInit = {
    type: 'pid',
    prepare: (child: { useInit(o: object): void }) => child.useInit({ graec: 1 }),
  };
  expect(() => explainSpawn('true', [], { namespaces: [useInit as never] })).toThrow(
    'init has no option graec',
  );
});

test('a call of a program refuses an option that it does not have', () => {
  expect(() => new Program().call('getpid', { tolerat: ['EPERM'] } as never)).toThrow(
    new TypeError(
      'getpid: options has no option tolerat; it has tolerate, expect, ifFailed, ifSucceeded, step, part, hint, explains',
    ),
  );
});

test('a time that no timer can wait is refused, and not over at once', async () => {
  const message = 'timeout must be at most 2147483647 milliseconds: ';
  for (const timeout of [2 ** 31, Number.POSITIVE_INFINITY]) {
    await expect(spawn('true', [], { timeout })).rejects.toThrow(message + timeout);
    await expect(run('true', [], { timeout })).rejects.toThrow(message + timeout);
    expect(() => runSync('true', [], { timeout })).toThrow(message + timeout);
  }
  expect((await run('true', [], { timeout: 2 ** 31 - 1 })).exitCode).toBe(0);
});

test('arguments of a function are a list', async () => {
  const args = 5 as never;
  await expect(clone(() => 1, { args })).rejects.toThrow('args must be an array: 5');
});
