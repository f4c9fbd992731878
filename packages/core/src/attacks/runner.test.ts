// The executable of PID 1 belongs to the caller, and a command below it can reach it: SECURITY.md S7.
import { expect, test } from 'vitest';
import { hold } from '../commands/hold.js';
import { run } from '../commands/run.js';
import { spawn } from '../commands/spawn.js';
import { rootMap, withInit } from '../testing/eight-namespaces.js';

const namespaces = [rootMap, withInit];

/** Works on the executable of its init, says how far it came, and stays. */
const attack = `
import fcntl, os, re, sys
init = '/proc/%s/exe' % re.search(r'^PPid:\\s+(\\d+)', open('/proc/self/status').read(), re.M)[1]
done = []
for name, act in [
    ('write', lambda: os.open(init, os.O_RDWR)),
    ('truncate', lambda: os.truncate(init, 0)),
    ('lease', lambda: fcntl.fcntl(os.open(init, os.O_RDONLY), fcntl.F_SETLEASE, fcntl.F_RDLCK)),
    ('lock', lambda: fcntl.flock(os.open(init, os.O_RDONLY), fcntl.LOCK_EX)),
    ('no read', lambda: os.chmod(init, 0o111)),
    ('no execute', lambda: os.chmod(init, 0)),
]:
    try:
        act()
        done.append(name)
    except OSError:
        pass
print(done, flush=True)
sys.stdin.read()
`;

test('a command that works on the executable of its init does not keep its caller from starting others', async () => {
  await using enemy = await spawn('python3', ['-c', attack], { namespaces });
  const line = await enemy.lines[Symbol.asyncIterator]().next();
  // It is its own, so some of that is permitted, and would reach every other child if they shared it.
  expect(line.value).toContain('no read');
  expect(line.value).not.toContain('truncate');
  for (let i = 0; i < 3; i++) {
    await run('true', [], { namespaces });
    await run('true', [], { namespaces: [rootMap], uid: 0, gid: 0 });
    await using _held = await hold({ namespaces });
  }
});
