import { expect, test } from 'vitest';
import { blocksOf } from './blocks.js';
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

test.each(packages)('the README of %s installs what its examples import', (name) => {
  const blocks = blocksOf(read(`packages/${name}/README.md`));
  const named = (info: string, pattern: RegExp) =>
    blocks.filter((block) => block.info === info).flatMap(({ code }) => code.match(pattern) ?? []);
  const installed = named('sh', /^npm install .*/gm).flatMap(
    (line) => line.match(/@ns\/\w+/g) ?? [],
  );
  const imported = named('ts', /(?<=from ')@ns\/\w+/g);
  expect(imported.filter((used) => !installed.includes(used))).toEqual([]);
});
