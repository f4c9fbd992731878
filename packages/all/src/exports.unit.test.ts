import * as core from '@ns/core';
import { expect, test } from 'vitest';
import * as all from './index.js';

test('everything of @ns/core is here', () => {
  expect(all).toMatchObject({ ...core });
});

test.each(core.allNamespaceTypes)(
  'the package of %s is here, with its specification',
  async (type) => {
    const own: Record<string, unknown> = await import(`@ns/${type}`);
    const both = all as unknown as Record<string, unknown>;
    expect(both[type]).toBe(own[type]);
    expect(both[`${type}ns`]).toBe(own);
  },
);
