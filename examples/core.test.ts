// The examples of @ns/core say what they promise.
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

const output = (name: string) =>
  execFileSync(process.execPath, [`${import.meta.dirname}/dist/${name}.js`], { encoding: 'utf8' });

test('fork: the module runs in the namespaces, and answers', () => {
  const answer = JSON.parse(output('fork'));
  expect(answer).toEqual({ question: 'who are you?', hostname: 'box', uid: 0 });
});

test('clone: the function is in the namespaces, its result and its error come back', () => {
  const [result = '', error] = output('clone').split('\n');
  expect(JSON.parse(result)).toEqual({
    greeting: 'hello from box',
    pid: 2,
    processes: ['1', '2'],
  });
  expect(error).toBe('RangeError: of the function');
});

test('worker: its server is in the network namespace', ({ skip }) => {
  skip(process.getuid?.() !== 0, 'a thread enters other namespaces only as root');
  expect(output('worker')).toBe('hello from inside\ntrue: the same namespace\n');
});

test('discover: what only a descriptor holds is among what is found', () => {
  const text = output('discover');
  const [, name = ''] = /^this one: (user:\[\d+\])$/m.exec(text) ?? [];
  expect(text).toMatch(/^user:\[\d+\] \d+ processes$/m);
  expect(text.replaceAll(/[[\]]/g, ' ')).toMatch(
    new RegExp(`^ +${name.replaceAll(/[[\]]/g, ' ')} held by \\d+:\\d+$`, 'm'),
  );
});
