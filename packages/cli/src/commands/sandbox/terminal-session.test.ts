// `ns sandbox` at a terminal: the command has one of its own.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { words } from '../../testing/ns.js';
import { inTerminal } from '../../testing/terminal.js';

const ENTER = '\r';
const CTRL_C = '\x03';
const CTRL_D = '\x04';
const CTRL_Z = '\x1a';
const sandbox = (...args: string[]) => words('sandbox', '--', ...args);
const shell = sandbox('bash', '--norc', '--noprofile', '-i');
/** Waits for Ctrl-C. Not a shell, which may lose it between two commands. */
const waiting = (said: string) => `$| = 1; print "${said}\\n"; sleep 60`;

test('ns sandbox gives the command another terminal, with the size of the first, also after a change', () => {
  const script =
    'tty; stty size; trap "stty size; exit 3" WINCH; echo ready; while :; do sleep 0.1; done';
  const { output, status } = inTerminal(sandbox('bash', '-c', script), [
    { expect: 'ready' },
    { rows: 44, columns: 122 },
    { expect: '44 122' },
  ]);
  expect(output).toMatch(/not a tty|\/dev\/(pts\/\d+|console)/);
  expect(output).toContain('24 80');
  expect(status).toBe(3);
});

test('a shell in the terminal of ns sandbox has job control and its keys', () => {
  const { output, status } = inTerminal(shell, [
    { expect: '[#$] $' },
    { type: `sh -c 'echo up; read line'${ENTER}` },
    { expect: '\nup\r+\n' },
    { type: CTRL_Z },
    { expect: 'Stopped' },
    { type: `kill %1; perl -e '${waiting('again')}'${ENTER}` },
    { expect: '\nagain\r+\n' },
    { type: CTRL_C },
    { expect: '[#$] $' },
    { type: `echo "code=$?"${ENTER}` },
    { expect: 'code=130' },
    { type: CTRL_D },
  ]);
  expect(output).not.toContain('no job control');
  expect(status).toBe(0);
});

test('Ctrl-C ends the command, and ns sandbox in the same way', () => {
  const { status } = inTerminal(sandbox('perl', '-e', waiting('ready')), [
    { expect: 'ready' },
    { type: CTRL_C },
  ]);
  expect([130, -2]).toContain(status);
});

test('ns sandbox restores the terminal of the caller, and loses no output', () => {
  const quoted = sandbox('seq', '1', '2000').map((word) => `'${word}'`);
  const { output } = inTerminal(
    [
      'sh',
      '-c',
      `${quoted.join(' ')}; stty -a | tr ' ;' '\\n\\n' | grep -x -e '-*icanon' -e '-*echo'`,
    ],
    [],
  );
  expect(output).toContain('\n2000\n');
  expect(output).toContain('\nicanon\n');
  expect(output).toContain('\necho\n');
});

test('ns sandbox --root shows the progress of unpacking at a terminal', () => {
  const directory = mkdtempSync(join(tmpdir(), 'ns-archive-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const tar = join(directory, 'root.tar');
  const made = `tar -cf ${tar} -C / etc/passwd`;
  const root = words('sandbox', '--root', tar, '--readable', '/usr', '--', '/usr/bin/true');
  const { output } = inTerminal(
    ['sh', '-c', `${made}; ${root.map((word) => `'${word}'`).join(' ')}`],
    [],
  );
  expect(output).toContain('unpacking: 100 %');
});
