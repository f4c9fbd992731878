import { readFileSync, readlinkSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Namespace } from '../namespaces/namespace.js';
import { rootMap } from '../testing/eight-namespaces.js';
import { hold } from './hold.js';
import { run } from './run.js';

test('a held child keeps its namespaces, in which others are run', async () => {
  await using held = await hold({ namespaces: [rootMap, { type: 'uts' }, { type: 'pid' }] });
  expect(readFileSync(`/proc/${held.pid}/status`, 'utf8')).toMatch(/^NSpid:.*\s1$/m);
  const types = ['user', 'uts', 'pid'] as const;
  const namespaces = types.map((type) => Namespace.fromPidfd(held.pidfd, type));
  const { stdout } = await run('readlink', ['/proc/self/ns/uts'], { namespaces });
  expect(stdout.trim()).toBe(readlinkSync(`/proc/${held.pid}/ns/uts`));
  for (const one of namespaces) one.close();
});

test('a held child ends when it is killed', async () => {
  const held = await hold({ namespaces: [rootMap] });
  held.kill('SIGKILL');
  expect((await held.exited).signal).toBe('SIGKILL');
});

test('calls are added to the child of a command that joins', async () => {
  const { stdout } = await run('grep', ['NoNewPrivs', '/proc/self/status'], {
    prepare: (child) => {
      child.program('credentials').call('prctl', 38 /* PR_SET_NO_NEW_PRIVS */, 1, 0, 0, 0);
    },
  });
  expect(stdout).toBe('NoNewPrivs:\t1\n');
  await expect(run('true', [], { prepare: 1 as never })).rejects.toThrow('prepare must be');
});

test('run calls onSpawn with the child as soon as it runs', async () => {
  let pid = 0;
  const { stdout } = await run('sh', ['-c', 'echo $$'], {
    onSpawn: (child) => {
      pid = child.pid;
    },
  });
  expect(pid).toBe(Number(stdout));
});
