import { expect, test } from 'vitest';
import { topology } from './topology.js';

test.each([
  [[], /^topology must be an object: $/],
  [{ namespaces: {}, hosts: {} }, /^topology has no option hosts; it has /],
  [{ namespaces: { '../a': {} } }, /^namespaces must be the name of a file/],
  [{ namespaces: { a: { addresses: [] } } }, /^namespaces\.a has no option addresses; it has /],
  [
    { namespaces: { a: { interfaces: { eth0: {} } } } },
    /eth0: it has no kind and is no cable's end/,
  ],
  [{ namespaces: { a: {} }, cables: ['a:x'] }, /^cables\[0\] must be a pair of ends/],
  [
    { namespaces: { a: {} }, cables: [['a:x', 'b:y']] },
    /^cables\[0\]\[1\]: there is no namespace b/,
  ],
  [{ namespaces: { a: {} }, cables: [['a:x', 'y']] }, /^cables\[0\]\[1\] must be a namespace and/],
  [{ namespaces: { a: {} }, cables: [['a:x', 'a:x']] }, /^cables: a:x is the end of two$/],
])('%j is refused, and the reason named', (description, message) => {
  expect(() => topology(description as never)).toThrow(message);
});
