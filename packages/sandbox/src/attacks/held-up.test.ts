// Attacks that hold the caller up: leases, paths that are renamed all the time, processes by the hundred
// (SECURITY.md S5, S6).
import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { spawn } from '@ns/core';
import { mount } from '@ns/mount';
import { pid } from '@ns/pid';
import { user } from '@ns/user';
import { expect, onTestFinished, test } from 'vitest';
import { attach } from '../attach.js';
import { box, sh } from '../sandbox.testing.js';

test('files.read fails at once for a file with a lease, and keeps no thread of libuv', async () => {
  const made = await box({ seccomp: false }); // the filter refuses leases
  // F_SETLEASE, F_WRLCK.
  const script = `open(my $f, "+>", "/tmp/leased") or die; $SIG{IO} = "IGNORE";
    fcntl($f, 1024, 1) or do { print "refused\\n"; exit }; $| = 1; print "up\\n"; sleep 600`;
  const child = await made.spawn('perl', ['-e', script]);
  for await (const line of child.lines) if (line === 'up') break;
  const reads = Array.from({ length: 6 }, () => made.files.read('/tmp/leased'));
  await stat('/');
  for (const result of await Promise.allSettled(reads)) {
    expect(result).toMatchObject({
      reason: { code: 'EAGAIN', hint: expect.stringContaining('lease') },
    });
  }
  expect(await made.files.list('/tmp')).toContainEqual({ name: 'leased', type: 'file' });
});

test.each([
  ['the caller', {}, 300],
  ['a child', { newPrivileges: true }, 60],
] as const)(
  'files resolves paths by %s while all is renamed all the time',
  async (_by, options, rounds) => {
    const made = await box(options);
    await sh(made, 'mkdir -p /tmp/a/b; echo x > /tmp/a/c');
    const swap =
      'mkdir "/tmp/x"; $| = 1; print "up\\n"; while (1) { rename "/tmp/x", "/tmp/y"; rename "/tmp/y", "/tmp/x" }';
    const child = await made.spawn('perl', ['-e', swap]);
    for await (const line of child.lines) if (line === 'up') break;
    for (let i = 0; i < rounds; i++) {
      const path = `/tmp/a/${'b/../'.repeat(30)}c`;
      expect(await made.files.read(path, { encoding: 'utf8' })).toBe('x\n');
    }
  },
  60_000,
);

/** Runs a module on the built package, with few descriptors. */
async function withFewDescriptors(script: string): Promise<string> {
  const built = new URL('../../dist/index.js', import.meta.url).href;
  const module = `import { sandbox } from ${JSON.stringify(built)}; ${script}`;
  const limited = 'ulimit -n 200; exec "$0" --input-type=module -e "$1"';
  const { stdout } = await promisify(execFile)('sh', ['-c', limited, process.execPath, module]);
  return stdout;
}

const manyThatIgnore = 'trap "" TERM; for i in $(seq 250); do sleep 600 & done; echo up; wait';

test('stop({ grace }) ends a sandbox with more processes than the caller may have descriptors', async () => {
  const stdout = await withFewDescriptors(`
    const box = await sandbox.create();
    const child = await box.spawn('sh', ['-c', ${JSON.stringify(manyThatIgnore)}]);
    for await (const line of child.lines) if (line === 'up') break;
    await box.stop({ grace: 300 });
    await box.stop();
    console.log('stopped', (await box.exited).signal);
  `);
  expect(stdout).toBe('stopped SIGKILL\n');
}, 60_000);

test('stop({ grace }) kills although the process has run out of descriptors, and reports that once', async () => {
  const stdout = await withFewDescriptors(`
    const { openSync, closeSync } = await import('node:fs');
    const box = await sandbox.create();
    const opened = [];
    try { for (;;) opened.push(openSync('/dev/null')); } catch {}
    const error = await box.stop({ grace: 300 }).catch((error) => error);
    console.log(error?.code, (await box.exited).signal);
    opened.forEach(closeSync);
    await box.stop();
    console.log('stopped');
  `);
  expect(stdout).toBe('EMFILE SIGKILL\nstopped\n');
}, 60_000);

test('files of a container are the same by way of a child, whatever they are called', async () => {
  const namespaces = [user(), mount({ mounts: [{ type: 'tmpfs', target: '/mnt' }] }), pid()];
  const child = await spawn('sleep', ['600'], { namespaces, stdio: 'ignore' });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await child.exited;
  });
  const there = await attach(child.pid);
  onTestFinished(() => there.stop());
  const name = Buffer.from('evil\xff\n', 'latin1');
  const path = Buffer.concat([Buffer.from('/mnt/'), name]);
  const content = Buffer.alloc(3 * 2 ** 20 + 7, 'content');
  await there.files.write(path, content, { mode: 0o640 });
  expect((await there.files.read(path)).equals(content)).toBe(true);
  await expect(there.files.read(path, { maxBytes: 100 })).rejects.toThrow('more than 100 bytes');
  await there.files.write(path, '');
  expect(await there.files.read(path)).toEqual(Buffer.alloc(0));
  expect(await sh(there, 'stat -c %a /mnt/evil*; mkfifo /mnt/fifo; ln -s /etc /mnt/link')).toBe(
    '644',
  );
  await expect(there.files.read('/mnt/fifo')).rejects.toThrow('not a regular file');
  await expect(there.files.read('/mnt/none')).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(there.files.write('/mnt/link/x/y', '')).rejects.toMatchObject({ code: 'ENOENT' });
  await sh(
    there,
    'cd /mnt; mkdir many; cd many; i=0; while [ $i -lt 3000 ]; do : > a-long-name-of-a-file-$i; i=$((i+1)); done',
  );
  expect(new Set((await there.files.list('/mnt/many')).map((one) => one.name)).size).toBe(3000);
  const listed = await there.files.list('/mnt');
  expect(listed).toContainEqual({ name, type: 'file' });
  expect(listed).toContainEqual({ name: 'fifo', type: 'other' });
  expect(listed).toHaveLength(4);
});
