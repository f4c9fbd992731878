import { execFileSync } from 'node:child_process';
import { hostname } from 'node:os';
import { expect, test } from 'vitest';

test('the demo shows what is different inside', () => {
  const output = execFileSync(process.execPath, [`${import.meta.dirname}/dist/demo.js`], {
    encoding: 'utf8',
  });
  const [, ...rows] = output.split('\n').filter((line) => / {2}\S/.test(line.slice(2)));
  const cells = new Map(
    rows.map((row) => {
      const [subject = '', outside = '', inside = ''] = row.trim().split(/ {2,}/).slice(-3);
      return [subject, { outside, inside }];
    }),
  );
  expect(cells.get('host name')).toEqual({ outside: hostname(), inside: 'box' });
  expect(cells.get('process id')?.inside).toBe('2');
  expect(cells.get('user id')).toEqual({ outside: String(process.geteuid?.()), inside: '0' });
  expect(cells.get('interfaces')?.inside).toBe('lo');
  expect(cells.get('file system of /mnt')?.inside).toBe('tmpfs');
  expect(cells.get('shared memory segments')?.inside).toBe('0');
  expect(Number(cells.get('shared memory segments')?.outside)).toBeGreaterThan(0);
  expect(cells.get('own cgroup')?.inside).toBe('/');
  expect(cells.get('uptime')?.inside).toMatch(/^[0-9] s$/);
  expect(output).toMatch(/It took \d+\.\d ms inside/);
});
