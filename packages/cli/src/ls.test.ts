import { execFileSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ns } from './testing/ns.js';

interface Row {
  ns: number;
  type: string;
  nprocs: number;
  pid: number;
  user: string;
  command: string;
}

const rows = (...args: string[]): Row[] => {
  const { stdout, status } = ns('ls', '--json', ...args);
  expect(status).toBe(0);
  return JSON.parse(stdout).namespaces;
};

const ownNet = Number(/\d+/.exec(readlinkSync('/proc/self/ns/net'))?.[0]);

test('all namespaces that lsns(8) finds for our processes are there', () => {
  const output = execFileSync('lsns', ['--json', '--task', String(process.pid)], {
    encoding: 'utf8',
  });
  const expected = (JSON.parse(output).namespaces as Row[]).map(({ ns: inode }) => inode);
  const found = new Set(rows().map(({ ns: inode }) => inode));
  expect(expected.filter((inode) => !found.has(inode))).toEqual([]);
});

test('those of one process', () => {
  const own = rows('--task', String(process.pid));
  expect(own.map(({ type }) => type).sort()).toEqual([
    'cgroup',
    'ipc',
    'mnt',
    'net',
    'pid',
    'time',
    'user',
    'uts',
  ]);
  expect(own.find(({ type }) => type === 'net')?.ns).toBe(ownNet);
});

test('those of one type, by either of its names', () => {
  expect(new Set(rows('--type', 'net').map(({ type }) => type))).toEqual(new Set(['net']));
  expect(new Set(rows('-t', 'mount').map(({ type }) => type))).toEqual(new Set(['mnt']));
  expect(new Set(rows('-t', 'mnt').map(({ type }) => type))).toEqual(new Set(['mnt']));
});

test('a table for people, with the columns that one wants', () => {
  const own = ['--task', String(process.pid)];
  const [heading, ...lines] = ns('ls', ...own)
    .stdout.trimEnd()
    .split('\n');
  expect(heading).toMatch(/^ +NS TYPE +NPROCS +PID USER +COMMAND$/);
  expect(lines).toHaveLength(8);
  expect(ns('ls', ...own, '-t', 'net', '-n', '-o', 'ns,type').stdout).toBe(`${ownNet} net\n`);
});

test('raw lines have no blanks in a field, and no field is empty', () => {
  const { stdout } = ns('ls', '--raw', '--task', String(process.pid));
  const lines = stdout.trimEnd().split('\n');
  expect(lines).toHaveLength(9);
  expect(lines.map((line) => line.split(' ').length)).toEqual(lines.map(() => 6));
});

test.each([
  [['--type', 'nothing'], '--type must be one of user, '],
  [['-o', 'NS,NOTHING'], 'there is no column NOTHING'],
  [['--task', 'x'], '--task must be a number'],
  [['something'], "unexpected 'something'"],
])('%j is refused in one line, with code 1', (args, message) => {
  const { status, stdout, stderr } = ns('ls', ...args);
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toContain(message);
  expect(stderr).toMatch(/^ns ls: .*\n$/);
});
