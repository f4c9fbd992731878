import { expect, test } from 'vitest';
import { ns, words } from '../testing/ns.js';
import { inTerminal } from '../testing/terminal.js';

test('the tree is shown, and the own group', () => {
  const tree = JSON.parse(ns('cgroup', 'tree', '--json').stdout);
  expect(tree).toMatchObject({ path: '/', frozen: false });
  const own = JSON.parse(ns('cgroup', 'show', '-J').stdout);
  expect(own.path).toMatch(/^\//);
  expect(own.processes.length).toBeGreaterThan(0);
  expect(ns('cgroup', 'show', String(process.pid)).stdout).toContain(own.path);
  expect(ns('cgroup', 'tree').stdout).toMatch(/^PROCESSES +MEMORY S +GROUP\n/);
});

test('top tells what every group uses, once', () => {
  const { stdout, status } = ns('cgroup', 'top', '--once', '--json', '--delay', '0.05');
  expect(status).toBe(0);
  const { groups } = JSON.parse(stdout);
  const root = groups.find(({ path }: { path: string }) => path === '/');
  expect(root).toMatchObject({ cpuPercent: expect.any(Number), processes: expect.any(Number) });
  expect(ns('cgroup', 'top', '--once', '-d', '0.05').stdout).toMatch(/^ *%CPU/);
});

test('top is shown again and again at a terminal, which it leaves as it was', () => {
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
  [['none'], "there is no 'ns cgroup none'"],
  [['set', '/'], 'a limit is missing'],
  [['freeze'], 'the group is missing'],
  [['show', 'x'], "'x' is neither a process id nor the path of a cgroup"],
  [['show', '/', '/'], "unexpected '/'"],
  [['top', '--delay', '0'], '--delay must be seconds'],
  // Options of one verb are none of another one.
  [['show', '--once'], 'unknown option --once'],
  [['--memory', '1M', 'show'], 'unknown option --memory'],
  [['set', '/', '--io-max', '/dev/null,rbps=1'], 'not a block device'],
  [['set', '/', '--io-max', '8:0,speed=1'], "'speed=1' is none of rbps"],
  [['set', '/', '--memory', 'lots'], 'memory.max must be'],
  [['kill', String(process.pid)], 'the calling process is in the cgroup'],
])('%j is refused in one line', (args, message) => {
  const { status, stderr } = ns('cgroup', ...args);
  expect(status).toBe(1);
  expect(stderr).toContain(message);
  expect(stderr).toMatch(/^ns cgroup: .*\n$/);
});
