// A child on a pseudo-terminal.
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { spawn } from '../commands/spawn.js';
import type { NamespaceProcess } from '../process/namespace-process.js';
import type { NamespaceSpec } from '../program/spec.js';
import type { Terminal } from './terminal.js';

async function output(child: NamespaceProcess): Promise<string> {
  let text = '';
  for await (const chunk of child.terminal ?? []) text += chunk;
  return text;
}

test('the command has a controlling terminal of the size asked for', async () => {
  const child = await spawn(
    'sh',
    ['-c', 'tty; stty size; test -t 0 && test -t 1 && test -t 2 && echo all < /dev/tty'],
    {
      terminal: { columns: 101, rows: 37 },
    },
  );
  const text = await output(child);
  expect(text).toMatch(/^\/dev\/pts\/\d+\r\n37 101\r\nall\r\n$/);
  expect((await child.exited).code).toBe(0);
});

test('terminal passes input, Ctrl-C as SIGINT, and a new size as SIGWINCH', async () => {
  const script = [
    'trap "stty size; exit 3" WINCH',
    'trap "echo interrupted" INT',
    'echo ready; read line; echo "got $line"',
    'while :; do sleep 0.02; done',
  ].join('; ');
  const child = await spawn('bash', ['-c', script], { terminal: true });
  const closed = once(child, 'close');
  let text = '';
  child.terminal?.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  const until = async (wanted: string) => {
    while (!text.includes(wanted)) await once(child.terminal as Terminal, 'data');
  };
  await until('ready');
  child.terminal?.write('hello\n');
  await until('got hello');
  child.terminal?.write('\x03');
  await until('interrupted');
  child.terminal?.resize({ columns: 90, rows: 30 });
  await until('30 90');
  await closed;
  expect(child.exitCode).toBe(3);
});

test('it is a session of its own: nothing leads to a terminal of the caller', async () => {
  const child = await spawn('cat', ['/proc/self/stat'], { terminal: true });
  const [pid, , , , , session] = (await output(child)).replace(/\(.*\)/, 'x').split(' ');
  expect(session).toBe(pid);
});

test('below our init it is the command that leads the session', async ({ skip }) => {
  skip(process.getuid?.() !== 0, 'a pid namespace alone needs root');
  const withInit: NamespaceSpec = { type: 'pid', prepare: (child) => child.useInit() };
  const child = await spawn('sh', ['-c', 'tty; exit 5'], {
    terminal: true,
    namespaces: [withInit],
  });
  expect(await output(child)).toMatch(/^\/dev\/pts\//);
  expect((await child.exited).code).toBe(5);
});

test('a great deal of output arrives whole', async () => {
  const child = await spawn('seq', ['1', '50000'], { terminal: true });
  const lines = (await output(child)).split('\r\n');
  expect(lines).toHaveLength(50001);
  expect(lines[49999]).toBe('50000');
});

test('a wrong size is refused before anything is opened', async () => {
  await expect(spawn('true', [], { terminal: { columns: -1 } })).rejects.toThrow(RangeError);
  await expect(spawn('true', [], { terminal: true, stdio: 'ignore' })).rejects.toThrow(TypeError);
});
