// Attacks on what is around: the terminal, sockets of the host, output, the end of the caller.
import { spawn as spawnNode } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { Cgroup } from '@ns/cgroup';
import { spawn } from '@ns/core';
import { seededRandom } from '@ns/core/testing';
import { expect, onTestFinished, test } from 'vitest';
import { run } from '../run.js';
import { expectToWithstand } from './attack.testing.js';

const builtOf = (name: string) => new URL(`../../../${name}/dist/index.js`, import.meta.url).href;
const module = builtOf('sandbox');

test('abstract sockets of the host cannot be reached', async () => {
  const name = `ns-attack-${process.pid}`;
  const server = createServer((socket) => socket.end('hello')).listen(`\0${name}`);
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
  const script = `perl -MSocket -e '
    socket my $s, AF_UNIX, SOCK_STREAM, 0;
    # Names are padded by some versions of Node, and not by others.
    for my $form ("S a*", "S a108") { connect($s, pack($form, AF_UNIX, "\\0${name}")) and print "connected ", <$s> }'`;
  await expectToWithstand({ script, success: /connected/, open: { network: 'host' } });
});

test('nothing can be typed into the terminal of the caller', async ({ skip }) => {
  skip(
    !existsSync('/proc/sys/dev/tty/legacy_tiocsti') ||
      readFileSync('/proc/sys/dev/tty/legacy_tiocsti', 'utf8').trim() !== '1',
    'this kernel refuses to type into terminals',
  );
  const TIOCSTI = 0x5412;
  const attack = `perl -e 'my $c = "x"; print ioctl(STDIN, ${TIOCSTI}, $c) ? "typed" : "refused: $!"'`;
  // The caller has a terminal, on which it runs the attack without and with a sandbox.
  const caller = `
    const { sandbox } = await import(${JSON.stringify(module)});
    const { run } = await import(${JSON.stringify(builtOf('core'))});
    const args = ['-c', ${JSON.stringify(attack)}];
    const stdio = ['inherit', 'pipe', 'pipe'];
    console.log('plain', (await run('sh', args, { stdio })).stdout);
    console.log('boxed', (await sandbox.run('sh', args, { stdio })).stdout);
    process.exit();`;
  const child = await spawn(process.execPath, ['--input-type=module', '-e', caller], {
    terminal: true,
  });
  let output = '';
  child.terminal?.on('data', (chunk) => {
    output += String(chunk);
  });
  await once(child, 'close');
  expect(output).toMatch(/plain typed/);
  expect(output).toMatch(/boxed refused/);
});

/** A process that makes sandboxes, one after the other, and tells the pids of what is in them. */
function caller() {
  const source = `
    import { sandbox } from ${JSON.stringify(module)};
    for (;;) {
      const box = await sandbox.create();
      const child = await box.spawn('sleep', ['600'], { stdio: 'ignore' });
      console.log(box.pid, child.pid);
      await box.stop();
      await sandbox.run('sh', ['-c', 'sleep 600 & echo'], {
        onSpawn: (alone) => console.log(alone.pid),
      });
    }`;
  const args = ['--input-type=module', '-e', source];
  return spawnNode(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** Lists processes that are left of a process with this child: sandboxes whose processes have outlived it. */
function orphans(pids: readonly number[]): number[] {
  return pids.filter((pid) => {
    try {
      return /^State:\t[^ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
    } catch {
      return false;
    }
  });
}

/** Each at another moment of the making, the running and the ending of a sandbox. */
const ROUNDS = 30;

test('nothing outlives a caller that is killed, whenever that is', async (context) => {
  const random = seededRandom(context);
  for (let round = 0; round < ROUNDS; round++) {
    const child = caller();
    const pids: number[] = [];
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (line) => pids.push(...line.split(' ').map(Number)));
    await once(lines, 'line');
    // Somewhere in the making or the ending of the next ones.
    await delay(random() * 120);
    const descendants = descendantsOf(child.pid as number);
    child.kill('SIGKILL');
    await once(child, 'close');
    await expect
      .poll(() => orphans([...pids, ...descendants]), { timeout: 30_000, interval: 20 })
      .toEqual([]);
    await removeGroupsOf(child.pid as number);
  }
}, 300_000);

/**
 * Removes the groups that a killed caller has left, once all that was in them is gone; the next
 * sandbox would do it, a minute later.
 */
async function removeGroupsOf(pid: number): Promise<void> {
  using own = Cgroup.of('self');
  for (const name of own.listChildren()) {
    if (name.startsWith(`ns-sandbox-${pid}-`)) await own.openChild(name).remove();
  }
}

function descendantsOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .split(' ')
    .filter(Boolean)
    .map(Number);
  return children;
}

test('without that care they would', async () => {
  const source = `
    import { spawn } from ${JSON.stringify(builtOf('core'))};
    import { user } from ${JSON.stringify(builtOf('user'))};
    import { pid } from ${JSON.stringify(builtOf('pid'))};
    const child = await spawn('sleep', ['600'], { namespaces: [user(), pid()], stdio: 'ignore' });
    console.log(child.pid);`;
  const child = spawnNode(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  child.kill('SIGKILL');
  await once(child, 'exit');
  try {
    expect(orphans([Number(line)])).toEqual([Number(line)]);
  } finally {
    process.kill(Number(line), 'SIGKILL');
  }
});

test('run cuts endless output at maxBuffer and kills the processes that write it', async () => {
  const endless = 'yes & yes >&2 & exec yes';
  const options = { maxBuffer: 1_000_000, reject: false } as const;
  const { stdout, stderr, signal } = await run('sh', ['-c', endless], options);
  expect(signal).toBe('SIGKILL');
  expect(Math.max(stdout.length, stderr.length)).toBe(1_000_000);
  // Without a limit it goes on as long as it may.
  const limit = { maxBuffer: 30_000_000, reject: false } as const;
  expect((await run('yes', [], limit)).stdout.length).toBe(30_000_000);
});
