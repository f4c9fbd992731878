import { expect, test } from 'vitest';
import { planTopology } from './topology.js';

test.each([
  [[], /^topology must be an object, got \[\]$/],
  [{ namespaces: {}, hosts: {} }, /^topology\.hosts is not known/],
  [
    { namespaces: { '../a': {} } },
    /^each name in topology\.namespaces must be the name of a namespace/,
  ],
  [{ namespaces: { a: { addresses: [] } } }, /^topology\.namespaces\.a\.addresses is not known/],
  [
    { namespaces: { a: { interfaces: { eth0: {} } } } },
    /eth0\.kind must be given, or the interface the end of a cable/,
  ],
  [{ namespaces: { a: {} }, cables: ['a:x'] }, /^topology\.cables\[0\] must be an array/],
  [
    { namespaces: { a: {} }, cables: [['a:x', 'b:y']] },
    /^topology\.cables\[0\]\[1\] must be in a namespace of the lab, got 'b:y'/,
  ],
  [
    { namespaces: { a: {} }, cables: [['a:x', 'y']] },
    /^topology\.cables\[0\]\[1\] must be a namespace and/,
  ],
  [
    { namespaces: { a: {} }, cables: [['a:x', 'a:x']] },
    /^topology\.cables\[0\]\[1\] must be the end of one cable only, got 'a:x'$/,
  ],
])('planTopology names the wrong member of %j', (description, message) => {
  expect(() => planTopology(description as never)).toThrow(message);
});
