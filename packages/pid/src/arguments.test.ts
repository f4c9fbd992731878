import { pid as self } from 'node:process';
import { Namespace } from '@ns/core';
import { describe, expect, test } from 'vitest';
import {
  findInit,
  killNamespace,
  listPids,
  listProcesses,
  listProcessTree,
  listThreads,
  Pidfd,
  pid,
  readLastPid,
  readPidMax,
  setChildSubreaper,
  signalAll,
  translatePid,
  watchProcesses,
  writeLastPid,
  writePidMax,
} from './index.js';

const functions: Record<string, (options: never) => unknown> = {
  pid,
  listProcesses,
  listThreads,
  listProcessTree,
  findInit,
  translatePid: (options) => translatePid(self, options),
  watchProcesses,
  readPidMax,
  writePidMax: (options) => writePidMax(1000, options),
  readLastPid,
  writeLastPid: (options) => writeLastPid(1000, options),
  'Pidfd.open': (options) => Pidfd.open(self, options),
  'pidfd.signal': (options) => {
    using pidfd = Pidfd.open(self);
    return pidfd.signal(0, options);
  },
  'pidfd.namespace': (options) => {
    using pidfd = Pidfd.open(self);
    return pidfd.namespace('pid', options);
  },
};

test.each(Object.entries(functions))('%s refuses an unknown option by its name', (name, call) => {
  const argument = name === 'pid' ? 'pid' : 'options';
  expect(() => call({ ni: 1 } as never)).toThrow(TypeError);
  expect(() => call({ ni: 1 } as never)).toThrow(`${argument}.ni is not known`);
  expect(() => call(1 as never)).toThrow(new TypeError(`${argument} must be an object, got 1`));
});

const readers = { findInit, listProcesses, listProcessTree, listThreads, readLastPid, readPidMax };

describe.each(Object.entries({ ...readers, watchProcesses }))('%s', (_, read) => {
  test('refuses an `in` that is not a pid namespace', () => {
    using other = Namespace.current('ipc');
    expect(() => read({ in: other })).toThrow(
      new TypeError('options.in must be a pid namespace, got one of type ipc'),
    );
    expect(() => read({ in: -1 })).toThrow(RangeError);
    expect(() => read({ in: 'x' as never })).toThrow(TypeError);
  });
});

test('Pidfd refuses wrong arguments', () => {
  expect(() => Pidfd.open('1' as never)).toThrow(TypeError);
  expect(() => Pidfd.open(0)).toThrow(RangeError);
  expect(() => Pidfd.open(1.5)).toThrow(RangeError);
  expect(() => Pidfd.open(1, { thread: 1 as never })).toThrow(TypeError);
  expect(() => Pidfd.fromFd(0)).toThrow(TypeError);
  using pidfd = Pidfd.open(self);
  expect(() => pidfd.signal('SIGNONE' as never)).toThrow(TypeError);
  expect(() => pidfd.signal(0, { scope: 'all' as never })).toThrow(
    'options.scope must be one of "process", "thread", "process-group", got \'all\'',
  );
  expect(() => pidfd.poll(-1)).toThrow(RangeError);
});

test('writePidMax, writeLastPid, translatePid and listPids refuse numbers that are not pids', () => {
  expect(() => writePidMax(0)).toThrow(RangeError);
  expect(() => writeLastPid(1.5)).toThrow(RangeError);
  expect(() => translatePid(0)).toThrow(RangeError);
  expect(() => listPids('1' as never)).toThrow(TypeError);
  expect(() => listProcesses({ descendants: 1 as never })).toThrow(TypeError);
  expect(() => setChildSubreaper(1 as never)).toThrow(TypeError);
});

test('signalAll and killNamespace refuse a namespace of another type', async () => {
  using other = Namespace.current('ipc');
  const message = 'namespace must be a pid namespace, got one of type ipc';
  expect(() => signalAll(other, 0)).toThrow(new TypeError(message));
  await expect(killNamespace(other)).rejects.toThrow(new TypeError(message));
});

test('pid refuses wrong options', () => {
  expect(() => pid({ grace: -1 })).toThrow(RangeError);
  expect(() => pid({ grace: 'soon' })).toThrow(TypeError);
  expect(() => pid({ grace: 5, init: 'none' })).toThrow(
    "pid.grace needs an init, and cannot be combined with init: 'none'",
  );
  expect(() => pid({ forwardSignals: ['SIGNONE' as never] })).toThrow(
    /^pid\.forwardSignals\[0\] must be/,
  );
  expect(() => pid({ forwardSignals: [0] })).toThrow(RangeError);
  expect(() => pid({ forwardSignals: 'SIGTERM' as never })).toThrow(TypeError);
  expect(() => pid({ setTid: [0] })).toThrow(RangeError);
  expect(() => pid({ killWithParent: 'SIGNONE' as never })).toThrow(TypeError);
  expect(() => pid({ init: false as never })).toThrow(TypeError);
  expect(() => pid({ init: 'systemd' as never })).toThrow(TypeError);
  expect(() => pid({ proc: 1 as never })).toThrow(TypeError);
  expect(() => pid({ grcae: true } as never)).toThrow('(did you mean grace?)');
});
