import { expect, test } from 'vitest';
import { packages, read } from './documents.js';

/** The skeleton of every package's README. */
const skeleton = [
  'What it is',
  'Install',
  'A first example',
  'API overview',
  'Privileges and kernel',
  'Errors',
  'License',
];

const withoutCode = (markdown: string) => markdown.replace(/^```.*?^```$/gms, '');

test.each(packages)('the README of %s follows the skeleton', (name) => {
  const lines = withoutCode(read(`packages/${name}/README.md`)).split('\n');
  expect(lines[0]).toBe(`# @ns/${name}`);
  const headings = lines.filter((line) => line.startsWith('## ')).map((line) => line.slice(3));
  expect(headings).toEqual(skeleton);
});
