// What `ns ls` lists, beside what lsns(8) does.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readlinkSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { ns, words } from '../../testing/ns.js';
import { inTerminal } from '../../testing/terminal.js';

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

test('ns ls lists all namespaces that lsns(8) finds for the processes of the test', () => {
  const output = execFileSync('lsns', ['--json', '--task', String(process.pid)], {
    encoding: 'utf8',
  });
  const expected = (JSON.parse(output).namespaces as Row[]).map(({ ns: inode }) => inode);
  const found = new Set(rows().map(({ ns: inode }) => inode));
  expect(expected.filter((inode) => !found.has(inode))).toEqual([]);
});

test('--task lists the namespaces of one process', () => {
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

test('--type takes both names of a type', () => {
  expect(new Set(rows('--type', 'net').map(({ type }) => type))).toEqual(new Set(['net']));
  expect(new Set(rows('-t', 'mount').map(({ type }) => type))).toEqual(new Set(['mnt']));
  expect(new Set(rows('-t', 'mnt').map(({ type }) => type))).toEqual(new Set(['mnt']));
});

test('--output adds columns, and --list-columns lists them', () => {
  const own = ['--task', String(process.pid), '-t', 'net', '-t', 'uts'];
  const [heading, ...lines] = ns('ls', ...own, '-o', '+pns')
    .stdout.trimEnd()
    .split('\n');
  expect(heading).toMatch(/^ +NS TYPE +NPROCS +PID USER +COMMAND +PNS$/);
  expect(lines).toHaveLength(2);
  expect(ns('ls', '--list-columns').stdout).toMatch(/^NS +inode number\nTYPE +type\n/);
  expect(JSON.parse(ns('ls', '-HJ').stdout).columns[0]).toEqual({
    title: 'NS',
    help: 'inode number',
  });
});

test('ns ls NAMESPACE lists the processes that lsns(8) lists', () => {
  const child = spawn('unshare', ['--user', '--map-root-user', 'sh', '-c', 'echo; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return once(child.stdout, 'data').then(() => {
    const inode = String(/\d+/.exec(readlinkSync(`/proc/${child.pid}/ns/user`))?.[0]);
    const words = (text: string) => text.trim().split(/\s+/);
    const theirs = execFileSync('lsns', [inode], { encoding: 'utf8' });
    expect(words(ns('ls', inode).stdout)).toEqual(words(theirs));
    expect(JSON.parse(ns('ls', inode, '--json').stdout)).toMatchObject({
      processes: [{ pid: child.pid, ppid: process.pid, command: 'sleep 60' }],
    });
  });
});

test('--output prints a table of the named columns', () => {
  const own = ['--task', String(process.pid)];
  const [heading, ...lines] = ns('ls', ...own)
    .stdout.trimEnd()
    .split('\n');
  expect(heading).toMatch(/^ +NS TYPE +NPROCS +PID USER +COMMAND$/);
  expect(lines).toHaveLength(8);
  expect(ns('ls', ...own, '-t', 'net', '-n', '-o', 'ns,type').stdout).toBe(`${ownNet} net\n`);
});

test('--raw prints fields without blanks, and none empty', () => {
  const { stdout } = ns('ls', '--raw', '--task', String(process.pid));
  const lines = stdout.trimEnd().split('\n');
  expect(lines).toHaveLength(9);
  expect(lines.map((line) => line.split(' ').length)).toEqual(lines.map(() => 6));
});

test('the columns of lsns(8) hold what it shows', () => {
  const task = ['--task', String(process.pid)];
  const names = 'NS,TYPE,PATH,NPROCS,PID,PPID,COMMAND,UID,USER,PNS,ONS';
  const output = execFileSync('lsns', ['--json', '-o', names, ...task], { encoding: 'utf8' });
  const expected = JSON.parse(output).namespaces as Record<string, unknown>[];
  const found = new Map(
    (rows(...task, '-o', names) as unknown as Record<string, unknown>[]).map((one) => [
      one.ns,
      one,
    ]),
  );
  for (const { nprocs: _changes, path, ...one } of expected) {
    const ours = found.get(one.ns);
    expect(Object.keys(ours ?? {})).toEqual(names.toLowerCase().split(','));
    expect(ours).toMatchObject({
      ...one,
      // 0 is lsns's word for none in sight, and its command ends after a page.
      pns: one.pns || null,
      ons: one.ons || null,
      command: expect.any(String),
    });
    expect(ours?.path).toBe(path);
  }
});

/** A process below two user namespaces of its own; the outer one is without a process. */
async function nested(): Promise<{ pid: number; inner: number }> {
  const within = ['unshare', '--user', '--map-root-user'];
  const command = [...within, ...within, '--net', 'sh', '-c', 'echo ready; exec sleep 300'];
  const child = spawn(command[0] as string, command.slice(1), {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  await once(child.stdout, 'data');
  const pid = child.pid as number;
  return { pid, inner: Number(/\d+/.exec(readlinkSync(`/proc/${pid}/ns/user`))?.[0]) };
}

interface Branch {
  ns: number;
  type: string;
  children?: Branch[];
}

/** The way down to a namespace. */
function wayTo(inode: number, branches: readonly Branch[]): Branch[] {
  for (const branch of branches) {
    if (branch.ns === inode) return [branch];
    const below = wayTo(inode, branch.children ?? []);
    if (below.length > 0) return [branch, ...below];
  }
  return [];
}

test('--tree shows owners and parents', async () => {
  const { pid, inner } = await nested();
  const net = Number(/\d+/.exec(readlinkSync(`/proc/${pid}/ns/net`))?.[0]);
  const own = Number(/\d+/.exec(readlinkSync('/proc/self/ns/user'))?.[0]);
  const trees = (...args: string[]) => rows(...args) as unknown as Branch[];
  for (const args of [['--tree'], ['--tree=owner'], ['-T']]) {
    const way = wayTo(net, trees(...args));
    expect(way.map(({ type }) => type).slice(-4)).toEqual(['user', 'user', 'user', 'net']);
    expect(way.map(({ ns: inode }) => inode).slice(-4)).toEqual([
      own,
      expect.any(Number),
      inner,
      net,
    ]);
  }
  const parents = wayTo(inner, trees('--tree=parent', '--type', 'user'));
  expect(parents.slice(-3).map(({ ns: inode }) => inode)).toEqual([own, expect.any(Number), inner]);
  // The one between them is not listed: who is above it takes its place.
  const users = trees('--tree=parent', '--type', 'user', '--filter', 'NPROCS > 0');
  expect(
    wayTo(inner, users)
      .slice(-2)
      .map(({ ns: inode }) => inode),
  ).toEqual([own, inner]);
  const processes = wayTo(net, trees('--tree=process', '--type', 'net'));
  expect(processes.slice(-2).map(({ ns: inode }) => inode)).toEqual([ownNet, net]);
  const drawn = ns('ls', '--tree=process', '--type', 'net', '-n', '-o', 'NS,PID').stdout;
  expect(drawn).toMatch(new RegExp(`^[│ ]*[├└]─${net} +${pid}$`, 'm'));
});

test('--persistent lists namespaces without processes, and what keeps them', async () => {
  const child = spawn(
    'unshare',
    ['--user', 'sh', '-c', 'exec 3< /proc/self/ns/user; echo; read _'],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  await once(child.stdout, 'data');
  const made = readlinkSync(`/proc/${child.pid}/ns/user`);
  const inode = Number(/\d+/.exec(made)?.[0]);
  const fd = openSync(`/proc/${child.pid}/ns/user`, 'r');
  child.stdin.end();
  await once(child, 'exit');
  try {
    const found = rows('--persistent', '--output-all') as unknown as Record<string, unknown>[];
    expect(found.find((one) => one.ns === inode)).toMatchObject({
      type: 'user',
      nprocs: 0,
      pid: null,
      command: null,
      initial: false,
      heldby: [`${process.pid}:${fd}`],
      path: `/proc/${process.pid}/fd/${fd}`,
    });
    const table = ns('ls', '--persistent').stdout;
    expect(table).toMatch(/^ +NS TYPE +CREATOR +HELDBY/);
    expect(table).toMatch(new RegExp(`^${inode} user .* ${process.pid}:${fd}`, 'm'));
    expect(rows('--filter', 'NPROCS > 0').map((one) => one.ns)).not.toContain(inode);
  } finally {
    closeSync(fd);
  }
});

test('--filter lists the namespaces for which an expression is true', () => {
  const task = ['--task', String(process.pid)];
  const chosen = (expression: string) =>
    rows(...task, '-Q', expression)
      .map(({ type }) => type)
      .sort();
  expect(chosen('TYPE == "net" or type == "uts"')).toEqual(['net', 'uts']);
  expect(chosen(`NS == ${ownNet}`)).toEqual(['net']);
  expect(chosen('TYPE =~ "^u" and NPROCS >= 1')).toEqual(['user', 'uts']);
  expect(chosen('not (TYPE != "pid")')).toEqual(['pid']);
});

test('ns ls prints colours only to terminals that have them', () => {
  const line = ['ls', '--task', String(process.pid), '-t', 'net', '-o', 'NS'];
  expect(ns(...line).stdout).toBe(`        NS\n${ownNet}\n`);
  const shown = (...env: string[]) =>
    inTerminal(['env', '-u', 'CI', ...env, ...words(...line)], []).output;
  expect(shown('TERM=xterm-256color')).toContain('\x1b[1m        NS\x1b[0m\n');
  expect(shown('TERM=dumb')).not.toContain('\x1b');
  expect(shown('TERM=xterm-256color', 'NO_COLOR=1')).not.toContain('\x1b');
});

test.each([
  [['--type', 'nothing'], '--type must be one of user, '],
  [['-o', 'NS,NOTHING'], 'NOTHING is not a column'],
  [['--task', 'x'], '--task must be a number'],
  [['--task', '4194305'], 'process or thread 4194305 does not exist'],
  [['--tree=children'], '--tree must be one of owner, parent, process'],
  [['--filter', 'NPROCS >'], 'expected a column, a number or a text, found the end'],
  [['something'], "the namespace must be an inode, got 'something'"],
  [['1', '2'], "unexpected '2'"],
  [['1'], 'namespace 1 does not exist'],
  [['1', '--tree'], '--tree cannot be combined with a namespace'],
  [['--list', '--tree'], '--list and --tree exclude each other'],
])('ns ls refuses %j in one line, with code 1', (args, message) => {
  const { status, stdout, stderr } = ns('ls', ...args);
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toContain(message);
  expect(stderr).toMatch(/^ns ls: .*\n$/);
});
