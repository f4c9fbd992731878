// Attacks by names: paths that read like a part of the sandbox, which is optional or the command's.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Namespace } from '@ns/core';
import { expect, test } from 'vitest';
import { createSandbox } from '../create-sandbox.js';
import { run } from '../run.js';
import { outside } from '../sandbox.testing.js';
import { isSandboxError } from '../sandbox-error.js';

const optional = ['time', 'cgroup', 'ipc', 'uts', 'limits'] as const;

/** Names that the steps of other parts have in their texts. */
const names = [
  ...['srv/ids', 'srv/cgroup', 'srv/clock'],
  ...['ids', 'user namespace', 'capabilities', 'keyring', 'loopback', 'clock', 'offset'],
  ...['hostname', 'domain name', 'cgroup', 'late-cgroup-15', 'rlimits', 'seccomp'],
  'changing the working directory',
];

/** The part of the error with which no sandbox is made. */
async function refusedPart(make: () => Promise<unknown>): Promise<string | undefined> {
  const error = await make().then(
    () => new Error('it was made'),
    (reason: unknown) => reason,
  );
  return isSandboxError(error) ? error.part : String(error);
}

test.each(names)(
  'a bind source named %j that is not there is refused as part mount',
  async (name) => {
    const source = join(outside(), name);
    const mounts = [{ type: 'bind', source, target: '/srv' } as const];
    expect(await refusedPart(() => createSandbox({ mounts, optional }))).toBe('mount');
    expect(await refusedPart(() => run('true', [], { mounts, optional }))).toBe('mount');
  },
);

test.each(names)(
  'a working directory named %j that is not there is an error of the command',
  async (name) => {
    const workdir = join('/tmp', name);
    const failed = run('true', [], { workdir, optional });
    await expect(failed).rejects.toMatchObject({ code: 'ENOENT', part: 'command' });
    await expect(failed).rejects.not.toSatisfy(isSandboxError);
  },
);

test.each([...['late-cgroup-15', 'ids', 'cgroup', 'clock', 'changing the working directory']])(
  'a bind source named %j that appears late costs a sandbox none of its parts',
  async (name) => {
    const source = join(outside(), name);
    const mounts = [{ type: 'bind', source, target: '/srv' } as const];
    using own = Namespace.current('cgroup');
    for (let i = 0; i < 8; i++) {
      // Not there when the first attempt looks for it, and there for a second one.
      const appears = setTimeout(() => mkdirSync(source), i % 8);
      try {
        const box = await createSandbox({ mounts, optional });
        const { cgroup } = box.namespaces;
        expect(cgroup?.equals(own)).toBe(false);
        expect(Object.keys(box.namespaces)).toHaveLength(8);
        expect(box.report.missing).toEqual([]);
        await box.stop();
      } catch (error) {
        expect(error).toMatchObject({ part: 'mount' });
      }
      clearTimeout(appears);
      rmSync(source, { recursive: true, force: true });
    }
  },
  60_000,
);

test('an optional part that is refused is reported with its error, and is the only one', async ({
  skip,
}) => {
  const box = await createSandbox({ limits: { cpus: 1 }, optional });
  const { missing, limits } = box.report;
  const types = Object.keys(box.namespaces).sort();
  await box.stop();
  skip(limits.cpus?.keeper === 'cgroup', 'the limit can be kept here');
  expect(missing).toEqual([
    { part: 'limits', reason: expect.stringContaining('limits.cpus needs a cgroup') },
  ]);
  expect(types).toHaveLength(8);
});
