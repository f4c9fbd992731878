import { readFileSync } from 'node:fs';
import { explainSpawn, isRunError, type NamespaceSpec, run } from '@ns/core';
import { expect, test } from 'vitest';
import { owner } from './owner.testing.js';
import { pid } from './spec.js';

const mounts: NamespaceSpec = { type: 'mount' };

async function output(script: string, namespaces: NamespaceSpec[]): Promise<string> {
  const { stdout } = await run('sh', ['-c', script], { namespaces: [...owner, ...namespaces] });
  return stdout.trim();
}

test('pid makes the command the child of init, which is PID 1', async () => {
  expect(await output('echo $$ $PPID', [pid()])).toBe('2 1');
});

test('pid with init: none makes the command PID 1', async () => {
  expect(await output('echo $$ $PPID', [pid({ init: 'none' })])).toBe('1 0');
});

test('pid mounts a new /proc for its processes only', async () => {
  const procs = () =>
    readFileSync('/proc/self/mounts', 'utf8').match(/^\S+ \/proc proc .*$/gm)?.length;
  const before = procs();
  const text = await output('echo /proc/[0-9]*; cat /proc/1/comm; grep " /proc " /proc/mounts', [
    mounts,
    pid(),
  ]);
  const [pids, init, ...lines] = text.split('\n');
  expect(pids).toBe('/proc/1 /proc/2');
  expect(init).toBe('ns-runner');
  expect(lines.at(-1)).toMatch(/^proc \/proc proc \S*nosuid,nodev,noexec/);
  expect(procs()).toBe(before);
});

test('pid leaves /proc without a mount namespace, or with proc: false', async () => {
  for (const namespaces of [[pid()], [mounts, pid({ proc: false })]]) {
    // /proc/self is a dangling link for a process that the mounted /proc does not show.
    expect(await output('readlink /proc/self || echo stranger', namespaces)).not.toMatch(
      /^[12345]$/,
    );
  }
});

test('pid with proc: true needs a new mount namespace', async () => {
  const options = { namespaces: [pid({ proc: true })] };
  await expect(run('true', [], options)).rejects.toThrow(TypeError);
  expect(() => explainSpawn('true', [], options)).toThrow(/mount namespace/);
});

test('init ends with the exit code or signal of the command', async () => {
  const namespaces = [...owner, pid()];
  const coded = await run('sh', ['-c', 'exit 7'], { namespaces }).catch((error) => error);
  expect(isRunError(coded) && coded.exitCode).toBe(7);
  const killed = await run('sh', ['-c', 'kill -USR1 $$'], { namespaces }).catch((error) => error);
  expect(isRunError(killed) && killed.signal).toBe('SIGUSR1');
});

test('explainSpawn shows the mount of /proc', () => {
  const text = explainSpawn('true', [], { namespaces: [mounts, pid()] });
  expect(text).toContain('mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL)');
  expect(text).toContain('unshare(CLONE_NEWNS | CLONE_NEWPID)');
});
