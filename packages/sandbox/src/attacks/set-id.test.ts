// Attacks by programs that are left behind in a path of the host, for others to run.
import { test } from 'vitest';
import { outside } from '../sandbox.testing.js';
import { expectToWithstand } from './attack.testing.js';

test('no program is left behind that runs as the user of the sandbox', async () => {
  const directory = outside();
  await expectToWithstand({
    script: `cp /bin/true ${directory}/program; chmod 4755 ${directory}/program; find ${directory} -perm /4000`,
    success: /program$/m,
    sandbox: { writable: [directory] },
    open: { writable: [directory], seccomp: false },
  });
});
