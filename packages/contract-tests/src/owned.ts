// Objects that the tests of a file share.
import { afterAll } from 'vitest';

const owned: Disposable[] = [];

/** Closes an object after the tests of the file. Returns it. */
export function closeAfterTests<Owned extends Disposable>(object: Owned): Owned {
  owned.push(object);
  return object;
}

afterAll(() => {
  for (const object of owned.splice(0).reverse()) object[Symbol.dispose]();
});
