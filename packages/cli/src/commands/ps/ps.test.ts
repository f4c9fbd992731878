import { readFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { ns, start } from '../../testing/ns.js';

interface Branch {
  pid: number;
  pids: number[];
  command: string;
  children: Branch[];
}

const flat = (list: Branch[]): Branch[] => list.flatMap((one) => [one, ...flat(one.children)]);

async function inside(): Promise<number> {
  const script = 'sleep 1000 & echo ready; wait';
  const options = ['--user', '--map-root-user', '--pid', '--fork', '--kill-child'];
  const started = start('unshare', ...options, 'sh', '-c', script);
  onTestFinished(async () => {
    started.child.kill('SIGKILL');
    await started.ended();
  });
  await started.written('ready');
  const unshare = started.child.pid;
  return Number(readFileSync(`/proc/${unshare}/task/${unshare}/children`, 'utf8'));
}

const numbersOf = (pid: number) =>
  /^NSpid:\s+(.*)$/m
    .exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    ?.split(/\s+/)
    .map(Number);

test('ns ps --json prints the processes of a namespace as a tree with all their pids', async () => {
  const pid = await inside();
  const { stdout, status } = ns('ps', '--in', String(pid), '--json');
  expect(status).toBe(0);
  const [init, ...others] = JSON.parse(stdout).processes as Branch[];
  expect(others).toEqual([]);
  expect(init).toMatchObject({ pid, command: 'sh', children: [{ command: 'sleep' }] });
  for (const one of flat(init ? [init] : [])) expect(one.pids).toEqual(numbersOf(one.pid));
});

test('ns ps prints the tree as a table', async () => {
  const pid = await inside();
  const { stdout } = ns('ps', '--in', `/proc/${pid}/ns/pid`);
  const [heading, first, second, ...others] = stdout.trimEnd().split('\n');
  expect(heading).toMatch(/^ *PID PIDS INSIDE +NS USER +S COMMAND$/);
  expect(first).toMatch(new RegExp(`^ *${pid} +1 .* sh$`));
  expect(second).toMatch(/ {3}sleep$/);
  expect(others).toEqual([]);
});

test('ns ps without --in prints the namespace of ns', () => {
  const { stdout } = ns('ps', '--json');
  const pids = flat(JSON.parse(stdout).processes).map(({ pid }) => pid);
  expect(pids).toContain(process.pid);
});

test.each([
  [['--in', 'nowhere'], "a namespace must be a pid or the path of a file, got 'nowhere'"],
  [['--in', '4194304'], 'The process does not exist'],
  [['--in', '999999999'], 'must be a pid from 1 to 4194304'],
  [['--in', '/proc/self/ns/net'], 'net namespace, not pid'],
  [['x'], "unexpected 'x'"],
])('ns ps refuses %j in one line', (args, message) => {
  const { status, stderr } = ns('ps', ...args);
  expect(status).toBe(1);
  expect(stderr).toContain(message);
  expect(stderr).toMatch(/^ns ps: .*\n$/);
});
