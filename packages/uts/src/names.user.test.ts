import { expect, test } from 'vitest';
import { getHostname, setDomainname, setHostname } from './index.js';

test('without the privilege the names of this machine cannot be set', () => {
  const name = getHostname();
  const refusal = expect.objectContaining({ name: 'SystemError', code: 'EPERM' });
  expect(() => setHostname(name)).toThrow(refusal);
  expect(() => setDomainname(name)).toThrow(refusal);
});
