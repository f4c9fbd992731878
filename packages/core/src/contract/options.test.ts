import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Program, runProgram, runProgramSync } from '../authors.js';
import { createNamespace } from '../child/create-namespace.js';
import {
  clone,
  discover,
  explainHold,
  explainSpawn,
  fork,
  hold,
  Namespace,
  run,
  runSync,
  spawn,
} from '../index.js';
import * as parse from './parse.js';

const parseThing = parse.options({
  alpha: parse.withDefault(parse.boolean, true),
  beta: parse.options({ gamma: parse.required(parse.text) }),
});
const known = ['alpha', 'beta'];
const noObject = fc.oneof(
  fc.constantFrom(null, undefined, true, () => {}),
  fc.integer(),
  fc.string(),
  fc.array(fc.string()),
);
const mistyped = fc.string().filter((key) => !known.includes(key) && key !== '__proto__');

describe('parse.options', () => {
  test('fills in defaults and leaves out the rest', () => {
    expect({ ...parseThing({}) }).toEqual({ alpha: true, beta: undefined });
    expect({ ...parseThing({ alpha: undefined }) }).toEqual({ alpha: true, beta: undefined });
    expect(parseThing({ alpha: false, beta: { gamma: 'x' } }).beta?.gamma).toBe('x');
  });

  test('refuses any other key by its name', () => {
    fc.assert(
      fc.property(mistyped, fc.anything(), (key, value) => {
        expect(() => parseThing({ [key]: value }, 'thing')).toThrow(TypeError);
        expect(() => parseThing({ [key]: value }, 'thing')).toThrow(`thing.${key} is not known`);
      }),
    );
  });

  test('proposes the nearest known key', () => {
    expect(() => parseThing({ alhpa: true })).toThrow(
      new TypeError('options.alhpa is not known (did you mean alpha?)'),
    );
    expect(() => parseThing({ beta: { gama: '' } })).toThrow(
      new TypeError('options.beta.gama is not known (did you mean gamma?)'),
    );
    expect(() => parseThing({ zzz: 1 })).toThrow(
      new TypeError('options.zzz is not known; known: alpha, beta'),
    );
  });

  test('refuses a value that is not an object', () => {
    fc.assert(
      fc.property(noObject, (value) => {
        expect(() => parseThing(value, 'thing')).toThrow(TypeError);
        expect(() => parseThing(value, 'thing')).toThrow('thing must be an object, got ');
      }),
    );
  });

  test('names nested members in full', () => {
    expect(() => parseThing({ beta: { gamma: 1 } })).toThrow(
      new TypeError('options.beta.gamma must be a string, got 1'),
    );
    expect(() => parseThing({ beta: {} })).toThrow(
      new TypeError('options.beta.gamma must be a string, got undefined'),
    );
  });

  test('reads own members only, and returns an object without the prototype', () => {
    const inherited = Object.create({ alpha: false });
    expect(parseThing(inherited).alpha).toBe(true);
    expect('toString' in parseThing({})).toBe(false);
  });
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

test.each(Object.entries(takers))(
  '%s refuses an unknown option, and options that are not an object',
  async (_, take) => {
    const error = await refused(() => take({ namespcaes: [] }));
    expect(error).toBeInstanceOf(TypeError);
    expect(String(error)).toContain('options.namespcaes is not known');
    const none = await refused(() => take(null as unknown as object));
    expect(String(none)).toBe('TypeError: options must be an object, got null');
  },
);

test('runSync and explainSpawn name the nested option that they refuse', () => {
  expect(() =>
    runSync('true', [], { namespaces: [{ type: 'uts', hostname: 'box' } as never] }),
  ).toThrow(new TypeError('options.namespaces[0].hostname is not known; known: type, prepare'));
  expect(() => runSync('true', [], { namespaces: [{ type: 'uts', prepare: 1 } as never] })).toThrow(
    'options.namespaces[0].prepare must be a function, got 1',
  );
  expect(() => runSync('true', [], { namespaces: [null as never] })).toThrow(
    'options.namespaces[0] must be a specification or a handle, got null',
  );
  expect(() => runSync('true', [], { terminal: true })).toThrow('options.terminal cannot be set');
  expect(() => explainSpawn('true', [], { terminal: { cols: 5 } as never })).toThrow(
    'options.terminal.cols is not known',
  );
  const useInit = {
    type: 'pid',
    prepare: (child: { useInit(o: object): void }) => child.useInit({ graec: 1 }),
  };
  expect(() => explainSpawn('true', [], { namespaces: [useInit as never] })).toThrow(
    'init.graec is not known (did you mean grace?)',
  );
});

test('Program.call refuses an unknown option', () => {
  expect(() => new Program().call('getpid', { tolerat: ['EPERM'] } as never)).toThrow(
    new TypeError('options.tolerat is not known (did you mean tolerate?)'),
  );
});

test('spawn, run and runSync refuse a timeout that a timer cannot wait', async () => {
  const message = 'options.timeout must be a duration from 0 to 2147483647 ms, got ';
  for (const timeout of [2 ** 31, 2 ** 40]) {
    await expect(spawn('true', [], { timeout })).rejects.toThrow(message + timeout);
    await expect(run('true', [], { timeout })).rejects.toThrow(message + timeout);
    expect(() => runSync('true', [], { timeout })).toThrow(message + timeout);
  }
  for (const timeout of [2 ** 31 - 1, Number.POSITIVE_INFINITY, '1h', 60_000_000_000n]) {
    expect((await run('true', [], { timeout })).exitCode).toBe(0);
  }
});

test('clone refuses args that are not an array', async () => {
  const args = 5 as never;
  await expect(clone(() => 1, { args })).rejects.toThrow('options.args must be an array, got 5');
});
