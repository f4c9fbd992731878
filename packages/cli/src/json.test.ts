// --json of all commands: the options, errors, and what each prints, which docs/cli-json.md tells.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { allCommands } from './commands/commands.js';
import { hasVerbs } from './framework/verbs.js';
import { ns, start, words } from './testing/ns.js';

const commands = await allCommands();

interface Asked {
  readonly path: string;
  readonly code: number;
}

/** All that can be asked for: `net add`, with the exit code of its errors. */
const actions: Asked[] = commands.flatMap((command) => {
  const { name, failureCode: code } = command;
  const verbs = hasVerbs(command) ? Object.keys(command.verbs) : [];
  return verbs.length === 0
    ? [{ path: name, code }]
    : verbs.map((verb) => ({ path: `${name} ${verb}`, code }));
});

const document = readFileSync(new URL('../../../docs/cli-json.md', import.meta.url), 'utf8');

/** The names in the second column of the table, of what a command prints. */
function documented(command: string): string[] {
  const row = document.split('\n').find((line) => line.startsWith(`| \`ns ${command}`)); // or with an option
  if (row === undefined) throw new Error(`docs/cli-json.md has no row of ns ${command}`);
  const cell = row.split(' | ')[1] ?? '';
  return [...cell.matchAll(/`(\w+)(\?)?`/g)].map(([, name = '']) => name);
}

test.each(actions)('ns $path prints an error as JSON, and the docs describe its shape', (asked) => {
  const { path, code } = asked;
  const { status, stdout, stderr } = ns(...path.split(' '), '--json', '--no-such-option');
  expect({ status, stdout }).toEqual({ status: code, stdout: '' });
  const message = `unknown option --no-such-option (see: ns ${path.split(' ')[0]} --help)`;
  const error = { message, name: 'UsageError', exitCode: code };
  expect(JSON.parse(stderr)).toEqual({ error });
  documented(path);
});

test.each([
  ['ls'],
  ['ls', '--tree'],
  ['doctor'],
  ['ps'],
  ['mounts'],
  ['ipc ls'],
  ['inspect', 'self'],
  ['explain'],
  ['sandbox --audit'],
  ['run', '--explain'],
  ['enter', '--explain', '--uts=/proc/self/ns/uts'],
  ['net ls'],
  ['net show'],
  ['net graph'],
  ['net identify'],
  ['cgroup show'],
  ['cgroup tree'],
  ['cgroup top', '--once', '-d', '0.05'],
  ['completion'],
  ['completion', 'zsh'],
])('ns %s --json prints what the docs describe', (path, ...args) => {
  const { stdout } = ns(...path.split(' '), ...args, '--json');
  const names = Object.keys(JSON.parse(stdout));
  expect(names.length).toBeGreaterThan(0);
  expect(names.filter((name) => !documented(path).includes(name))).toEqual([]);
});

test('ns ls, inspect and others take options behind operands', () => {
  const { namespaces } = JSON.parse(ns('inspect', 'self', '--json').stdout);
  expect(namespaces).toHaveLength(8);
  expect(JSON.parse(ns('net', '--json').stdout)).toHaveProperty('namespaces');
  expect(ns('run', '-r', 'echo', '--json').stdout).toBe('--json\n');
});

test('ns run and ns enter with --json leave standard output to the command, and print errors as JSON', () => {
  expect(ns('run', '--json', '-r', 'echo', 'out')).toMatchObject({ stdout: 'out\n', stderr: '' });
  const { status, stdout, stderr } = ns('run', '--json', '-r', '/nowhere');
  expect({ status, stdout }).toEqual({ status: 127, stdout: '' });
  expect(JSON.parse(stderr).error).toMatchObject({
    message: '/nowhere: No such file or directory',
    code: 'ENOENT',
    syscall: 'execve',
    exitCode: 127,
  });
  const wrong = ns('enter', '-J', '--target', 'x', 'true');
  expect(JSON.parse(wrong.stderr).error).toMatchObject({ name: 'UsageError', exitCode: 125 });
  // The words of the command are not for us.
  expect(ns('run', '-r', '/nowhere', '--json').stderr).toMatch(/^ns run: /);
  expect(ns('run', '--no-such-option', '--', 'true', '--json').stderr).toMatch(/^ns run: /);
});

test('ns run --explain --json prints the object of ns explain --json', () => {
  const { limits, calls } = JSON.parse(
    ns('run', '--explain', '--json', '--memory', '1M', '-r', 'true').stdout,
  );
  expect(limits).toEqual(['memory.max = 1048576']);
  expect(calls.at(-1)).toMatch(/^execve\(/);
  const enter = JSON.parse(
    ns('enter', '--explain', '--json', '--uts=/proc/self/ns/uts', 'true').stdout,
  );
  expect(enter.calls.join('\n')).toContain('CLONE_NEWUTS');
});

test('ns --version --json prints an object', () => {
  expect(JSON.parse(ns('--version', '--json').stdout)).toEqual({ version: expect.any(String) });
});

test('ns reports output that cannot be written in one line, and fails', async () => {
  const [file, ...args] = words('ls', '--json');
  const command = [file, ...args].map((word) => `'${word}'`).join(' ');
  const { ended } = start('bash', '-c', `${command} 2>&1 >/dev/full; echo "code=$?"`);
  const { stdout } = await ended();
  expect(stdout).toMatch(/^ns ls: ENOSPC: .*\ncode=1\n$/);
});

test('ns keeps the exit code of an error that cannot be written', async () => {
  for (const [args, code] of [
    [['run', '--nothing'], 125],
    [['run', '/nowhere'], 127],
    [['ls', 'x'], 1],
  ] as const) {
    const command = words(...args)
      .map((word) => `'${word}'`)
      .join(' ');
    const script = `exec 3>&1; { sleep 0.2; ${command}; echo "code=$?" >&3; } 2>&1 >/dev/null | true; wait`;
    const { ended } = start('bash', '-c', script);
    expect((await ended()).stdout).toBe(`code=${code}\n`);
  }
});
