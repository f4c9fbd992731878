// What can be disposed of can be disposed of twice, by both symbols, and leaves nothing behind.
import { fdCount } from '@ns/core/testing';
import { describe, expect, test } from 'vitest';
import { resources } from './examples.js';
import { readExports } from './exports.js';

const classes = readExports().flatMap(({ name, exports }) =>
  exports
    .filter(({ disposal }) => disposal.length > 0)
    .map((exported) => ({ title: `${name} ${exported.name}`, disposal: exported.disposal })),
);

describe.each(classes)('$title', ({ title, disposal }) => {
  const make = resources[title];
  if (typeof make === 'string') return; // the reason why none is made
  test(`${title} can be disposed of twice, and closes its descriptors`, async ({ skip }) => {
    expect(make, 'examples.ts says how one is made, or why not').toBeDefined();
    const before = fdCount();
    const made = (await make?.(skip)) as Partial<Disposable & AsyncDisposable>;
    for (const _ of ['once', 'twice']) {
      if (disposal.includes('dispose')) made[Symbol.dispose]?.();
      if (disposal.includes('asyncDispose')) await made[Symbol.asyncDispose]?.();
    }
    await expect.poll(fdCount).toBe(before);
  });
});
