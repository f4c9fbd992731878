// What is missing where the machine's settings forbid it: in a child that has them for itself.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run } from '../commands/run.js';
import type { Program } from '../program/program.js';

const core = join(import.meta.dirname, '../../dist/index.js');
const script = `import(${JSON.stringify(core)}).then(({ features }) => console.log(JSON.stringify(features())))`;

test('features reports the limits of a user namespace, and their consequences', async () => {
  // The limits are the new user namespace's own.
  const settings = {
    type: 'user' as const,
    prepare(child: { program(phase: 'user'): Program }) {
      const program = child.program('user');
      const steps = [
        ['/proc/self/setgroups', 'deny'],
        ['/proc/self/uid_map', '0 0 1'],
        ['/proc/self/gid_map', '0 0 1'],
        ['/proc/sys/user/max_net_namespaces', '0'],
      ] as const;
      for (const [path, text] of steps) {
        const fd = program.call('openat', -100, path, 1, 0);
        program.call('write', fd, Buffer.from(text), text.length);
        program.call('close', fd);
      }
    },
  };
  const { stdout } = await run(process.execPath, ['-e', script], { namespaces: [settings] });
  const found = JSON.parse(stdout) as Record<string, { available: boolean; reason?: string }>;
  expect(found.netNamespaces).toMatchObject({
    available: false,
    reason: 'user.max_net_namespaces is 0',
    cure: 'sysctl user.max_net_namespaces=15000',
    limit: 0,
  });
  expect(found.utsNamespaces?.available).toBe(true);
  expect(found.rootlessNamespaces?.reason).toMatch(/net namespace .* ENOSPC/);
  expect(found.unprivilegedUserNamespaces?.reason).toMatch(/cannot be tried/);
});
