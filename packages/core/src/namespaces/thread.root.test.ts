// A thread that moves for good: always a Worker, whose end undoes it.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readlinkSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createNamespace } from '../child/create-namespace.js';
import { core, inWorker, sys } from '../testing/in-worker.js';
import { fdCount, threadNamespaces } from '../testing/index.js';

const link = (file: string) => readlinkSync(`/proc/thread-self/ns/${file}`);

test('unshare moves the Worker alone, and what it calls at once', async () => {
  const before = threadNamespaces().get(process.pid);
  const result = await inWorker(`
    const home = link('uts');
    unshare(['uts', 'ipc']);
    syscall('sethostname', 'worker', 6);
    return {
      moved: link('uts') !== home,
      hostname: os.hostname(),
      child: execFileSync('hostname', { encoding: 'utf8' }).trim(),
      pool: (await fs.promises.readFile('/proc/sys/kernel/hostname', 'utf8')).trim(),
      away: isAway(),
    };
  `);
  expect(result).toEqual({
    moved: true,
    hostname: 'worker',
    child: 'worker',
    pool: expect.not.stringMatching(/^worker$/),
    away: true,
  });
  expect(threadNamespaces().get(process.pid)).toEqual(before);
});

/**
 * Counts threads in the network namespace in which a Worker is the first to use libuv's pool, by
 * calling `inside()`. Descriptor 3 is that of a namespace made elsewhere.
 */
function threadsThatFollow(move: string): number {
  using other = createNamespace('net');
  const worker = `
    const core = require(${JSON.stringify(core)});
    const sys = require(${JSON.stringify(sys)});
    const fs = require('node:fs');
    let net, used;
    const inside = () => {
      net = fs.readlinkSync('/proc/thread-self/ns/net');
      used = Promise.all(Array.from({ length: 50 }, () => fs.promises.stat('/')));
    };
    ${move};
    used.then(() => {
      const { namespaces } = core.listNamespaces();
      const there = namespaces.find(({ type, id }) => type === 'net' && 'net:[' + id.ino + ']' === net);
      console.log(there ? there.threads.length : 0);
    });
  `;
  const script = `new (require('node:worker_threads').Worker)(${JSON.stringify(worker)}, { eval: true })`;
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', script], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe', other.fd],
  });
  if (stdout === '') throw new Error(stderr);
  return Number(stdout);
}

test("libuv's threads stay at home, even if the Worker that moves is the first to need them", () => {
  expect(threadsThatFollow(`core.unshare('net'); inside()`)).toBe(1);
  expect(threadsThatFollow(`core.setns(core.Namespace.fromFd(3)); inside()`)).toBe(1);
  expect(threadsThatFollow(`core.Namespace.fromFd(3).enter(inside)`)).toBe(0);
  // What would happen otherwise.
  expect(threadsThatFollow(`sys.syscall('unshare', 0x40000000); inside()`)).toBeGreaterThan(1);
});

test('a Worker enters and comes back as the main thread does', async () => {
  const before = fdCount();
  {
    using net = createNamespace('net');
    const result = await inWorker(
      `
      const net = Namespace.fromFd(workerData, 'net');
      const home = link('net');
      const inside = net.enter(() => link('net'));
      const back = link('net') === home;
      return { inside, back, away: isAway() }; // the end of the Worker closes the handle
    `,
      net.fd,
    );
    expect(result).toEqual({ inside: `${net}`, back: true, away: false });
  }
  await expect.poll(fdCount).toBe(before);
});

test('a Worker born inside lives there, and knows that it is away', async () => {
  using net = createNamespace('net');
  const born = net.enter(() => {
    const promise = inWorker(`return { at: link('net'), away: isAway() };`);
    return () => promise; // a function, as enter takes no promise
  });
  expect(await born()).toEqual({ at: `${net}`, away: true });
});

test('mount namespaces can be entered once root and working directory are the own ones', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'ns-cwd-'));
  const cwd = process.cwd();
  process.chdir(directory);
  try {
    using mount = createNamespace('mount');
    const result = await inWorker(
      `
      const mount = Namespace.fromFd(workerData, 'mount');
      const home = link('mnt');
      const where = () => [fs.readlinkSync('/proc/thread-self/cwd'), fs.readlinkSync('/proc/thread-self/root')];
      const shared = failure(() => mount.enter(() => 0));
      const sharedSetns = failure(() => setns(mount));
      unshareDirectories();
      const inside = mount.enter(() => [link('mnt'), ...where()]);
      const failing = failure(() => mount.enter(() => { throw Object.assign(new Error(), { code: 'E', hint: where()[0] }); }));
      const after = [link('mnt') === home, ...where()];
      setns(mount);
      return { shared, sharedSetns, inside, failing, after, moved: link('mnt') };
    `,
      mount.fd,
    );
    const refused = expect.stringMatching(/^EINVAL: .*unshareDirectories\(\)/);
    expect(result).toEqual({
      shared: refused,
      sharedSetns: refused,
      inside: [`${mount}`, '/', '/'],
      failing: 'E: /',
      after: [true, directory, '/'],
      moved: `${mount}`,
    });
    expect(process.cwd()).toBe(directory);
  } finally {
    process.chdir(cwd);
    rmdirSync(directory);
  }
});

test('setns joins several namespaces of a process at once, or none', async () => {
  const result = await inWorker(`
    const child = process.getBuiltinModule('node:child_process').spawn('unshare', ['--uts', '--ipc', '--net', 'sleep', '300'], { stdio: 'ignore' });
    const pidfd = syscall('pidfd_open', child.pid, 0);
    const of = (file) => fs.readlinkSync('/proc/' + child.pid + '/ns/' + file);
    while (of('net') === link('net')) await new Promise((resolve) => setTimeout(resolve, 5));
    const home = ['uts', 'ipc', 'net'].map(link);
    const refused = failure(() => setns(pidfd, ['uts', 'net', 'user']));
    const stayed = ['uts', 'ipc', 'net'].every((file, i) => link(file) === home[i]);
    let untold;
    try { setns(pidfd); } catch (error) { untold = error.message; }
    setns(pidfd, ['uts', 'net']);
    const joined = [link('uts') === of('uts'), link('net') === of('net'), link('ipc') === home[1]];
    child.kill('SIGKILL');
    await process.getBuiltinModule('node:events').once(child, 'exit');
    const ended = failure(() => setns(pidfd, 'uts'));
    syscall('close', pidfd);
    return { refused, stayed, untold, joined, ended };
  `);
  expect(result).toEqual({
    refused: expect.stringMatching(/^EINVAL: .*use spawn/),
    stayed: true,
    untold: 'types must be given with a pidfd',
    joined: [true, true, true],
    ended: expect.stringMatching(/^ESRCH/),
  });
});

test('pid and time are for children of the thread, and time cannot be joined', async () => {
  using time = createNamespace('time');
  const result = await inWorker(
    `
    unshare(['pid', 'time']);
    const childPid = execFileSync('sh', ['-c', 'echo $$'], { encoding: 'utf8' }).trim();
    const here = [link('pid'), link('time')];
    const children = link('time_for_children');
    return {
      childPid,
      own: here[1] !== children,
      refused: failure(() => setns(Namespace.fromFd(workerData))),
    };
  `,
    time.fd,
  );
  expect(result).toEqual({
    childPid: '1',
    own: true,
    refused: expect.stringMatching(/^EUSERS: .*spawn/),
  });
});

test('the listing finds namespaces that only a thread is in', async () => {
  const result = await inWorker(`
    unshare(['uts', 'time']);
    const ino = (text) => BigInt(text.slice(text.indexOf('[') + 1, -1));
    const { namespaces } = listNamespaces();
    const find = (type, text) => namespaces.find((one) => one.type === type && one.id.ino === ino(text));
    const uts = find('uts', link('uts'));
    const time = find('time', link('time_for_children'));
    const tid = Number(fs.readlinkSync('/proc/thread-self').split('/').at(-1));
    const only = (list) => list.length === 1 && list[0] === tid;
    return [only(uts.threads), uts.processes, uts.command.includes('node'), only(time.forChildren), time.processes, time.threads];
  `);
  expect(result).toEqual([true, [], true, true, [], []]);
  expect(link('uts')).toBe(threadNamespaces().get(process.pid)?.uts);
});
