import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ns, nsWith, start, words } from '../../testing/ns.js';

const files = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'time', 'user', 'uts'];
const own = Object.fromEntries(files.map((file) => [file, readlinkSync(`/proc/self/ns/${file}`)]));
const euid = process.geteuid?.() ?? 0;

/** Returns the new namespaces of a command that `ns run` runs with these options. */
function newFiles(...options: string[]): string[] {
  const look = `for file in ${files.join(' ')}; do readlink /proc/self/ns/$file; done`;
  const { stdout, stderr } = ns('run', ...options, '--', 'sh', '-c', look);
  expect(stderr).toBe('');
  const seen = stdout.trim().split('\n');
  return files.filter((file, i) => seen[i] !== own[file]);
}

function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), 'ns-run-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return directory;
}

describe('new namespaces', () => {
  test('are all eight without options', () => {
    expect(newFiles()).toEqual(files);
  });

  test('are those that are named, by word or by letter', () => {
    expect(newFiles('--user', '--net')).toEqual(['net', 'user']);
    expect(newFiles('-Uui')).toEqual(['ipc', 'user', 'uts']);
    expect(newFiles('-Cm', '-p', '-T', '-r')).toEqual(['cgroup', 'mnt', 'pid', 'time', 'user']);
  });

  test('are those that an option of unshare(1) implies', () => {
    expect(newFiles('--map-root-user')).toEqual(['user']);
    expect(newFiles('-r', '--mount-proc', '--pid', '--fork')).toEqual(['mnt', 'pid', 'user']);
    expect(newFiles('-r', '--boottime', '5')).toEqual(['time', 'user']);
  });

  test('include uts for a host name, beside named types', () => {
    expect(newFiles('-r', '--hostname', 'box')).toEqual(['user', 'uts']);
    expect(newFiles('--hostname', 'box')).toEqual(files);
  });
});

describe('ns run', () => {
  const output = (...args: string[]) => {
    const { stdout, stderr, status } = ns('run', ...args);
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    return stdout.trim();
  };

  test('maps the current user to root, itself or another id', () => {
    expect(output('id', '-u')).toBe('0');
    expect(output('-r', 'id', '-u')).toBe('0');
    expect(output('-c', 'id', '-u')).toBe(String(euid));
    expect(output('--map-user=4711', '--map-group', '815', 'sh', '-c', 'id -u; id -g')).toBe(
      '4711\n815',
    );
    expect(output('--map-user', 'daemon', 'cat', '/proc/self/uid_map')).toMatch(/^\s*1\s/);
  });

  test('sets host and domain name', () => {
    const names = 'cat /proc/sys/kernel/hostname /proc/sys/kernel/domainname';
    expect(output('--hostname=box', '--domainname', 'example', 'sh', '-c', names)).toBe(
      'box\nexample',
    );
  });

  test('mounts a /proc of the new processes, with the init first', () => {
    const look = 'cat /proc/1/comm; echo $$; ls /proc | grep -c "^[0-9]"';
    expect(output('sh', '-c', look)).toMatch(/^ns-runner\n2\n[2-5]$/);
  });

  test('mounts a new /proc beside named types only with --mount-proc, as unshare(1) does', () => {
    const look = ['sh', '-c', 'test "$(readlink /proc/self)" = "$$" || echo other'];
    expect(output('-rmp', ...look)).toBe('other');
    expect(output('-rp', '--mount-proc', 'readlink', '/proc/self')).toBe('2');
  });

  test('mounts proc at the directory of --mount-proc', () => {
    const directory = temporary();
    expect(output('-rp', `--mount-proc=${directory}`, 'readlink', `${directory}/self`)).toBe('2');
    expect(readdirSync(directory)).toEqual([]);
  });

  test('sets the offsets of the clocks', () => {
    const uptime = () =>
      Number(output('-r', '--boottime', '100000', 'cut', '-d.', '-f1', '/proc/uptime'));
    const before = Math.floor(process.hrtime()[0]);
    expect(uptime()).toBeGreaterThanOrEqual(100_000 + before);
    const offsets = ['--monotonic=-1', '--boottime', '-1', 'cat', '/proc/self/timens_offsets'];
    expect(output('-r', ...offsets)).toMatch(/monotonic\s+-1\s+0\nboottime\s+-1\s+0/);
  });

  test('keeps capabilities without root by --keep-caps', () => {
    const look = ['grep', 'CapAmb', '/proc/self/status'];
    expect(output('-c', ...look)).toMatch(/\t0{16}$/);
    expect(output('-c', '--keep-caps', ...look)).not.toMatch(/\t0{16}$/);
  });

  test('takes other ids and keeps capabilities', ({ skip }) => {
    skip(euid !== 0, 'only root can map more than one id without a helper');
    const maps = ['--map-users=0:100000:10', '--map-groups=0:100000:10', '-S', '5', '--setgid=6'];
    const look = ['sh', '-c', 'id -u; id -g; id -G; grep CapEff /proc/self/status'];
    expect(output(...maps, ...look)).toMatch(/^5\n6\n6\nCapEff:\t0{16}$/);
    expect(output('--keep-caps', ...maps, ...look)).toMatch(/^5\n6\n6\nCapEff:\t000001f{10}$/);
  });

  test('gives the namespace to the owner of --owner', ({ skip }) => {
    const owner = ['--owner=1234:2345', '-r', 'sh', '-c', 'id -u; cat /proc/self/uid_map'];
    skip(euid !== 0, 'only root can become another owner');
    expect(output(...owner)).toMatch(/^0\n\s+0\s+1234\s+1$/);
  });

  test('names an id that is not mapped inside', () => {
    const { stderr, status } = ns('run', '-r', '--setuid', '4711', 'true');
    expect(stderr).toContain('This id does not exist in the user namespace');
    expect(status).toBe(125);
    const kept = ns('run', '-r', '--keep-caps', '--setuid', '4711', 'true');
    expect(kept).toMatchObject({
      status: 125,
      stderr: expect.stringContaining('user.runAs.uid must be an id that is mapped, got 4711'),
    });
  });

  test('runs the command as PID 1 with --no-init', () => {
    expect(output('--no-init', 'sh', '-c', 'echo $$')).toBe('1');
  });

  test('sets the propagation of mounts', () => {
    const root = ['findmnt', '--noheadings', '--output', 'PROPAGATION', '/'];
    expect(output('-rm', '--propagation', 'shared', ...root)).toMatch(/^shared(,slave)?$/);
    expect(output('-rm', ...root)).toMatch(/^private/);
  });

  test('sets loopback up', () => {
    expect(output('ip', '-o', 'address', 'show', 'dev', 'lo')).toContain('127.0.0.1/8');
  });

  test('changes to the working directory', () => {
    expect(output('--wd', '/usr', 'pwd')).toBe('/usr');
  });

  test('passes on standard input and the environment', () => {
    const { stdout } = nsWith(
      { input: 'hello', env: { ...process.env, WORD: 'world' } },
      ...['run', 'sh', '-c', 'cat; echo " $WORD"'],
    );
    expect(stdout).toBe('hello world\n');
  });

  test('runs $SHELL as a login shell without a command', () => {
    const env = { ...process.env, SHELL: '/bin/sh' };
    expect(nsWith({ env, input: 'echo "$0"; exit 3' }, 'run')).toMatchObject({
      stdout: '-sh\n',
      status: 3,
    });
  });

  test('runs the shell of /etc/passwd without $SHELL', ({ skip }) => {
    const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
    const user = lines.map((line) => line.split(':')).find(([, , id]) => id === String(euid));
    const shell = user?.[6] ?? '';
    skip(!/sh$/.test(shell), `the user has no shell: ${shell}`);
    const env = { PATH: process.env.PATH };
    const { stdout } = nsWith({ env, input: 'echo "$0"' }, 'run', '-r');
    expect(stdout).toBe(`-${basename(shell)}\n`);
  });

  test('leaves the words after the command to it', () => {
    expect(output('echo', '--help', '-V', '--', '--user')).toBe('--help -V -- --user');
    expect(output('-r', '--', 'echo', '--net')).toBe('--net');
  });
});

describe('ns run ends', () => {
  test.each([0, 1, 2, 125, 255])('with the exit code %i of the command', (code) => {
    expect(ns('run', 'sh', '-c', `exit ${code}`)).toMatchObject({ status: code, signal: null });
  });

  test.each(['SIGTERM', 'SIGKILL', 'SIGINT', 'SIGUSR1', 'SIGHUP'] as const)(
    'of the same signal: %s',
    (signal) => {
      const script = `kill -${signal.slice(3)} $$`;
      expect(ns('run', 'sh', '-c', script)).toMatchObject({ status: null, signal });
      expect(ns('run', '-r', 'sh', '-c', script)).toMatchObject({ status: null, signal });
    },
  );

  test('by a signal that Node.js ignores', () => {
    expect(ns('run', 'sh', '-c', 'kill -PIPE $$')).toMatchObject({ signal: 'SIGPIPE' });
  });

  test('with 127 if the command is not found, 126 if it cannot be run', () => {
    const file = join(temporary(), 'file');
    writeFileSync(file, 'nothing to run', { mode: 0o644 });
    expect(ns('run', 'no-such-command-here')).toMatchObject({ status: 127, stdout: '' });
    expect(ns('run', '/no/such/command').status).toBe(127);
    expect(ns('run', file).status).toBe(126);
    expect(ns('run', '/').status).toBe(126);
    expect(ns('run', 'no-such-command-here').stderr).toBe(
      'ns run: no-such-command-here: command not found\n',
    );
    expect(ns('run', file).stderr).toMatch(/^ns run: .*\/file: Permission denied\n$/);
  });

  test.each([
    [['--no-such-option'], 'unknown option --no-such-option'],
    [['-x'], 'unknown option -x'],
    [['--fork=1', 'true'], '--fork takes no value'],
    [['--hostname'], '--hostname needs a value'],
    [['--setgroups', 'maybe', 'true'], "--setgroups must be one of allow, deny, got 'maybe'"],
    [
      ['--boottime', 'soon', 'true'],
      "--boottime must be seconds, or a text such as 150ms, got 'soon'",
    ],
    [['--map-users', '1', 'true'], '--map-users must be INSIDE:OUTSIDE:COUNT'],
    [['--owner', '5', 'true'], "--owner must be UID:GID, got '5'"],
    [
      ['--map-user', 'no such user', 'true'],
      "--map-user must be an id or a name in /etc/passwd, got 'no such user'",
    ],
    [['--hostname', 'x'.repeat(65), 'true'], '64 bytes'],
    [
      ['--kill-child=NOTHING', 'true'],
      "--kill-child must be the name or number of a signal, got 'NOTHING'",
    ],
  ])('with 125 and one line for %j', (args, message) => {
    const { status, stdout, stderr } = ns('run', ...args);
    expect({ status, stdout }).toEqual({ status: 125, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr).toMatch(/^ns run: .*\n$/);
  });
});

describe('signals', () => {
  const script = (signal: string) =>
    `trap 'echo got ${signal}; exit 9' ${signal}; echo ready; while :; do sleep 0.05; done`;

  test.each(['HUP', 'INT', 'QUIT', 'TERM', 'USR1', 'USR2', 'ALRM'])(
    'SIG%s reaches the command',
    async (signal) => {
      const { child, written, ended } = start(...words('run', 'bash', '-c', script(signal)));
      await written('ready');
      child.kill(`SIG${signal}` as NodeJS.Signals);
      expect(await ended()).toMatchObject({ status: 9, stdout: `ready\ngot ${signal}\n` });
    },
  );

  test.each(['--kill-child', '--kill-child=TERM'])(
    'ns run %s kills the command when ns dies',
    async (option) => {
      const look = 'echo $$; exec sleep 60';
      const { child, written, ended } = start(...words('run', '-r', option, 'sh', '-c', look));
      await written('\n');
      child.kill('SIGKILL');
      const pid = Number((await ended()).stdout);
      for (let i = 0; i < 500 && isAlive(pid); i++) await new Promise((go) => setTimeout(go, 10));
      expect(isAlive(pid)).toBe(false);
    },
  );
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('ns run --explain prints the system calls and runs nothing', () => {
  const file = join(temporary(), 'made');
  const { stdout, status } = ns('run', '--explain', '--hostname', 'box', 'touch', file);
  expect(status).toBe(0);
  expect(stdout).toContain('unshare(');
  expect(stdout).toContain('sethostname("box"');
  expect(stdout).toMatch(/execve\(".*\/touch", \["touch", /);
  expect(readdirSync(join(file, '..'))).toEqual([]);
});
