import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ns, type Started, start, words } from '../../testing/ns.js';

const files = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'time', 'user', 'uts'];
const euid = process.geteuid?.() ?? 0;

/** Starts a container of another tool, which ends with that tool; gives the pid, here, of the process inside. */
async function container(file: string, ...args: string[]): Promise<number> {
  const script = 'echo ready; exec sleep 1000';
  const started = start(file, ...args, 'sh', '-c', script);
  onTestFinished(async () => {
    started.child.kill('SIGKILL');
    await started.ended();
  });
  await started.written('ready');
  return [...descendants(started.child.pid as number)].at(-1) as number;
}

function* descendants(pid: number): Generator<number> {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  for (const child of children === '' ? [] : children.split(' ').map(Number)) {
    yield child;
    yield* descendants(child);
  }
}

const namespacesOf = (pid: number | 'self') =>
  files.map((file) => readlinkSync(`/proc/${pid}/ns/${file}`));

/** Returns the output of `ns enter` inside. */
function look(...options: string[]): string[] {
  const script = `for file in ${files.join(' ')}; do readlink /proc/self/ns/$file; done`;
  const { stdout, stderr, status } = ns('enter', ...options, '--', 'sh', '-c', script);
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  return stdout.trim().split('\n');
}

const unshare = ['--user', '--map-root-user', '--fork', '--kill-child'];
const all = ['--mount', '--uts', '--ipc', '--net', '--pid', '--cgroup', '--time', '--mount-proc'];

describe('a container of unshare(1)', () => {
  test('is joined in all namespaces, as root', async () => {
    const pid = await container('unshare', ...unshare, ...all);
    expect(look('--target', String(pid), '--all')).toEqual(namespacesOf(pid));
    expect(look('-t', String(pid))).toEqual(namespacesOf(pid));
    expect(ns('enter', '-t', String(pid), 'id', '-u').stdout).toBe('0\n');
    // The processes inside are those of its pid namespace, as its /proc shows.
    expect(ns('enter', '-t', String(pid), 'cat', '/proc/1/comm').stdout).toBe('sleep\n');
  });

  test('is joined without the types that are those of the caller', async () => {
    const pid = await container('unshare', ...unshare, '--net');
    expect(look('--target', String(pid), '--all')).toEqual(namespacesOf(pid));
  });

  test('is joined in the named types only', async () => {
    const pid = await container('unshare', ...unshare, ...all);
    const [inside, own] = [namespacesOf(pid), namespacesOf('self')];
    const expected = files.map((file, i) => (['net', 'user'].includes(file) ? inside[i] : own[i]));
    expect(look('--target', String(pid), '--user', '--net')).toEqual(expected);
  });

  test('is joined in a namespace that is named by a file', async () => {
    const pid = await container('unshare', ...unshare, '--net', '--uts');
    const [inside, own] = [namespacesOf(pid), namespacesOf('self')];
    const expected = files.map((file, i) =>
      ['net', 'user', 'uts'].includes(file) ? inside[i] : own[i],
    );
    const file = (name: string) => `/proc/${pid}/ns/${name}`;
    expect(look(`--user=${file('user')}`, `-n${file('net')}`, `-u=${file('uts')}`)).toEqual(
      expected,
    );
  });

  test('is entered with kept ids or with those of --setuid and --setgid', async () => {
    const pid = await container(
      'unshare',
      '--user',
      '--map-current-user',
      '--fork',
      '--kill-child',
    );
    const id = (...options: string[]) => ns('enter', '-t', String(pid), ...options, 'id', '-u');
    expect(id('--preserve-credentials').stdout).toBe(`${euid}\n`);
    // It has root only if the test runs as root.
    expect(id().stdout).toBe(`${euid}\n`);
    expect(id('--setuid', String(euid)).stdout).toBe(`${euid}\n`);
    expect(id('--setuid', '4711')).toMatchObject({ status: 125, stdout: '' });
  });

  test('is entered with all capabilities by --keep-caps, without root', async () => {
    const pid = await container('unshare', '--user', '--map-user=7', '--fork', '--kill-child');
    const look = (...options: string[]) =>
      ns(
        'enter',
        '-t',
        String(pid),
        '--user',
        ...options,
        'sh',
        '-c',
        'id -u; grep CapEff /proc/$$/status',
      );
    expect(look().stdout).toMatch(/^7\nCapEff:\t0{16}\n$/);
    for (const options of [[], ['--preserve-credentials'], ['--setuid=7']]) {
      expect(look('--keep-caps', ...options)).toMatchObject({
        stdout: expect.stringMatching(/^7\nCapEff:\t000001f{10}\n$/),
        stderr: '',
      });
    }
  });

  test('is entered with the ids of the target by follow', async () => {
    const pid = await container('unshare', '--user', '--map-user=7', '--fork', '--kill-child');
    const id = (...options: string[]) =>
      ns('enter', '-t', String(pid), '--user', ...options, 'id', '-u');
    expect(id('--setuid=follow')).toMatchObject({ stdout: '7\n', stderr: '' });
    // Without root inside the ids stay, as without the option.
    expect(id().stdout).toBe('7\n');
    expect(id('--setgid=follow')).toMatchObject({
      status: 125,
      stderr: expect.stringMatching(
        /--setgid=follow: gid \d+ of \d+ is not mapped in the user namespace/,
      ),
    });
  });

  test('is entered in the parent of its user namespace by --user-parent', async () => {
    const pid = await container('unshare', ...unshare, '--net');
    const [inside, own] = [namespacesOf(pid), namespacesOf('self')];
    const joined = (...types: string[]) =>
      files.map((file, i) => (types.includes(file) ? inside[i] : own[i]));
    const target = ['--target', String(pid)];
    expect(look(...target, '--net', '--user-parent')).toEqual(joined('net', 'user'));
    // The parent of its user namespace is ours.
    expect(look(...target, '--user', '--user-parent')).toEqual(joined());
  });

  test('gives its environment to the command by --env', async () => {
    const pid = await container('env', 'WORD=inside', 'unshare', ...unshare);
    const word = (...options: string[]) =>
      ns('enter', '-t', String(pid), ...options, 'sh', '-c', 'echo "$WORD"').stdout;
    expect(word('--env')).toBe('inside\n');
    expect(word()).toBe('\n');
  });

  test('has its own working directory by --wdns', async () => {
    const pid = await container('unshare', ...unshare, '--mount');
    expect(ns('enter', '-t', String(pid), 'pwd').stdout).toBe('/\n');
    expect(ns('enter', '-t', String(pid), '--wdns', '/usr', 'pwd').stdout).toBe('/usr\n');
  });
});

describe('a container of bubblewrap', () => {
  test('is entered without privileges, too', async ({ skip }) => {
    skip(!existsSync('/usr/bin/bwrap'), 'bubblewrap is not installed');
    const bwrap = ['--unshare-all', '--unshare-user', '--die-with-parent', '--dev-bind', '/', '/'];
    const inside = ['--proc', '/proc', '--tmpfs', '/mnt', '--hostname', 'wrapped'];
    const pid = await container('bwrap', ...bwrap, ...inside);
    expect(look('--target', String(pid))).toEqual(namespacesOf(pid));
    const script = 'cat /proc/sys/kernel/hostname; stat --file-system --format %T /mnt; id -u';
    expect(ns('enter', '--target', String(pid), 'sh', '-c', script).stdout).toBe(
      `wrapped\ntmpfs\n${euid}\n`,
    );
  });
});

describe('ns enter ends', () => {
  test('as the command does', async () => {
    const pid = String(await container('unshare', ...unshare, ...all));
    expect(ns('enter', '-t', pid, 'sh', '-c', 'exit 42')).toMatchObject({ status: 42 });
    expect(ns('enter', '-t', pid, 'sh', '-c', 'kill -TERM $$')).toMatchObject({
      status: null,
      signal: 'SIGTERM',
    });
    expect(ns('enter', '-t', pid, 'no-such-command-here')).toMatchObject({ status: 127 });
    expect(ns('enter', '-t', pid, '/')).toMatchObject({ status: 126 });
  });

  test('signals reach the command', async () => {
    const pid = String(await container('unshare', ...unshare, ...all));
    const script = 'trap "echo got it; exit 9" TERM; echo ready; while :; do sleep 0.05; done';
    const { child, written, ended }: Started = start(
      ...words('enter', '-t', pid, 'bash', '-c', script),
    );
    await written('ready');
    child.kill('SIGTERM');
    expect(await ended()).toMatchObject({ status: 9, stdout: 'ready\ngot it\n' });
  });

  test.each([
    [['true'], 'needs --target PID'],
    [['--target', 'nobody', 'true'], "--target must be a number, got 'nobody'"],
    [['--target', '0', 'true'], '--target must be a process id'],
    [['--target', '4194304', 'true'], 'The process does not exist'],
    [['--target', '999999999', 'true'], 'must be a pid from 1 to 4194304'],
    [['--net', 'true'], '--net needs --target PID or a file'],
    [['--net=/dev/null', 'true'], '/dev/null is not a namespace'],
    [['--net=/proc/self/ns/uts', 'true'], 'uts namespace, not net'],
    [['--net=/no/such/file', 'true'], 'ENOENT'],
    [['--net=/proc/self/ns/net', '-S', 'follow', 'true'], '--setuid=follow needs --target PID'],
    [['-t', String(process.pid), '--user-parent', 'true'], '--user-parent needs a namespace'],
    [['-t', String(process.pid), '--preserve-credentials', '-S', '5', 'true'], 'excludes'],
  ])('with 125 and one line for %j', (args, message) => {
    const { status, stdout, stderr } = ns('enter', ...args);
    expect({ status, stdout }).toEqual({ status: 125, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr).toMatch(/^ns enter: .*\n$/);
  });
});

test("enter refuses a target that is in a container's files without its user namespace", async ({
  skip,
}) => {
  skip(euid !== 0, 'root alone can have a process there');
  const running = async (...args: string[]) => {
    const [file = '', ...rest] = [...args, 'sh', '-c', 'echo in; exec sleep 1000'];
    const started = start(file, ...rest);
    onTestFinished(async () => {
      started.child.kill('SIGKILL');
      await started.ended();
    });
    await started.written('in');
    return String(started.child.pid);
  };
  const theirs = await running('setpriv', '--reuid=1000', '--clear-groups', 'unshare', '-Urm');
  const inside = await running('nsenter', '-m', '-t', theirs);
  const { status, stderr } = ns('enter', '-t', inside, 'id');
  expect(status).toBe(125);
  expect(stderr).toMatch(/^ns enter: cannot join mnt:\[\d+\]: it belongs to user:\[\d+\]/);
});

test('--explain shows the joins and runs nothing', async () => {
  const pid = String(await container('unshare', ...unshare, '--net'));
  const { stdout, status } = ns('enter', '-t', pid, '--explain', 'false');
  expect(status).toBe(0);
  expect(stdout).toMatch(/setns\(.*CLONE_NEWUSER\)(.|\n)*setns\(.*CLONE_NEWNET\)/);
});

describe('root and working directory', () => {
  // A container whose root is a directory that its mount namespace has elsewhere.
  async function changedRoot(): Promise<{ pid: number; root: string }> {
    const root = mkdtempSync(join(tmpdir(), 'ns-enter-'));
    onTestFinished(() => rmSync(root, { recursive: true, force: true }));
    for (const name of ['usr', 'inside']) mkdirSync(join(root, name));
    for (const name of ['bin', 'lib', 'lib64']) symlinkSync(`usr/${name}`, join(root, name));
    const script = `mount --rbind /usr "${root}/usr"; exec chroot "${root}" /bin/sh -c 'cd /inside; echo ready; exec sleep 1000'`;
    const started = start('unshare', '-Umrf', '--kill-child', 'sh', '-ec', script);
    onTestFinished(async () => {
      started.child.kill('SIGKILL');
      await started.ended();
    });
    await started.written('ready');
    return { pid: [...descendants(started.child.pid as number)].at(-1) as number, root };
  }

  const pwd = (...options: string[]) => {
    const { stdout, stderr } = ns('enter', ...options, '--', '/bin/sh', '-c', 'pwd; echo /i*');
    return { stdout, stderr };
  };

  test('are those of the target by --root and --wd', async () => {
    const { pid, root } = await changedRoot();
    const target = ['-t', String(pid)];
    expect(pwd(...target, '--root')).toEqual({ stdout: '/\n/inside\n', stderr: '' });
    expect(pwd(...target, '-r', '-w')).toEqual({ stdout: '/inside\n/inside\n', stderr: '' });
    expect(pwd(...target, '--wd').stdout.split('\n')[0]).toBe(join(root, 'inside'));
  });

  test('are directories seen from outside, or from inside by --wdns', async () => {
    const { pid, root } = await changedRoot();
    const target = ['-t', String(pid)];
    expect(pwd(...target, '--root', '--wdns', '/inside').stdout).toBe('/inside\n/inside\n');
    // Its namespace has the programs there; the directory as seen from here is empty.
    expect(pwd(...target, `--wd=${root}`).stdout.split('\n')[0]).toBe(root);
    expect(ns('enter', ...target, `--root=${root}`, '/bin/true').status).toBe(127);
  });

  test('are refused without a target, and --wd with --wdns', () => {
    const net = ['--net=/proc/self/ns/net'];
    expect(ns('enter', ...net, '--root', 'true').stderr).toContain('--root needs --target PID');
    expect(ns('enter', ...net, '--wd=/', '--wdns=/', 'true').stderr).toContain(
      '--wd and --wdns exclude each other',
    );
    expect(ns('enter', ...net, '--wd=/no/such', 'true')).toMatchObject({ status: 125 });
  });
});
