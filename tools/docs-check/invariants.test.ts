import { describe, expect, test } from 'vitest';
import { read } from './documents.js';
import { citations, citedBy, exists, invariantsOf } from './invariants.js';

const invariants = invariantsOf(read('SECURITY.md'));
const names = invariants.map(({ name }) => name);
const { sources, tests } = citations();

test('SECURITY.md numbers its invariants without a gap', () => {
  expect(names).toEqual(names.map((_, i) => `S${i + 1}`));
  expect(names.length).toBeGreaterThan(0);
});

test('SECURITY.md has every invariant that code or tests cite', () => {
  const cited = [...new Set([...sources.keys(), ...tests.keys()])];
  expect(cited.filter((name) => !names.includes(name))).toEqual([]);
});

test('sources cite every invariant of SECURITY.md', () => {
  expect(names.filter((name) => !sources.has(name))).toEqual([]);
});

test('tests cite every invariant of SECURITY.md', () => {
  expect(names.filter((name) => !tests.has(name))).toEqual([]);
});

test('SECURITY.md names paths that exist', () => {
  const paths = new Set(invariants.flatMap((one) => one.paths));
  expect([...paths].filter((path) => !exists(path))).toEqual([]);
});

describe('the check of citations', () => {
  test('finds one name, several, and those in the next line of a comment', () => {
    expect(citedBy('// as SECURITY.md S3 wants it')).toEqual(['S3']);
    expect(citedBy('// SECURITY.md S3, S11 and S12: why')).toEqual(['S3', 'S11', 'S12']);
    expect(citedBy(' * the end (SECURITY.md\n * S5)')).toEqual(['S5']);
    expect(citedBy('// S5, and SECURITY.md')).toEqual([]);
  });

  test('finds invariants with the paths of their sections', () => {
    expect(
      invariantsOf('## A\n\n`packages/a`\n\n### S1\n\nText.\n\n- Kept by: x (`packages/b`).\n'),
    ).toEqual([{ name: 'S1', paths: ['packages/b'] }]);
  });

  test('takes a star in the last part of a path', () => {
    expect(exists('packages/core/src/commands/hostile*.test.ts')).toBe(true);
    expect(exists('packages/core/src/commands/nothing*.test.ts')).toBe(false);
    expect(exists('packages/nowhere/src/a.ts')).toBe(false);
  });
});
