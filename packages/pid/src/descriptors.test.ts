// A process whose descriptors run out goes on watching.
import { join } from 'node:path';
import { getgid, getuid } from 'node:process';
import { run } from '@ns/core';
import { expect, test } from 'vitest';

const dist = (name: string) => join(import.meta.dirname, `../../${name}/dist/index.js`);

/** Runs on the built packages, in a process that may have few descriptors. */
const script = `
import { closeSync, openSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { spawn } from ${JSON.stringify(dist('core'))};
import { pid, watchProcesses } from ${JSON.stringify(dist('pid'))};

const owner = {
  type: 'user',
  prepare(child) {
    const program = child.program('user');
    const files = { setgroups: 'deny', uid_map: '0 ${getuid?.()} 1', gid_map: '0 ${getgid?.()} 1' };
    for (const [name, text] of Object.entries(files)) {
      const fd = program.call('openat', -100, '/proc/self/' + name, 1, 0);
      program.call('write', fd, text, text.length);
      program.call('close', fd);
    }
  },
};
const command = 'read x; sleep 1000 & read x; kill $!; wait; read x';
const child = await spawn('sh', ['-c', command], {
  namespaces: [...(process.getuid() === 0 ? [] : [owner]), pid()],
  stdio: ['pipe', 'inherit', 'inherit'],
});
const changes = [];
const watch = watchProcesses((change) => changes.push(change), { in: child.pid, interval: 5 });
const until = async (kind) => { while (changes.every((one) => one.kind !== kind)) await delay(5); };

const taken = [];
const takeAll = () => { try { for (;;) taken.push(openSync('/dev/null')); } catch {} };
takeAll();
child.stdin.write('\\n');
await until('lost');
for (const fd of taken.splice(0)) closeSync(fd);
await until('birth');
takeAll();
child.stdin.write('\\n');
await until('death');
for (const fd of taken.splice(0)) closeSync(fd);
watch.close();
await child[Symbol.asyncDispose]();
console.log(JSON.stringify(changes.map(({ kind, error }) => [kind, error?.code])));
`;

test('want of descriptors is told once, and made up for when there are some again', async () => {
  const limited = 'ulimit -n 64; exec "$@"';
  const words = [process.execPath, '--input-type=module', '-e', script];
  const { stdout } = await run('sh', ['-c', limited, 'sh', ...words]);
  const [lost, birth, ...others] = JSON.parse(stdout);
  expect(lost).toEqual(['lost', 'EMFILE']);
  expect(birth).toEqual(['birth', null]);
  expect(others).toContainEqual(['death', null]);
});
