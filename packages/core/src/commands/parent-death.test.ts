// killWithParent: the child ends when its parent does, however that happens.
import { type ChildProcess, spawn as nodeSpawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const core = join(import.meta.dirname, '../../dist/index.js');

function running(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return false;
  }
}

async function gone(pid: number): Promise<boolean> {
  for (let i = 0; i < 500 && running(pid); i++) await new Promise((r) => setTimeout(r, 10));
  return !running(pid);
}

/** A Node process that spawns a child and prints its pid. */
async function parent(options: string): Promise<{ parent: ChildProcess; child: number }> {
  const script = `
    import { spawn } from ${JSON.stringify(core)};
    const uid = process.getuid(), gid = process.getgid();
    const user = { type: 'user', prepare(child) {
      const program = child.program('user');
      for (const [file, text] of [['setgroups', 'deny'], ['uid_map', '0 ' + uid + ' 1'], ['gid_map', '0 ' + gid + ' 1']]) {
        const fd = program.call('openat', -100, '/proc/self/' + file, 1);
        program.call('write', fd, text, text.length);
        program.call('close', fd);
      }
    } };
    const init = { type: 'pid', prepare: (child) => child.useInit() };
    const child = await spawn('sleep', ['100'], { stdio: 'ignore', ${options} });
    console.log(child.pid);
  `;
  const process = nodeSpawn(globalThis.process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const pid = await new Promise<number>((resolve) => {
    process.stdout?.once('data', (chunk: Buffer) => resolve(Number(chunk)));
  });
  return { parent: process, child: pid };
}

test.each([
  ['a direct child', ''],
  ['a child with another identity', 'uid, gid,'],
  ['an init with its command', 'namespaces: [user, init],'],
])('%s ends when its parent is killed', async (_name, options) => {
  const { parent: killed, child } = await parent(`killWithParent: true, ${options}`);
  expect(running(child)).toBe(true);
  killed.kill('SIGKILL');
  expect(await gone(child)).toBe(true);
});

test('without it, a child goes on', async () => {
  const { parent: killed, child } = await parent('');
  killed.kill('SIGKILL');
  await new Promise((resolve) => killed.once('exit', resolve));
  expect(running(child)).toBe(true);
  process.kill(child, 'SIGKILL');
  expect(await gone(child)).toBe(true);
});
