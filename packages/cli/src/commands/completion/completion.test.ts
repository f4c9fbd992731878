// The completions, in the shells themselves, and the manual pages, as man(1) shows them.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ns } from '../../testing/ns.js';
import { allCommands } from '../commands.js';

/** True if a program is not installed. */
function without(file: string): boolean {
  return spawnSync(file, ['--version']).error !== undefined;
}

const dist = fileURLToPath(new URL('../../../dist/', import.meta.url));

function shell(file: string, args: readonly string[], input = ''): string {
  const { stdout, stderr, status } = spawnSync(file, args, { encoding: 'utf8', input });
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  return stdout;
}

/** Returns the completions of bash for the last of these words. */
function inBash(...words: string[]): string[] {
  const list = words.map((word) => `'${word}'`).join(' ');
  const script = `source ${dist}completions/ns.bash
    COMP_WORDS=(${list}) COMP_CWORD=${words.length - 1}; compopt() { :; }; _ns
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  return shell('bash', ['--norc', '-c', script]).trim().split('\n');
}

/** Returns the completions of fish at the end of this line. */
function inFish(line: string): string[] {
  const script = `source ${dist}completions/ns.fish; complete -C "${line}"`;
  return shell('fish', ['--no-config', '-c', script])
    .trim()
    .split('\n')
    .map((one) => one.split('\t')[0] ?? '');
}

/** Returns the output of zsh at the end of this line, in a new terminal. */
function inZsh(line: string): string {
  const home = mkdtempSync(join(tmpdir(), 'ns-zsh-'));
  onTestFinished(() => rmSync(home, { recursive: true }));
  writeFileSync(
    join(home, '.zshrc'),
    `fpath=(${dist}completions $fpath); PS1='ready> '
    autoload -Uz compinit; compinit -u -d ${home}/dump; LISTMAX=10000
    zstyle ':completion:*' list-prompt ''`,
  );
  const script = `zmodload zsh/zpty; export ZDOTDIR=${home} TERM=dumb
    zpty terminal zsh -i; zpty -r terminal seen '*ready> '
    zpty -w -n terminal $'${line}\\t\\t'; sleep 1; zpty -w terminal $'\\n'
    zpty -r terminal seen '*ready> '; print -r -- $seen; zpty -d terminal`;
  return shell('zsh', ['-f', '-c', script]);
}

describe('bash', () => {
  test('completes commands, options, their values, and verbs', () => {
    expect(inBash('ns', 'e')).toEqual(['enter', 'explain']);
    expect(inBash('ns', 'run', '--map-u')).toEqual(['--map-user', '--map-users']);
    expect(inBash('ns', 'run', '--propagation', 'sh')).toEqual(['shared']);
    expect(inBash('ns', 'run', '--propagation', '=', 's')).toEqual(['slave', 'shared']);
    expect(inBash('ns', 'net', 'topo')).toEqual(['topology']);
    expect(inBash('ns', 'net', 'show', '--i')).toEqual(['--in']);
    expect(inBash('ns', 'inspect', 'self', '--js')).toEqual(['--json']);
  });

  test('completes the command that is run after the options', () => {
    expect(inBash('ns', 'run', '--net', 'unsh')).toContain('unshare');
    expect(inBash('ns', 'run', 'sh', '--net')).toEqual(['']);
  });
});

describe('fish', () => {
  test('completes commands, options, their values, and verbs', ({ skip }) => {
    skip(without('fish'), 'fish is not installed');
    expect(inFish('ns e')).toEqual(expect.arrayContaining(['enter', 'explain']));
    expect(inFish('ns run --map-u')).toEqual(['--map-user', '--map-users']);
    expect(inFish('ns run --propagation ')).toEqual(['private', 'shared', 'slave', 'unchanged']);
    expect(inFish('ns net topo')).toEqual(['topology']);
  });
});

describe('zsh', () => {
  test('completes commands and options', ({ skip }) => {
    skip(without('zsh'), 'zsh is not installed');
    expect(inZsh('ns e')).toMatch(/enter[\s\S]*explain/);
    expect(inZsh('ns run --map-')).toMatch(/--map-auto[\s\S]*--map-users/);
  }, 30_000);
});

test('ns completion prints the files of the package', () => {
  for (const [name, file] of [
    ['bash', 'ns.bash'],
    ['zsh', '_ns'],
    ['fish', 'ns.fish'],
  ] as const) {
    expect(ns('completion', name).stdout).toBe(readFileSync(`${dist}completions/${file}`, 'utf8'));
  }
  expect(ns('completion', 'tcsh')).toMatchObject({
    status: 1,
    stderr:
      "ns completion: the shell must be one of bash, zsh, fish, got 'tcsh' (see: ns completion --help)\n",
  });
});

describe('manual pages', () => {
  const manifest = JSON.parse(
    readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
  );

  test('exist for each command, and the manifest names them', async () => {
    const names = ['ns.1', ...(await allCommands()).map(({ name }) => `ns-${name}.1`)];
    expect(readdirSync(`${dist}man`)).toEqual([...names].sort());
    expect([...manifest.man].sort()).toEqual(names.map((name) => `./dist/man/${name}`).sort());
  });

  test.for(readdirSync(`${dist}man`))(
    'man shows %s without warnings, with all options',
    (file, { skip }) => {
      skip(without('man'), 'man is not installed');
      const command = file.slice('ns-'.length, -'.1'.length);
      const { stdout, stderr } = spawnSync('man', ['--warnings', '-l', `${dist}man/${file}`], {
        encoding: 'utf8',
        env: { ...process.env, MANWIDTH: '80', LC_ALL: 'C.UTF-8', MAN_KEEP_FORMATTING: '' },
      });
      expect(stderr).toBe('');
      expect(stdout).toMatch(/NAME[\s\S]*SYNOPSIS[\s\S]*OPTIONS/);
      const { stdout: help } = command === '' ? ns('--help') : ns(command, '--help');
      for (const [, option] of help.matchAll(/^ +(?:-\w, )? *(--[\w-]+)/gm)) {
        expect(stdout).toContain(option);
      }
    },
  );
});
