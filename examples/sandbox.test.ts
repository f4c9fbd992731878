// The examples of @ns/sandbox say what they promise.
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';

const output = (name: string) =>
  execFileSync(process.execPath, [`${import.meta.dirname}/dist/${name}.js`], { encoding: 'utf8' });

test('the untrusted example prints the result of each script, and no script does harm', () => {
  expect(output('untrusted').trimEnd().split('\n')).toEqual([
    'echo $((6 * 7)): printed "42\\n"',
    'exit 3: failed with 3',
    'cat /etc/shadow /root/.ssh/* /home/*/.ssh/*: failed with 1',
    expect.stringMatching(/^kill -9 -1: (failed with 1|ended by SIGKILL)$/),
    'while :; do :; done: took too long',
  ]);
});

test('container: changes are listed, and the directory stays as it was', () => {
  expect(output('container').split('\n')).toEqual([
    'container: changed',
    'modified /etc/motd',
    'deleted /etc/old',
    'as delivered',
    '',
  ]);
});

test('ci-step: steps work on one tree, the secret is there for one of them', () => {
  const told = output('ci-step').replaceAll(/\d+ ms/g, 'N ms');
  expect(told.split('\n')).toEqual([
    'build: ok, N ms',
    'test: ok, N ms',
    'sign: ok, N ms',
    'publish: failed with 7: to whom?',
    '',
  ]);
});

test('the examples leave no directories behind', () => {
  const made = readdirSync('/var/tmp').filter((name) => /^(tree|container)-/.test(name));
  output('container');
  output('ci-step');
  const left = readdirSync('/var/tmp').filter((name) => /^(tree|container)-/.test(name));
  expect(left.filter((name) => !made.includes(name))).toEqual([]);
});

test('pool: each job finds a fresh sandbox', () => {
  expect(output('pool')).toBe('one\ntwo\nthree\nfour\n\n');
});
