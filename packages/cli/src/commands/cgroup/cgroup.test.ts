import { expect, test } from 'vitest';
import { ns, words } from '../../testing/ns.js';
import { inTerminal } from '../../testing/terminal.js';

test('ns cgroup tree prints the tree, show the group of ns', () => {
  const tree = JSON.parse(ns('cgroup', 'tree', '--json').stdout);
  expect(tree).toMatchObject({ path: '/', frozen: false });
  const own = JSON.parse(ns('cgroup', 'show', '-J').stdout);
  expect(own.path).toMatch(/^\//);
  expect(own.processes.length).toBeGreaterThan(0);
  expect(ns('cgroup', 'show', String(process.pid)).stdout).toContain(own.path);
  expect(ns('cgroup', 'tree').stdout).toMatch(/^PROCESSES +MEMORY S +GROUP\n/);
});

test('ns cgroup top --once prints the usage of every group', () => {
  const { stdout, status } = ns('cgroup', 'top', '--once', '--json', '--delay', '0.05');
  expect(status).toBe(0);
  const { groups } = JSON.parse(stdout);
  const root = groups.find(({ path }: { path: string }) => path === '/');
  expect(root).toMatchObject({ cpuPercent: expect.any(Number), processes: expect.any(Number) });
  expect(ns('cgroup', 'top', '--once', '-d', '0.05').stdout).toMatch(/^ *%CPU/);
});

test('ns cgroup top repeats at a terminal, and restores it', () => {
  const top = words('cgroup', 'top', '--delay', '0.05').map((word) => `'${word}'`);
  const CLEAR = '\\x1b\\[H\\x1b\\[J';
  for (const key of ['q', '\x03']) {
    const { output, status } = inTerminal(
      ['sh', '-c', `stty -a; ${top.join(' ')}; echo "code=$?"; stty -a`],
      [
        { rows: 5, columns: 60 },
        { expect: `${CLEAR} *%CPU` },
        { expect: `${CLEAR} *%CPU` },
        { type: key },
        { expect: 'code=0' },
      ],
    );
    expect(status).toBe(0);
    const [first = '', ...screens] = output.split('\x1b[H\x1b[J');
    expect(first).toContain(' icanon');
    expect(screens.at(-1)).toContain(`code=0\n${first}`);
    for (const screen of screens) {
      const lines = screen.split('code=0')[0]?.trimEnd().split('\n') ?? [];
      expect(lines.length).toBeLessThan(5);
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(60);
    }
  }
});

test.each([
  [['none'], "'ns cgroup none' is not a command (known: show"],
  [['set', '/'], 'a limit is missing'],
  [['freeze'], 'the group is missing'],
  [['show', 'x'], "a group must be a pid or the path of a cgroup, got 'x'"],
  [['show', '/', '/'], "unexpected '/'"],
  [['top', '--delay', '0'], '--delay must be from 50ms to 1d'],
  // Options of one verb are none of another one.
  [['show', '--once'], 'unknown option --once'],
  [['--memory', '1M', 'show'], 'unknown option --memory'],
  [['set', '/', '--io-max', '/dev/null,rbps=1'], '--io-max must begin with a block device'],
  [['set', '/', '--io-max', '8:0,speed=1'], '--io-max must have NAME=VALUE of rbps'],
  [['set', '/', '--memory', 'lots'], '--memory must be a number of bytes'],
  [['kill', String(process.pid)], 'the calling process is in the cgroup'],
])('ns cgroup refuses %j in one line', (args, message) => {
  const { status, stderr } = ns('cgroup', ...args);
  expect(status).toBe(1);
  expect(stderr).toContain(message);
  expect(stderr).toMatch(/^ns cgroup: .*\n$/);
});
