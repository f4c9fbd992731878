// What a NamespaceWorker refuses, and how it fails; and that it works below a user namespace.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { Namespace } from '../namespaces/namespace.js';
import { isSystemError } from '../sys/system-error.js';
import { core } from '../testing/in-worker.js';
import { NamespaceWorker, type NamespaceWorkerOptions } from './namespace-worker.js';

const make = (namespaces: unknown, filename: unknown = '') =>
  new NamespaceWorker(filename as string, {
    eval: filename === '',
    namespaces: namespaces as NonNullable<NamespaceWorkerOptions['namespaces']>,
  });

test('user, pid and time are refused, with the reason', () => {
  expect(() => make(['user'])).toThrow(
    /^options\.namespaces: a Worker cannot be in a user namespace: .*spawn/,
  );
  expect(() => make(['pid'])).toThrow(
    /^options\.namespaces: a Worker cannot be in a pid namespace: .*children/,
  );
  expect(() => make(['time'])).toThrow(TypeError);
  using user = Namespace.current('user');
  expect(() => make([user])).toThrow(TypeError);
});

test('NamespaceWorker refuses wrong namespaces and file names', () => {
  expect(() => make('net')).toThrow("options.namespaces must be an array, got 'net'");
  expect(() => make(['network'])).toThrow(
    /^options\.namespaces\[0\] must be a handle or a type .*, got 'network'$/,
  );
  expect(() => make([{ type: 'uts' }])).toThrow(/createNamespace/);
  expect(() => make(['uts', 'uts'])).toThrow(
    'options.namespaces must have one namespace of each type, got two of type uts',
  );
  expect(() => make([], 'worker.js')).toThrow(/^filename must be an absolute path/);
  expect(() => make([], 1)).toThrow(/^filename/);
  expect(() => make([], new URL('https://example.org/'))).toThrow(TypeError);
  const url = new URL('file:///worker.js');
  expect(() => new NamespaceWorker(url, { eval: true })).toThrow(/^filename must be a string/);
});

test('without namespaces it is a Worker as any other', async () => {
  const worker = make(undefined);
  expect(await once(worker, 'exit')).toEqual([0]);
  const failing = new NamespaceWorker(`throw new RangeError('of the user')`, { eval: true });
  const [error] = await once(failing, 'error');
  expect(error).toBeInstanceOf(RangeError);
  expect(error.message).toBe('of the user');
});

test('a program given as the text of a module can make one', () => {
  const script = `
    import { NamespaceWorker } from ${JSON.stringify(core)};
    new NamespaceWorker('console.log("runs")', { eval: true });`;
  const args = ['--input-type=module', '-e', script];
  expect(execFileSync(process.execPath, args, { encoding: 'utf8' })).toBe('runs\n');
});

test('what cannot be entered is an error event, and the code does not run', async () => {
  // A namespace of the user namespace above is out of reach for one below.
  const script = `
    const { NamespaceWorker, Namespace, isSystemError, SystemError } = require(${JSON.stringify(core)});
    const mine = Namespace.current('net');
    const worker = new NamespaceWorker('console.log("runs")', { eval: true, namespaces: [mine] });
    worker.once('error', (error) => {
      console.log(error instanceof SystemError, isSystemError(error, 'EPERM'), error.syscall, error.step, error.hint !== undefined);
    });`;
  const args = ['--user', process.execPath, '-e', script];
  const output = execFileSync('unshare', args, { encoding: 'utf8' });
  expect(output).toMatch(/^true true setns joining net:\[\d+\] true\n$/);
});

test('an ordinary user has one in a user namespace, which the process must be in already', () => {
  const worker = `
    const fs = require('node:fs');
    const here = (type) => fs.readlinkSync('/proc/thread-self/ns/' + type);
    const home = (type) => fs.readlinkSync('/proc/self/ns/' + type);
    console.log(['net', 'uts', 'ipc', 'mnt', 'user'].map((type) => here(type) !== home(type)).join());`;
  const script = `
    const { NamespaceWorker } = require(${JSON.stringify(core)});
    new NamespaceWorker(${JSON.stringify(worker)}, { eval: true, namespaces: ['net', 'uts', 'ipc', 'mount'] });`;
  const args = ['--user', '--map-root-user', process.execPath, '-e', script];
  expect(execFileSync('unshare', args, { encoding: 'utf8' })).toBe('true,true,true,true,false\n');
});

test('an error of a system call of the code keeps its class, too', async () => {
  const source = `throw new (require(${JSON.stringify(core)}).SystemError)(1, 'mount', ['x'])`;
  const [error] = await once(new NamespaceWorker(source, { eval: true }), 'error');
  expect(isSystemError(error, 'EPERM')).toBe(true);
  expect(error).toMatchObject({ syscall: 'mount', args: ['x'], errno: -1 });
});
