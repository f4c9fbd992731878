// A call takes what it names when it is made (SECURITY.md S2): whatever the caller closes, opens or
// changes right after it, the child has what was meant. All threads of libuv's pool are kept busy
// meanwhile, so that the child is surely made later, and the numbers are used again at once.

import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createNamespace } from '../child/create-namespace.js';
import { clone } from '../commands/clone.js';
import { fork } from '../commands/fork.js';
import { hold } from '../commands/hold.js';
import { run } from '../commands/run.js';
import { runProgram } from '../commands/run-program.js';
import { spawn } from '../commands/spawn.js';
import { Namespace } from '../namespaces/namespace.js';
import { Program } from '../program/program.js';
import type { NamespaceSpec } from '../program/spec.js';
import { closeFd, O_CLOEXEC, pipe } from '../sys/fd.js';
import { AT } from '../sys/flags.js';
import { addressOf, rawSyscallAsync } from '../sys/native.js';
import { syscallNumber } from '../sys/numbers.js';
import { syscall } from '../sys/syscall.js';
import { rootMap } from '../testing/eight-namespaces.js';

const POOL = 4;

let directory: string;
const path = (name: string) => join(directory, name);
beforeAll(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'ns-taken-')));
  for (const name of ['meant', 'other']) mkdirSync(path(`${name}.d`));
  writeFileSync(path('module.cjs'), 'process.send(process.cwd()); process.disconnect();');
});
beforeEach(() => {
  for (const name of ['meant', 'other']) writeFileSync(path(name), '');
});
afterAll(() => rmSync(directory, { recursive: true }));

/** Makes a call, and what follows it at once, while all threads of the pool wait. */
async function busy<Result>(call: () => Promise<Result>): Promise<Result> {
  const { read, write } = pipe();
  const byte = new Uint8Array(1);
  const wait = () => rawSyscallAsync(syscallNumber('read'), [read, addressOf(byte), 1, 0, 0, 0]);
  const waits = Array.from({ length: POOL }, wait);
  const result = call();
  syscall('write', write, new Uint8Array(POOL), POOL);
  try {
    return await result;
  } finally {
    await Promise.all(waits);
    closeFd(read);
    closeFd(write);
  }
}

/**
 * Makes a call with a descriptor, closes that, and opens another file, which gets its number.
 *
 * @param open opens `meant` or `other`
 */
function reused<Result>(
  open: (name: string) => number,
  call: (fd: number) => Promise<Result>,
): Promise<Result> {
  return busy(async () => {
    const fd = open('meant');
    const result = call(fd);
    closeSync(fd);
    const other = open('other');
    if (other !== fd) syscall('dup3', other, fd, O_CLOEXEC);
    try {
      return await result;
    } finally {
      for (const one of new Set([other, fd])) closeSync(one);
    }
  });
}

const openFile = (name: string) => openSync(path(name), 'a+');
const inRunner: NamespaceSpec = { type: 'uts', prepare: (child) => child.isolate() };
const ways = [
  { way: 'directly', namespaces: [] },
  { way: 'in new mounts', namespaces: [rootMap, { type: 'mount' }] },
  { way: 'in the runner', namespaces: [rootMap, inRunner] },
] as const;

describe.each(ways)('$way', ({ namespaces }) => {
  const contents = () => ['meant', 'other'].map((name) => readFileSync(path(name), 'utf8'));

  test('stdio is that of the call', async () => {
    await reused(openFile, (fd) =>
      run('echo', ['text'], { stdio: ['ignore', fd, 'ignore'], namespaces }),
    );
    expect(contents()).toEqual(['text\n', '']);
  });

  test('a stream in stdio is that of the call', async () => {
    await reused(openFile, (fd) => {
      const stream = { fd } as unknown as NodeJS.WriteStream;
      return run('echo', ['text'], { stdio: ['ignore', stream, 'ignore'], namespaces });
    });
    expect(contents()).toEqual(['text\n', '']);
  });

  test('passFds are those of the call', async () => {
    await reused(openFile, (fd) =>
      run('sh', ['-c', `echo text >> /proc/self/fd/${fd}`], { passFds: [fd], namespaces }),
    );
    expect(contents()).toEqual(['text\n', '']);
  });

  test('passFds beside a terminal are those of the call', async () => {
    await reused(openFile, async (fd) => {
      const options = { terminal: true, passFds: [fd], namespaces } as const;
      const child = await spawn('sh', ['-c', `echo text >> /proc/self/fd/${fd}`], options);
      child.terminal?.resume();
      await child.exited;
    });
    expect(contents()).toEqual(['text\n', '']);
  });

  test('a descriptor of a program is that of the call', async () => {
    await reused(openFile, (fd) => {
      const program = new Program();
      program.call('write', program.descriptor(fd), 'text', 4);
      return runProgram(program, { namespaces });
    });
    expect(contents()).toEqual(['text', '']);
  });

  test('the working directory and the umask are those of the call', async () => {
    const before = { cwd: process.cwd(), umask: process.umask() };
    const inside = path('meant.d');
    const script = 'pwd; umask; cd ../other.d';
    const starts: Record<string, () => Promise<unknown>> = {
      run: async () => (await run('sh', ['-c', script], { namespaces })).stdout,
      'a relative cwd': async () =>
        (await run('sh', ['-c', script], { cwd: '../meant.d', namespaces })).stdout,
      'a relative command': async () => {
        writeFileSync(path('meant.d/script'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
        return (await run('./script', [], { namespaces })).stdout;
      },
      fork: async () => {
        const child = await fork(path('module.cjs'), [], { execArgv: [], namespaces });
        const cwd = await new Promise((resolve) => child.once('message', resolve));
        await child.exited;
        return `${cwd}\n0027\n`;
      },
      clone: async () => {
        const options = { namespaces };
        const [cwd, umask] = await clone(() => [process.cwd(), process.umask()] as const, options);
        return `${cwd}\n00${umask.toString(8)}\n`;
      },
      runProgram: async () => {
        const program = new Program();
        const buffer = new Uint8Array(inside.length + 1);
        const link = '/proc/self/cwd';
        const cwd = program.call('readlinkat', AT.FDCWD, link, buffer, buffer.length);
        const umask = program.call('umask', 0o22);
        const results = await runProgram(program, { namespaces });
        const text = Buffer.from(results.bytesOf(cwd, 2)).toString(
          'utf8',
          0,
          results.resultOf(cwd),
        );
        return `${text}\n00${results.resultOf(umask).toString(8)}\n`;
      },
    };
    for (const [name, start] of Object.entries(starts)) {
      process.chdir(inside);
      process.umask(0o27);
      try {
        const result = await busy(() => {
          const started = start();
          process.chdir(path('other.d'));
          process.umask(0o77);
          return started;
        });
        expect(result, name).toBe(`${inside}\n0027\n`);
      } finally {
        process.chdir(before.cwd);
        process.umask(before.umask);
      }
    }
  });

  test('a working directory that is removed meanwhile is the one of the call', async () => {
    const before = process.cwd();
    mkdirSync(path('gone.d'));
    process.chdir(path('gone.d'));
    try {
      const { stdout } = await busy(() => {
        const started = run('readlink', ['/proc/self/cwd'], { namespaces });
        rmSync(path('gone.d'), { recursive: true });
        process.chdir(before);
        return started;
      });
      expect(stdout).toBe(`${path('gone.d')} (deleted)\n`);
    } finally {
      process.chdir(before);
    }
  });
});

test('the working directory of a child in new mounts is in these, and not in the caller’s', async () => {
  const before = process.cwd();
  process.chdir(path('meant.d'));
  try {
    const script = 'mount -t tmpfs none . && cd . && cd ../meant.d && : > file && ls';
    const namespaces = [rootMap, { type: 'mount' }] as const;
    expect((await run('sh', ['-c', script], { namespaces })).stdout).toBe('file\n');
    expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(path('meant.d'));
  } finally {
    process.chdir(before);
  }
});

test('the working directory of a child that root clones into new mounts is in these', async ({
  skip,
}) => {
  skip(process.geteuid?.() !== 0, 'without a user namespace, only root can make mounts');
  const before = process.cwd();
  process.chdir(path('meant.d'));
  try {
    const script = 'exec 3<. 4<"$0"; cat /proc/self/fdinfo/3 /proc/self/fdinfo/4';
    const namespaces = [{ type: 'mount' }] as const;
    const { stdout } = await run('sh', ['-c', script, path('meant.d')], { namespaces });
    const [found, wanted] = [...stdout.matchAll(/^mnt_id:\s*(\d+)$/gm)].map(([, id]) => id);
    expect(wanted).toBeDefined();
    expect(found).toBe(wanted);
  } finally {
    process.chdir(before);
  }
});

describe('of a joined namespace', () => {
  const read = async (joined: readonly Namespace[]) => {
    const { stdout } = await run('readlink', ['/proc/self/ns/user'], { namespaces: joined });
    return stdout.trim();
  };
  const users: Namespace[] = [];
  beforeAll(() => {
    for (let i = 0; i < 2; i++) users.push(createNamespace(rootMap));
  });
  afterAll(() => {
    for (const one of users) one.close();
  });
  const [MEANT, OTHER] = [0, 1] as const;
  const open = (which: 0 | 1) => Namespace.fromFd((users[which] as Namespace).fd);

  test('the handle is that of the call, whatever has its number by then', async () => {
    await busy(async () => {
      const meant = open(MEANT);
      const { fd } = meant;
      const name = `user:[${meant.id.ino}]`;
      const result = read([meant]);
      meant.close();
      const other = openSync(`/proc/self/fd/${users[OTHER]?.fd}`, 'r');
      if (other !== fd) syscall('dup3', other, fd, O_CLOEXEC);
      expect(await result).toBe(name);
      for (const one of new Set([other, fd])) closeSync(one);
    });
  });

  test('the handle can be closed right after the call', async () => {
    const { ino } = (users[MEANT] as Namespace).id;
    const name = `user:[${ino}]`;
    const start = () => {
      using handle = open(MEANT);
      return read([handle]);
    };
    expect(await busy(start)).toBe(name);
    const holds = () => {
      using handle = open(MEANT);
      return hold({ namespaces: [handle] });
    };
    await using held = await busy(holds);
    using joined = Namespace.of(held.pid, 'user');
    expect(joined.id.ino).toBe(ino);
    const program = new Program();
    const link = new Uint8Array(name.length);
    const call = program.call('readlinkat', AT.FDCWD, '/proc/self/ns/user', link, link.length);
    const runs = () => {
      using handle = open(MEANT);
      return runProgram(program, { namespaces: [handle] });
    };
    const results = await busy(runs);
    expect(Buffer.from(results.bytesOf(call, 2)).toString()).toBe(name);
  });
});

test('a cgroup is the one of the call, by its descriptor', async ({ skip }) => {
  const own = readFileSync('/proc/self/cgroup', 'utf8').match(/^0::(.*)$/m)?.[1];
  const root = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'].find((place) =>
    existsSync(`${place}/cgroup.controllers`),
  );
  skip(own === undefined || root === undefined, 'cgroup v2 is not mounted');
  const group = [`${root}${own}`, String(root)].find((one) => existsSync(one));
  const options = { namespaces: [], stdio: 'ignore' } as const;
  // The caller may not be permitted to start children there. The error tells then that it is a cgroup.
  const outcome = (call: Promise<unknown>) =>
    call.then(
      () => 'started',
      (error: NodeJS.ErrnoException) => error.code,
    );
  const flags = constants.O_RDONLY | constants.O_DIRECTORY;
  const open = (name: string) =>
    openSync(name === 'meant' ? String(group) : path('other.d'), flags);
  const start = (cgroup: number) => outcome(run('true', [], { ...options, cgroup }));
  const [meant, other] = [open('meant'), open('other')];
  const [wanted, unwanted] = [await start(meant), await start(other)];
  closeSync(meant);
  closeSync(other);
  expect(unwanted).toBe('EBADF');
  expect(wanted).not.toBe('EBADF');
  expect(await reused(open, start)).toBe(wanted);
});
