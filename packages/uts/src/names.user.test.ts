import { expect, test } from 'vitest';
import { readHostname, writeDomainname, writeHostname } from './index.js';

test('writeHostname and writeDomainname fail with EPERM without the capability', () => {
  const name = readHostname();
  const refusal = expect.objectContaining({ name: 'SystemError', code: 'EPERM' });
  expect(() => writeHostname(name)).toThrow(refusal);
  expect(() => writeDomainname(name)).toThrow(refusal);
});
