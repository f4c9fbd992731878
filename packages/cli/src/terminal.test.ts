import { expect, test } from 'vitest';
import { words } from './testing/ns.js';
import { inTerminal } from './testing/terminal.js';

const shell = ['bash', '--norc', '--noprofile', '-i'];
const quoted = (...args: string[]) =>
  words(...args)
    .map((word) => `'${word}'`)
    .join(' ');
const ENTER = '\r';
const CTRL_C = '\x03';
const CTRL_Z = '\x1a';
const CTRL_BACKSLASH = '\x1c';

test('ns run passes on the terminal and its size, and a change of the size once', () => {
  const script =
    'trap "echo changed" WINCH; stty size; echo ready; until read -t 0.1 line; do :; done; stty size; echo "$line"';
  const { output, status } = inTerminal(words('run', 'bash', '-c', script), [
    { rows: 33, columns: 111 },
    { expect: 'ready' },
    { rows: 44, columns: 122 },
    { expect: 'changed' },
    { type: `word${ENTER}` },
  ]);
  expect(output.match(/changed/g)).toHaveLength(1);
  expect(output).toContain('44 122\nword');
  expect(status).toBe(0);
});

// Under load, bash(1) now and then shows no prompt after the interrupt, so it is asked again.
test('Ctrl-C ends the command and ns, and a shell sees 130', { retry: 3 }, () => {
  const { output } = inTerminal(shell, [
    { type: `${quoted('run', 'sh', '-c', 'sleep 0.5; echo ready; sleep 60')}${ENTER}` },
    { expect: 'ready\r' },
    { type: CTRL_C },
    { expect: '[#$] $' },
    { type: `echo "code=$?"; exit${ENTER}` },
  ]);
  expect(output).toContain('code=130\n');
});

test('Ctrl-\\ ends the command and ns, and a shell sees 131', () => {
  const { output } = inTerminal(shell, [
    { type: `ulimit -c 0; ${quoted('run', 'sh', '-c', 'echo ready; sleep 60')}${ENTER}` },
    { expect: 'ready\r' },
    { type: CTRL_BACKSLASH },
    { expect: '[#$] $' },
    { type: `echo "code=$?"; exit${ENTER}` },
  ]);
  expect(output).toContain('code=131\n');
});

test('a command that handles Ctrl-C gets it once, and ns waits for it', () => {
  const script =
    'trap "echo interrupted" INT; echo ready; for i in 1 2 3 4 5 6; do sleep 0.1; done; exit 7';
  const { output, status } = inTerminal(words('run', 'bash', '-c', script), [
    { expect: 'ready' },
    { type: CTRL_C },
  ]);
  expect(output.match(/interrupted/g)).toHaveLength(1);
  expect(status).toBe(7);
});

test('Ctrl-Z stops the command and ns, fg continues them', () => {
  const script = 'echo ready; read line; echo "line=$line"';
  const { output } = inTerminal(shell, [
    { type: `${quoted('run', 'sh', '-c', script)}${ENTER}` },
    { expect: 'ready\r' },
    { type: CTRL_Z },
    { expect: 'Stopped' },
    { expect: '[#$] $' },
    { type: `jobs; fg${ENTER}` },
    { expect: 'Stopped(.|\\n)*echo "line=' },
    { type: `word${ENTER}` },
    { expect: 'line=word' },
    { type: `echo "code=$?"; exit${ENTER}` },
  ]);
  expect(output).toContain('code=0\n');
});

test('a command in the background continues, and fg brings it to the foreground', () => {
  const { output } = inTerminal(shell, [
    { type: `${quoted('run', 'sh', '-c', 'read line; echo "line=$line"')} &${ENTER}` },
    { type: `until jobs | grep -q Stopped; do sleep 0.1; done; jobs${ENTER}` },
    { expect: '\\[1\\]\\+ +Stopped' },
    { expect: '[#$] $' },
    { type: `fg${ENTER}` },
    { expect: 'fg\r\n.*echo' },
    { type: `word${ENTER}` },
    { expect: 'line=word' },
    { type: `exit${ENTER}` },
  ]);
  expect(output).toContain('line=word');
});

test('an interactive shell inside has job control', () => {
  const { output, status } = inTerminal(words('run', '--', ...shell), [
    { expect: '[#$] $' },
    { type: `sh -c 'echo up; read line'${ENTER}` },
    { expect: '\nup\r\n' },
    { type: CTRL_Z },
    { expect: 'Stopped' },
    { type: `exit 5${ENTER}` },
    { expect: 'There are stopped jobs' },
    { expect: '[#$] $' },
    { type: `exit 5${ENTER}` },
  ]);
  expect(output).not.toContain('no job control');
  expect(status).toBe(5);
});
