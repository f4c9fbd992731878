// Root in a rootless container watches for processes that join, to take over their memory (the class of
// CVE-2016-9962). It must never find the memory of this process: SECURITY.md S7.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Namespace } from '../namespaces/namespace.js';
import { Program } from '../program/program.js';
import type { NamespaceSpec } from '../program/spec.js';
import { CLONE } from '../sys/flags.js';
import { rootMap } from '../testing/eight-namespaces.js';
import { runProgramSync } from './run-program.js';
import { runSync } from './run-sync.js';
import { spawn } from './spawn.js';

const watcher = readFileSync(join(import.meta.dirname, 'fixtures/watcher.py'), 'utf8');

/** Holds the child for a moment where a hostile process could act. */
function pause(): Uint8Array {
  return new Uint8Array(BigInt64Array.of(0n, 30_000_000n).buffer);
}

const slowly: NamespaceSpec = {
  type: 'uts',
  prepare: (child) => {
    child.program('settings').call('nanosleep', pause(), null);
  },
};

/** A child that joins while it still shares our memory: what spawn never makes. */
function unprotected(fd: number): Program {
  const program = new Program();
  program.call('setns', program.descriptor(fd), CLONE.NEWUSER);
  program.call('nanosleep', pause(), null);
  return program;
}

test('who is root in a joined container never gets at the memory of this process or of the runner', async () => {
  expect(readFileSync('/proc/self/maps', 'utf8')).toContain('node');
  const hostile = await spawn('python3', ['-c', watcher], { namespaces: [rootMap] });
  let reported = '';
  hostile.stdout?.on('data', (chunk: Buffer) => {
    reported += chunk.toString();
  });
  try {
    while (!reported.includes('watching')) await once(hostile.stdout as Readable, 'data');
    using user = Namespace.of(hostile.pid, 'user');
    for (let i = 0; i < 20; i++) {
      // With a time namespace it is dumpable for a moment, before it sleeps.
      const clock: NamespaceSpec[] = i % 2 === 0 ? [] : [{ type: 'time' }];
      runSync('true', [], { namespaces: [user, slowly, ...clock] });
      await turn(); // to hear what it reports
    }
    expect(reported).toBe('watching\n');

    // Without the runner it would: the watcher can see, the rule is what stops it.
    // On a busy machine it may look too late, so it gets as many chances as it needs.
    while (!reported.includes('opened node')) {
      runProgramSync(unprotected(user.fd));
      await turn(); // to hear what it reports
    }
  } finally {
    hostile.kill('SIGKILL');
    await hostile.exited;
  }
});
