import { Namespace } from '@ns/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  readDomainname,
  readHostname,
  uname,
  uts,
  watchDomainname,
  watchHostname,
  writeDomainname,
  writeHostname,
} from './index.js';

const functions: Record<string, (options: never) => unknown> = {
  uts,
  readHostname,
  writeHostname: (options) => writeHostname('never', options),
  readDomainname,
  writeDomainname: (options) => writeDomainname('never', options),
  uname,
  watchHostname,
  watchDomainname,
};

test.each(Object.entries(functions))('%s refuses an unknown option by its name', (name, call) => {
  const argument = name === 'uts' ? 'uts' : 'options';
  const unknown = fc.string({ minLength: 1 }).map((text) => `x${text}`);
  fc.assert(
    fc.property(unknown, (key) => {
      expect(() => call({ [key]: 1 } as never)).toThrow(TypeError);
      expect(() => call({ [key]: 1 } as never)).toThrow(`${argument}.${key} is not known`);
    }),
  );
  expect(() => call(null as never)).toThrow(
    new TypeError(`${argument} must be an object, got null`),
  );
});

test('uts suggests the option that was probably meant', () => {
  expect(() => uts({ hostnmae: 'box' } as never)).toThrow(
    new TypeError('uts.hostnmae is not known (did you mean hostname?)'),
  );
});

test('a name that the kernel would cut or refuse is an error before any call', () => {
  const wrong = [
    ['x'.repeat(65), RangeError],
    ['é'.repeat(33), RangeError],
    ['a\0b', TypeError],
    [undefined, TypeError],
    [7, TypeError],
  ] as const;
  for (const [name, type] of wrong) {
    expect(() => writeHostname(name as string)).toThrow(type);
    expect(() => writeHostname(name as string)).toThrow(/^hostname must be /);
    expect(() => writeDomainname(name as string)).toThrow(type);
    expect(() => writeDomainname(name as string)).toThrow(/^domainname must be /);
    if (name === undefined) continue;
    expect(() => uts({ hostname: name as string })).toThrow(/^uts\.hostname must be /);
    expect(() => uts({ domainname: name as string })).toThrow(/^uts\.domainname must be /);
  }
});

describe.each(
  Object.entries({ readHostname, readDomainname, uname, watchHostname, watchDomainname }),
)('%s', (_, read) => {
  test('refuses an `in` that is not a UTS namespace', () => {
    using other = Namespace.current('ipc');
    expect(() => read({ in: other })).toThrow(
      new TypeError('options.in must be a uts namespace, got one of type ipc'),
    );
    expect(() => read({ in: -1 })).toThrow(RangeError);
    expect(() => read({ in: -1 })).toThrow(/^options\.in must be a pid from 1 to \d+, got -1$/);
  });

  test('refuses an unknown encoding', () => {
    expect(() => read({ encoding: 'utf-9' as 'utf8' })).toThrow(
      new TypeError("options.encoding must be an encoding of Node.js, got 'utf-9'"),
    );
  });
});

test.each(Object.entries({ watchHostname, watchDomainname }))(
  '%s refuses a signal that is not an AbortSignal',
  (_, watch) => {
    expect(() => watch({ signal: {} as AbortSignal })).toThrow(
      new TypeError('options.signal must be an AbortSignal, got {}'),
    );
  },
);
