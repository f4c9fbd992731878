// The parent is killed while its children are on the way to their commands, each held up in another
// phase: with killWithParent none of them goes on.
import { spawn as nodeSpawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { phases } from '../program/spec.js';
import { core } from '../testing/in-worker.js';

function running(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return false;
  }
}

/** All processes below this one. */
function descendants(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
      .flatMap((task) =>
        readFileSync(`/proc/${pid}/task/${task}/children`, 'latin1').split(' ').filter(Boolean),
      )
      .flatMap((child) => [Number(child), ...descendants(Number(child))]);
  } catch {
    return []; // it has ended
  }
}

/** Options of children, by their way of starting; each child is held up in every phase that it has. */
const ways = {
  directly: 'namespaces: [user, paused]',
  isolated: "namespaces: [user, { type: 'pid' }, paused]",
  'with other credentials': 'namespaces: [user, paused], uid: 0, gid: 0',
  'below PID 1': 'namespaces: [user, init, paused]',
  'below our init without a pid namespace': 'namespaces: [user, paused], init: true',
  'joining a container': "namespaces: [joined, { type: 'pid' }, paused]",
  'joining a container, below our init': 'namespaces: [joined, init, paused]',
  'waiting for a meeting': 'namespaces: [user, paused, meeting]',
};

test.each(Object.entries(ways))(
  'killWithParent ends a child in every phase: %s',
  async (_way, options) => {
    const script = `
    import { Namespace, spawn } from ${JSON.stringify(core)};
    const uid = process.getuid(), gid = process.getgid();
    const user = { type: 'user', prepare(child) {
      const program = child.program('user');
      for (const [file, text] of [['setgroups', 'deny'], ['uid_map', '0 ' + uid + ' 1'], ['gid_map', '0 ' + gid + ' 1']]) {
        const fd = program.call('openat', -100, '/proc/self/' + file, 1);
        program.call('write', fd, text, text.length);
        program.call('close', fd);
      }
    } };
    const container = await spawn('sleep', ['1000'], { stdio: 'ignore', killWithParent: true, namespaces: [user] });
    const joined = Namespace.of(container.pid, 'user');
    const init = { type: 'pid', prepare: (child) => child.useInit() };
    const meeting = { type: 'ipc', prepare: (child) => child.program('settings').meet(() => new Promise(() => {
      process.stdout.write('paused\\n');
    })) };
    for (const phase of ${JSON.stringify(phases)}) {
      const paused = { type: 'uts', prepare(child) {
        const program = child.program(phase);
        const time = new Uint8Array(16);
        time[1] = 4; // 1024 seconds
        if (${options.includes('meeting')}) return;
        program.call('write', program.descriptor(1), 'paused\\n', 7);
        program.call('nanosleep', time, null);
      } };
      spawn('sleep', ['1000'], { stdio: 'ignore', killWithParent: true, ${options} });
    }
  `;
    const args = ['--input-type=module', '-e', script];
    const parent = nodeSpawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, UV_THREADPOOL_SIZE: '16' }, // a paused direct child holds a thread
    });
    let paused = 0;
    for await (const line of createInterface({ input: parent.stdout })) {
      expect(line).toBe('paused');
      if (++paused === phases.length) break;
    }
    const pids = descendants(parent.pid as number);
    expect(pids.length).toBeGreaterThanOrEqual(phases.length);
    const ended = new Promise((resolve) => parent.once('close', resolve));
    parent.kill('SIGKILL');
    await expect.poll(() => pids.filter(running), { timeout: 5000 }).toEqual([]);
    parent.stdout.destroy();
    await ended;
  },
);

test('a command below our init ends with the parent, without a pid namespace too', async () => {
  const script = `
    import { spawn } from ${JSON.stringify(core)};
    await spawn('sleep', ['1000'], { stdio: 'ignore', killWithParent: true, init: true });
    console.log('started');
    setInterval(() => {}, 1000);
  `;
  const args = ['--input-type=module', '-e', script];
  const parent = nodeSpawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: parent.stdout })) {
    expect(line).toBe('started');
    break;
  }
  const pids = descendants(parent.pid as number);
  expect(pids).toHaveLength(2);
  const ended = new Promise((resolve) => parent.once('close', resolve));
  parent.kill('SIGKILL');
  await expect.poll(() => pids.filter(running), { timeout: 5000 }).toEqual([]);
  parent.stdout.destroy();
  await ended;
});
