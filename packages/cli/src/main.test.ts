import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { allCommands } from './commands/commands.js';
import { commandHelp, verbHelp } from './framework/help.js';
import { hasVerbs } from './framework/verbs.js';
import { ns, start, words } from './testing/ns.js';

const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
const { version } = JSON.parse(manifest) as { version: string };

test('ns --help lists the commands', () => {
  for (const args of [[], ['--help'], ['-h']]) {
    const { stdout, stderr, status } = ns(...args);
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    expect(stdout).toMatch(/^Usage: ns <command>/);
    for (const name of ['run', 'enter', 'ls', 'doctor'])
      expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'));
  }
});

const commands = await allCommands();

test.each(commands)('ns $name --help fits a terminal and has examples', (command) => {
  const { name } = command;
  const text = commandHelp(command);
  expect(text).toMatch(new RegExp(`^Usage: ns ${name} `));
  expect(text).toMatch(/\nExamples:\n {2}.*\bns /);
  const verbs = hasVerbs(command) ? Object.keys(command.verbs) : [];
  for (const verb of verbs) {
    const help = verbHelp(command, verb);
    expect(help).toMatch(new RegExp(`^Usage: ns ${name} ${verb}`));
    expect(help).toContain('--json');
    expect(text).toMatch(new RegExp(`^  ${verb} `, 'm'));
  }
  for (const line of [text, ...verbs.map((verb) => verbHelp(command, verb))]
    .join('\n')
    .split('\n')) {
    expect(line.length).toBeLessThanOrEqual(80);
  }
});

test('--help works after commands and after verbs', () => {
  expect(ns('run', '--help')).toMatchObject({ status: 0, stderr: '' });
  expect(ns('net', '--help').stdout).toMatch(/^Usage: ns net <verb>/);
  expect(ns('net', 'show', '-h').stdout).toMatch(/^Usage: ns net show \[options\]/);
});

test('--version prints the version of the package', () => {
  expect(ns('--version').stdout).toBe(`${version}\n`);
  expect(ns('run', '-V').stdout).toBe(`${version}\n`);
});

test.each([
  [['nothing'], "unknown command 'nothing'"],
  [['toString'], "unknown command 'toString'"],
  [['--nothing'], 'unknown option --nothing'],
  [['snadbox'], "unknown command 'snadbox' (did you mean sandbox?)"],
  // Control characters are escaped.
  [['\x1b[31m\n'], "unknown command '\\x1b[31m\\x0a'"],
])('ns refuses %j in one line', (args, message) => {
  const { stdout, stderr, status } = ns(...args);
  expect({ stdout, status }).toEqual({ stdout: '', status: 1 });
  expect(stderr).toBe(`ns: ${message} (see: ns --help)\n`);
});

test('ns refuses a word that is not UTF-8, and runs no command with a changed one', async () => {
  const inBash = async (...args: string[]) => {
    const line = [...words(...args.slice(0, -1)).map((word) => `'${word}'`), `$'${args.at(-1)}'`];
    const { ended } = start('bash', '-c', `${line.join(' ')} 2>&1`);
    const { status, stdout } = await ended();
    return { status, stdout };
  };
  expect(await inBash('run', '-r', 'printf', 'a\\xffb')).toEqual({
    status: 125,
    stdout: "ns run: 'a\ufffdb' is not UTF-8, which Node.js cannot pass on (see: ns run --help)\n",
  });
  expect(await inBash('inspect', '\\xff')).toMatchObject({ status: 1 });
  // The character that Node.js puts in its place may be meant.
  expect(await inBash('run', '-r', 'printf', 'a\\xef\\xbf\\xbdb')).toEqual({
    status: 0,
    stdout: 'a\ufffdb',
  });
});

test('ns exits with 0 if its reader stops early', async () => {
  const [file, ...args] = words('run', '--help');
  const command = [file, ...args].map((word) => `'${word}'`).join(' ');
  const { ended } = start('bash', '-c', `${command} | true; echo "\${PIPESTATUS[0]}"`);
  expect(await ended()).toMatchObject({ stdout: '0\n' });
});

test('--json prints an error as a line of JSON', () => {
  const errorOf = (...args: string[]) => {
    const { status, stdout, stderr } = ns(...args);
    expect(stdout).toBe('');
    return { status, ...JSON.parse(stderr) };
  };
  expect(errorOf('inspect', '4194304', '--json')).toEqual({
    status: 1,
    error: {
      message: expect.stringContaining('No such process'),
      name: 'SystemError',
      code: 'ESRCH',
      syscall: 'pidfd_open',
      hint: expect.stringContaining('process does not exist'),
      exitCode: 1,
    },
  });
  expect(errorOf('ls', '--nothing', '-J')).toEqual({
    status: 1,
    error: {
      message: 'unknown option --nothing (see: ns ls --help)',
      name: 'UsageError',
      exitCode: 1,
    },
  });
  // Behind -- the words are another command's.
  expect(ns('run', '--', '/nowhere', '--json').stderr).toMatch(/^ns run: /);
});
