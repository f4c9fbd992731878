// fork, clone and the IPC channel, against what Node's own end of the channel does.
import { type ChildProcess, fork as nodeFork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInThisContext } from 'node:vm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { NamespaceSpec } from '../program/spec.js';
import { clone } from './clone.js';
import { fork } from './fork.js';

let directory: string;
let echo: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'ns-fork-'));
  echo = join(directory, 'echo.cjs');
  writeFileSync(
    echo,
    `process.on('message', (message) => {
       if (message === 'bye') process.disconnect();
       else process.send(message);
     });
     process.send({ ready: process.argv.slice(2) });`,
  );
});
afterAll(() => rmSync(directory, { recursive: true }));

const messages: unknown[] = [
  'text',
  42,
  true,
  null,
  { deep: { list: [1, 'ü', null] }, cmd: 'mine' },
  ['x'.repeat(200_000)],
  'line\nbreak',
];
const structured: unknown[] = [
  ...messages,
  new Map([[1, new Set(['a'])]]),
  new Date(0),
  { big: 10n ** 30n },
  new Uint8Array([1, 2, 3]),
  new Float64Array([0.5, Number.NaN]),
  Buffer.from('bytes'),
  { undefined: undefined, error: new TypeError('wrong') },
];

test.each(['json', 'advanced'] as const)(
  'messages go there and back: %s',
  async (serialization) => {
    const child = await fork(echo, ['a', 'b'], { serialization, execArgv: [] });
    const [ready] = await once(child, 'message');
    expect(ready).toEqual({ ready: ['a', 'b'] });
    expect(child.connected).toBe(true);
    for (const message of serialization === 'json' ? messages : structured) {
      child.send(message);
      const [back] = await once(child, 'message');
      expect(back).toEqual(message);
    }
    const order: string[] = [];
    for (const name of ['disconnect', 'exit', 'close']) child.on(name, () => order.push(name));
    child.send('bye');
    await once(child, 'close');
    expect(order.sort()).toEqual(['close', 'disconnect', 'exit']);
    expect(child.connected).toBe(false);
  },
);

test('send after disconnect reports the same errors as child_process', async () => {
  const told = async (child: ChildProcess) => {
    await once(child, 'message');
    child.disconnect();
    await once(child, 'exit'); // Node does not emit 'close' here
    const errors: unknown[] = [];
    child.on('error', (error: NodeJS.ErrnoException) => errors.push(error.code, error.message));
    const answers = [
      child.send('late'),
      await new Promise((resolve) => child.send('late', (error) => resolve(error?.message))),
    ];
    child.disconnect();
    return { answers, errors, connected: child.connected, channel: child.channel ?? null };
  };
  const ours = await told(await fork(echo, [], { execArgv: [] }));
  expect(ours).toEqual(await told(nodeFork(echo, { execArgv: [] })));
  expect(ours.errors).toContain('ERR_IPC_CHANNEL_CLOSED');
});

test('a server cannot be sent along, and that is said', async () => {
  const child: ChildProcess = await fork(echo, [], { execArgv: [] });
  await once(child, 'message');
  expect(() => child.send('take this', createServer())).toThrow(/^handle must be undefined/);
  child.send('bye', undefined, () => {});
  await once(child, 'close');
});

test('many messages at once arrive in order', async () => {
  const child = await fork(echo, [], { execArgv: [] });
  await once(child, 'message');
  const received: number[] = [];
  child.on('message', (n) => received.push(n as number));
  for (let i = 0; i < 2000; i++) child.send(i);
  while (received.length < 2000) await once(child, 'message');
  expect(received).toEqual(Array.from({ length: 2000 }, (_, i) => i));
  child.disconnect();
  await once(child, 'close');
});

test('a disconnect from this side ends a child that waits, as with child_process', async () => {
  const ends = async (child: NodeJS.EventEmitter & { disconnect(): void }) => {
    await once(child, 'message');
    child.disconnect();
    const [code] = await once(child, 'exit');
    return code;
  };
  expect(await ends(await fork(echo, [], { execArgv: [] }))).toBe(await ends(nodeFork(echo)));
});

test('a clone gives the result of a function that ran in another process', async () => {
  const result = await clone(
    (a: number, b: Map<string, number>) => [process.pid, a + (b.get('x') ?? 0)],
    {
      args: [1, new Map([['x', 2]])],
    },
  );
  expect(result[1]).toBe(3);
  expect(result[0]).not.toBe(process.pid);
});

test('a clone can be async, a method, and can load modules', async () => {
  // As text, because the test runner rewrites import().
  const object = runInThisContext(`({
    async hostname() {
      const { hostname } = await import('node:os');
      return hostname();
    },
  })`) as { hostname(): Promise<string> };
  expect(await clone(object.hostname)).toBe(hostname());
});

test('a clone runs in its namespaces', async ({ skip }) => {
  skip(process.getuid?.() !== 0, 'a uts namespace alone needs root');
  const uts: NamespaceSpec = {
    type: 'uts',
    prepare: (child) => {
      child.program('settings').call('sethostname', 'cloned', 6);
    },
  };
  const name = await clone(() => process.getBuiltinModule('node:os').hostname(), {
    namespaces: [uts],
  });
  expect(name).toBe('cloned');
});

test('what a clone throws comes back, with its own properties', async () => {
  const failing = () => {
    throw Object.assign(new RangeError('too far'), { code: 'E_FAR', distance: 5 });
  };
  const error = await clone(failing).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(RangeError);
  expect(error).toMatchObject({ message: 'too far', code: 'E_FAR', distance: 5 });
  await expect(clone(() => Promise.reject('plain'))).rejects.toBe('plain');
});

test('a function that takes something along fails with a clear error', async () => {
  const outside = 5;
  const error = await clone(() => outside).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(ReferenceError);
  expect(String(error)).toMatch(/outside is not defined.*takes nothing along.*args/);
});

test.each([
  ['native', Math.max],
  ['bound', (() => 1).bind(null)],
  ['a class', class {}],
  ['no function', 'x'],
])('a function that is %s is refused', async (_name, fn) => {
  await expect(clone(fn as () => unknown)).rejects.toThrow(TypeError);
});

test('arguments and results that cannot be copied are refused', async () => {
  await expect(clone((f: unknown) => f, { args: [() => {}] })).rejects.toThrow(
    'could not be cloned',
  );
  await expect(clone(() => () => 1)).rejects.toThrow('could not be cloned');
});

test('a clone that ends before it returns says so', async () => {
  await expect(clone(() => process.exit(3))).rejects.toThrow('with code 3 before the function');
  await expect(
    clone(() => {
      process.kill(process.pid, 'SIGKILL');
      return new Promise(() => setInterval(() => {}, 1000));
    }),
  ).rejects.toThrow('by SIGKILL');
});
