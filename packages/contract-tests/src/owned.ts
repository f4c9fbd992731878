// Objects that the tests of a file share.
import { afterAll } from 'vitest';

const owned: (Disposable | AsyncDisposable)[] = [];

/** Closes an object after the tests of the file. Returns it. */
export function closeAfterTests<Owned extends Disposable | AsyncDisposable>(object: Owned): Owned {
  owned.push(object);
  return object;
}

afterAll(async () => {
  for (const object of owned.splice(0).reverse()) {
    if (Symbol.asyncDispose in object) await object[Symbol.asyncDispose]();
    else object[Symbol.dispose]();
  }
});
