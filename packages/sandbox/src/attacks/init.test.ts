// Attacks on PID 1 by tracing it: it must not have more than a command, nor act for one.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { SandboxOptions } from '../options/types.js';
import { run } from '../run.js';
import { box } from '../sandbox.testing.js';

const TRACER = readFileSync(join(import.meta.dirname, 'fixtures/tracer.py'), 'utf8');

const refused = [
  'refused: Operation not permitted',
  ...['mem', 'environ', 'maps', 'fd/0', 'root/'].map((name) => `${name} Permission denied`),
].join('\n');

const traced = async (options: SandboxOptions) => {
  const staying = await box(options);
  const inside = await staying.run('python3', ['-c', TRACER], { reject: false });
  const alone = await run('python3', ['-c', TRACER], { ...options, reject: false });
  return [inside.stdout.trim(), alone.stdout.trim()];
};

test.each<SandboxOptions>([
  {},
  { capabilities: ['cap_sys_ptrace'] },
  { user: 'root', capabilities: ['cap_sys_ptrace'] },
  { user: 'root', capabilities: 'all' },
  { capabilities: ['cap_sys_ptrace'], newPrivileges: true, seccomp: false },
])('a command with %j cannot trace PID 1', async (options) => {
  expect(await traced(options)).toEqual([refused, refused]);
});

test('PID 1 has the filter and no_new_privs of the commands', async () => {
  // It limits itself when the command has begun, and cannot be traced by anything until then.
  const script = `for i in $(seq 200); do
      grep -qE "^Seccomp:.2" /proc/1/status && break; sleep 0.01
    done
    grep -E "^(NoNewPrivs|Seccomp):" /proc/1/status`;
  const look = async (options: SandboxOptions) => {
    const staying = await box(options);
    const inside = await staying.run('sh', ['-c', script]);
    const alone = await run('sh', ['-c', script], options);
    return [inside.stdout, alone.stdout];
  };
  const all = 'NoNewPrivs:\t1\nSeccomp:\t2\n';
  expect(await look({})).toEqual([all, all]);
  expect(await look({ capabilities: 'all' })).toEqual([all, all]);
  const none = 'NoNewPrivs:\t0\nSeccomp:\t0\n';
  expect(await look({ newPrivileges: true, seccomp: false })).toEqual([none, none]);
});

test('cap_sys_admin gives away what is covered, as the documents say', async ({ skip }) => {
  const script = 'umount /root 2>&1 && echo uncovered';
  const sandbox: SandboxOptions = { user: 'root' };
  const { stdout } = await run('sh', ['-c', script], { ...sandbox, reject: false });
  skip(stdout.includes('not mounted'), '/root is not covered here');
  expect(stdout).not.toContain('uncovered');
  const given = { ...sandbox, capabilities: ['cap_sys_admin'] as const, reject: false };
  expect((await run('sh', ['-c', script], given)).stdout).toBe('uncovered\n');
});
