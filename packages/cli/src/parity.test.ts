// The options of unshare(1) and nsenter(1): all are here, in the documented table, and do the same.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readlinkSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { enterOptions } from './commands/enter/options.js';
import { ls } from './commands/ls/ls.js';
import { runOptions } from './commands/run/options.js';
import { commonOptions, type OptionGroup, type OptionTable } from './framework/option-table.js';
import { words } from './testing/ns.js';

const document = readFileSync(new URL('../../../docs/cli-options.md', import.meta.url), 'utf8');
const euid = process.geteuid?.() ?? 0;

interface Row {
  readonly short: string | undefined;
  readonly long: string;
  readonly value: 'none' | 'optional' | 'needed';
}

/** The options in the table below a heading. */
function rows(heading: string): Row[] {
  const [, section = ''] = document.split(`\n## ${heading}\n`);
  const [table = ''] = section.split('\n## ');
  const cells = table.matchAll(/^\| (?:`-(\w)`, )?`--([\w-]+)(\[=)?([^`]*)`/gm);
  return [...cells].map(([, short, long = '', optional, value]) => ({
    short,
    long,
    value: optional ? 'optional' : value ? 'needed' : 'none',
  }));
}

const tools = [
  { tool: 'unshare', command: 'run', groups: runOptions },
  { tool: 'nsenter', command: 'enter', groups: enterOptions },
  { tool: 'lsns', command: 'ls', groups: [...ls.options, commonOptions] },
] as const;

const tableOf = (groups: readonly OptionGroup[]): OptionTable =>
  Object.assign({}, ...groups.map(({ options }) => options));

describe.each(tools)('options of $tool', ({ tool, command, groups }) => {
  test('the table has every option that the installed tool has', () => {
    const { stdout } = spawnSync(tool, ['--help'], { encoding: 'utf8' });
    const theirs = [...stdout.matchAll(/^ +(?:-\w[,.] )? *--([\w-]+)/gm)].map(([, name]) => name);
    expect(theirs.length).toBeGreaterThan(10);
    const listed = [...rows(tool).map(({ long }) => long), 'help', 'version'];
    expect(theirs.filter((name) => !listed.includes(name as string))).toEqual([]);
  });

  test(`ns ${command} --help names every option of the table`, () => {
    const [file, ...start] = words(command, '--help');
    const { stdout } = spawnSync(file, start, { encoding: 'utf8' });
    const helped = [...stdout.matchAll(/^ (?:-(\w), | {4})--([\w-]+)/gm)].map(
      ([, short, long]) => ({
        short,
        long,
      }),
    );
    for (const { short, long } of rows(tool)) expect(helped).toContainEqual({ short, long });
  });

  test(`ns ${command} takes every option of the table, with its letter and its value`, () => {
    const known = tableOf(groups);
    const ours = rows(tool).map(({ long }): Row => {
      const found = known[long];
      if (found === undefined) throw new Error(`no option --${long}`);
      const value = found.optional ? 'optional' : found.value ? 'needed' : 'none';
      return { short: found.short, long, value };
    });
    // A list of signals may follow ours.
    const theirs = rows(tool).map((row) =>
      row.long === 'forward-signals' ? { ...row, value: 'optional' } : row,
    );
    expect(ours).toEqual(theirs);
  });
});

/** Returns output and end of a command, without parts that differ between runs. */
function outcome(file: string, ...args: string[]) {
  const { status, signal, stdout } = spawnSync(file, args, { encoding: 'utf8', timeout: 20_000 });
  return { status, signal, stdout };
}

const user = euid === 0 ? [] : ['-r'];
// Prints the types whose namespace is not that of these tests.
const types = ['cgroup', 'ipc', 'mnt', 'net', 'uts', 'user'];
const look = types
  .map((type) => [type, readlinkSync(`/proc/self/ns/${type}`)])
  .map(([type, link]) => `[ "$(readlink /proc/self/ns/${type})" = '${link}' ] || echo ${type}`)
  .join('; ');

describe('ns run in the place of unshare(1)', () => {
  test.each([
    [['-r', 'sh', '-c', 'id -u; id -g; cat /proc/self/uid_map']],
    [['-c', 'sh', '-c', 'id -u; cat /proc/self/setgroups']],
    [['--map-user=7', '--map-group', '8', 'sh', '-c', 'id -u; id -g']],
    [[...user, '-u', 'sh', '-c', 'hostname box; hostname']],
    [['-rmuinCT', 'sh', '-c', look]],
    [[...user, '-nu', '--fork', 'sh', '-c', look]],
    [[...user, '--mount', '--wd=/usr', 'pwd']],
    [[...user, '-m', '--propagation', 'slave', 'findmnt', '-no', 'PROPAGATION', '/proc']],
    [['-r', '-T', '--boottime', '1000', 'cat', '/proc/self/timens_offsets']],
    [['-rpf', '--mount-proc', 'sh', '-c', 'ls /proc | grep -c "^1$"']],
    [['-rf', '--kill-child', 'sh', '-c', 'exit 3']],
    [['-rf', 'sh', '-c', 'kill -TERM $$']],
    [['-rf', 'no-such-command-here']],
    [['-rf', '/no/such/command']],
    [['-rf', '/etc/passwd']],
    [['-rf', '/etc/passwd/x']],
    [['-rf', '/']],
    [['-r', '--', 'sh', '-c', 'echo "$@"', 'x', '--net', '-r']],
  ])('gives the same result for %j', (args) => {
    const theirs = outcome('unshare', ...args);
    const [file, ...start] = words('run', ...args);
    expect(theirs.status ?? theirs.signal).not.toBe(1);
    expect(outcome(file, ...start)).toEqual(theirs);
  });
});

describe('ns enter in the place of nsenter(1)', () => {
  const target = String(process.pid);
  const same = (args: readonly string[]) => {
    const theirs = outcome('nsenter', ...args);
    const [file, ...start] = words('enter', ...args);
    expect(outcome(file, ...start)).toEqual(theirs);
  };

  test.for([
    ['-t', target, '-u', 'sh', '-c', look],
    ['-t', target, '-m', '-n', '-i', '--', 'sh', '-c', look],
    ['--uts=/proc/self/ns/uts', 'hostname'],
    ['-t', target, '-a', 'sh', '-c', 'exit 4'],
    ['-t', target, '-a', 'sh', '-c', 'kill -TERM $$'],
    ['-t', target, '-a', 'no-such-command-here'],
    ['-t', target, '-u', '/etc/passwd'],
    ['-t', target, '-u', '/etc/passwd/x'],
    ['-t', target, '-F', '-u', 'sh', '-c', 'exit 5'],
    ['-t', target, '-u', '-S', '5', '-G', '6', 'sh', '-c', 'id -u; id -g; id -G'],
    ['-t', target, '-u', '-w', 'pwd'],
    ['-t', target, '-u', '--wd=/usr', 'pwd'],
    ['-t', target, '-u', '-r/', '-W/lib', 'pwd'],
  ])('gives the same result for %j', (args, { skip }) => {
    skip(euid !== 0, 'the own namespaces can be joined by root only');
    same(args);
  });

  test('enters a rootless container through its user namespace', () => {
    const [file, ...start] = words('run', '-rum', 'sh', '-c', 'hostname box; echo up; read line');
    const child = spawn(file, start, { stdio: ['pipe', 'pipe', 'inherit'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    return once(child.stdout, 'data').then(() => {
      const inside = execFileSync('pgrep', ['-P', String(child.pid)], { encoding: 'utf8' }).trim();
      same([
        '-t',
        inside,
        '-U',
        '-u',
        '-m',
        '--preserve-credentials',
        'sh',
        '-c',
        'hostname; id -u',
      ]);
      child.stdin.end();
    });
  });
});
