import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  getDomainname,
  getHostname,
  setDomainname,
  setHostname,
  uname,
  uts,
  watchDomainname,
  watchHostname,
} from './index.js';

const takers: Record<string, (options: never) => unknown> = {
  uts,
  getHostname,
  setHostname: (options) => setHostname('never', options),
  getDomainname,
  setDomainname: (options) => setDomainname('never', options),
  uname,
  watchHostname,
  watchDomainname,
};

test.each(Object.entries(takers))('%s refuses a mistyped option by its name', (taker, take) => {
  const argument = taker === 'uts' ? 'uts' : 'options';
  fc.assert(
    fc.property(
      fc.string({ minLength: 1 }).map((text) => `x${text}`),
      (key) => {
        expect(() => take({ [key]: 1 } as never)).toThrow(TypeError);
        expect(() => take({ [key]: 1 } as never)).toThrow(`${argument} has no option ${key}; it`);
      },
    ),
  );
  expect(() => take(null as never)).toThrow(new TypeError(`${argument} must be an object: null`));
});
