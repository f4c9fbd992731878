// Runs tests as on a machine that is in use: `node busy.mjs [vitest options]`.
//
// The surroundings are those that people have: a low priority, a strict or an open umask, small or
// large limits, a temporary directory with an unusual name, no HOME, another language and time zone,
// and programs that make and end namespaces meanwhile. Without files, those run that look at them.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './reports.mjs';

const files = [
  'packages/cli/src/start/launch.test.ts',
  'packages/core/src/child/process-attributes.test.ts',
  'packages/core/src/discovery/discover.test.ts',
  'packages/core/src/namespaces/list.test.ts',
  'packages/mount/src/rootfs/rootfs.test.ts',
  'packages/pid/src/list-processes.test.ts',
  'packages/sandbox/src/build/root/placeholder.test.ts',
  'packages/user/src/ranges.user.test.ts',
];

/** @type {{ [name: string]: { shell: string, env: NodeJS.ProcessEnv } }} */
const surroundings = {
  'a strict umask, low limits, no HOME': {
    shell: 'umask 077; ulimit -n 256; ulimit -u 2000; exec nice -n 10 "$@"',
    env: { HOME: undefined, LANG: 'de_DE.UTF-8', TZ: 'Asia/Kathmandu' },
  },
  'an open umask, high limits': {
    shell: 'umask 000; ulimit -n "$(ulimit -H -n)"; ulimit -c unlimited; exec nice -n 10 "$@"',
    env: { LC_ALL: 'C', TZ: 'America/St_Johns' },
  },
};

const args = process.argv.slice(2);
const wanted = args.some((arg) => arg.endsWith('.test.ts')) ? args : [...files, ...args];

// The unusual name is below a plain one that is new: a script that forgets the quotes then removes
// `/tmp/ns-busy-…/with` at most, and never what stands on the machine.
const own = mkdtempSync('/tmp/ns-busy-');
const temporary = join(own, 'with blanks and ü');
mkdirSync(temporary);
// Others must reach what the ordinary user has in there.
chmodSync(own, 0o755);
chmodSync(temporary, 0o1777);
// It ends with this process, also when that is killed.
const loop = 'while kill -0 "$PPID" 2>/dev/null; do unshare -Urn true; sleep 0.1; done';
const churn = spawn('sh', ['-c', loop], {
  stdio: 'ignore',
});
process.on('SIGINT', () => {});
try {
  for (const [name, { shell, env }] of Object.entries(surroundings)) {
    console.log(`\nwith ${name}`);
    const { status } = spawnSync(
      'sh',
      ['-c', shell, 'sh', process.execPath, join(root, 'tools/test/run.mjs'), ...wanted],
      {
        cwd: root,
        env: {
          ...process.env,
          NS_TEST_SLOWNESS: '3',
          TMPDIR: temporary,
          NS_TEST_RESULTS: join(root, 'tools/test/tmp/busy', name),
          ...env,
        },
        stdio: 'inherit',
      },
    );
    if (status !== 0) process.exitCode = 1;
  }
} finally {
  churn.kill();
  await once(churn, 'exit');
  rmSync(own, { recursive: true });
}
