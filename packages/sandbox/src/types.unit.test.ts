// Types that follow from options. The functions are checked by the compiler, and not called.
import type { Readable, Writable } from 'node:stream';
import type { Cgroup } from '@ns/cgroup';
import type { Terminal } from '@ns/core';
import { expect, expectTypeOf, test } from 'vitest';
import { type Sandbox, type SandboxNetwork, type SandboxOptions, sandbox } from './index.js';

test('sandbox.create infers box.net from the option network', () => {
  const typed = async (options: SandboxOptions) => {
    expectTypeOf((await sandbox.create()).net).toEqualTypeOf<SandboxNetwork>();
    expectTypeOf((await sandbox({ network: 'private' })).net).toEqualTypeOf<SandboxNetwork>();
    expectTypeOf((await sandbox.create({ network: 'host' })).net).toEqualTypeOf<undefined>();
    const { net } = await sandbox.create(options);
    expectTypeOf(net).toEqualTypeOf<SandboxNetwork | undefined>();
  };
  expect(typed).toBeTypeOf('function');
});

test('sandbox.create infers box.cgroup from the option cgroup', () => {
  const typed = async () => {
    expectTypeOf((await sandbox.create({ cgroup: true })).cgroup).toEqualTypeOf<Cgroup>();
    expectTypeOf((await sandbox.create({ cgroup: false })).cgroup).toEqualTypeOf<undefined>();
    expectTypeOf((await sandbox.create()).cgroup).toEqualTypeOf<Cgroup | undefined>();
    const any: Sandbox = await sandbox.create({ cgroup: true, network: 'host' });
    expectTypeOf(any.cgroup).toEqualTypeOf<Cgroup | undefined>();
  };
  expect(typed).toBeTypeOf('function');
});

test('box.spawn infers the streams from stdio and terminal', () => {
  const typed = async (box: Sandbox) => {
    const piped = await box.spawn('cat');
    expectTypeOf(piped.stdin).toExtend<Writable>();
    expectTypeOf(piped.stdout).toExtend<Readable>();
    expectTypeOf(piped.terminal).toExtend<null>();
    const inherited = await box.spawn('cat', [], { stdio: 'inherit' });
    expectTypeOf(inherited.stdout).toExtend<null>();
    const mixed = await box.spawn('cat', [], { stdio: ['ignore', 'pipe', 2] });
    expectTypeOf(mixed.stdin).toExtend<null>();
    expectTypeOf(mixed.stdout).toExtend<Readable>();
    expectTypeOf(mixed.stderr).toExtend<null>();
    const shown = await box.spawn('sh', [], { terminal: true });
    expectTypeOf(shown.terminal).toExtend<Terminal>();
    expectTypeOf(shown.stdout).toExtend<null>();
    const sized = await box.spawn('sh', [], { terminal: { cols: 80, rows: 24 } });
    expectTypeOf(sized.terminal).toExtend<Terminal>();
  };
  expect(typed).toBeTypeOf('function');
});

test('run infers the outputs from encoding, in a sandbox and by itself', () => {
  const typed = async (box: Sandbox, encoding: BufferEncoding | 'buffer') => {
    expectTypeOf((await box.run('cat')).stdout).toEqualTypeOf<string>();
    expectTypeOf((await box.run('cat', [], { encoding: 'buffer' })).stdout).toEqualTypeOf<Buffer>();
    expectTypeOf((await box.run('cat', [], { encoding })).stdout).toEqualTypeOf<string | Buffer>();
    expectTypeOf((await sandbox.run('cat')).stdout).toEqualTypeOf<string>();
    const { stdout } = await sandbox.run('cat', [], { encoding: 'buffer' });
    expectTypeOf(stdout).toEqualTypeOf<Buffer>();
  };
  expect(typed).toBeTypeOf('function');
});

test('a mistyped option is an error of the compiler', () => {
  const typed = async (box: Sandbox) => {
    // @ts-expect-error: the option is `network`
    await sandbox.create({ netwerk: 'none' });
    // @ts-expect-error: the option is `timeout`
    await box.spawn('true', [], { timout: 1 });
    // @ts-expect-error: it is set when the sandbox is created
    await box.run('true', [], { uid: 0 });
    // @ts-expect-error: the option is `limits`
    await sandbox.run('true', [], { limit: {} });
  };
  expect(typed).toBeTypeOf('function');
});
