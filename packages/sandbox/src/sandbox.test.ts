import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { allNamespaceTypes, createNamespace, Namespace } from '@ns/core';
import { namespaceTypes } from '@ns/core/authors';
import { describe, expect, test } from 'vitest';
import { createSandbox } from './create-sandbox.js';
import type { SandboxOptions } from './options/types.js';
import { run } from './run.js';
import { box, outside, ownTemporaries, sh } from './sandbox.testing.js';

const linkOf = (type: keyof typeof namespaceTypes) => `/proc/self/ns/${namespaceTypes[type].file}`;
const root = process.geteuid?.() === 0;

describe('without options', () => {
  test('all eight namespaces are new, the same for all commands', async () => {
    const made = await box();
    const look = () => sh(made, `readlink ${allNamespaceTypes.map(linkOf).join(' ')}`);
    const [first, second] = [await look(), await look()];
    expect(first).toBe(second);
    const own = allNamespaceTypes.map((type) => readlinkSync(linkOf(type)));
    expect(first.split('\n').filter((one) => own.includes(one))).toEqual([]);
    expect(Object.keys(made.namespaces).sort()).toEqual([...allNamespaceTypes].sort());
    expect(first.split('\n')).toContain(String(made.namespaces.net));
  });

  test('loopback is the only network interface', async () => {
    const made = await box();
    expect(await sh(made, 'sed -n "s/:.*//p" /proc/net/dev')).toBe('lo');
  });

  test('nothing of the host can be written, and /tmp is private', async () => {
    const made = await box();
    expect(await sh(made, 'touch /etc/x || touch /usr/x || touch /var/lib/x')).toMatch(
      /^(touch: .*Read-only file system\n?){3}$/,
    );
    expect(await sh(made, 'echo mine > /tmp/x; ls -A /tmp; ls -A /home /root /run')).toMatch(
      /^x\n/,
    );
    expect(existsSync('/tmp/x')).toBe(false);
  });

  test('commands have no capabilities, and gain none', async () => {
    const made = await box();
    const status = await sh(made, 'cat /proc/self/status');
    for (const set of ['Inh', 'Prm', 'Eff', 'Bnd', 'Amb']) {
      expect(status).toMatch(new RegExp(`^Cap${set}:\\t0+$`, 'm'));
    }
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
  });

  test('the environment is clean', async () => {
    process.env.NS_SECRET = 'of the caller';
    try {
      const made = await box();
      const names = (await sh(made, 'env')).split('\n').map((line) => line.split('=')[0]);
      expect(names.filter((name) => name !== 'PWD').sort()).toEqual(['HOME', 'LANG', 'PATH']);
    } finally {
      delete process.env.NS_SECRET;
    }
  });

  test('commands are in a session of their own', async () => {
    const made = await box();
    const { stdout } = await made.run('cat', ['/proc/self/stat']);
    const [pid, , , , , session] = stdout.split(' ');
    expect(session).toBe(pid);
  });

  test('maps commands to the caller outside; for root, to ids of no user', async () => {
    const made = await box();
    const child = await made.spawn('sleep', ['60'], { stdio: 'ignore' });
    const uid = /^Uid:\t(\d+)/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1];
    if (root) expect(Number(uid)).toBeGreaterThan(65_535);
    else expect(Number(uid)).toBe(process.geteuid?.());
  });

  test('nothing is left when it has stopped', async () => {
    const temporaries = ownTemporaries();
    const made = await createSandbox();
    const child = await made.spawn('sleep', ['60'], { stdio: 'ignore' });
    await made.stop();
    await made.stop();
    expect((await child.exited).signal).toBe('SIGKILL');
    expect(existsSync(`/proc/${made.pid}`)).toBe(false);
    expect(readdirSync(temporaries)).toEqual([]);
    await expect(made.run('true')).rejects.toThrow('has been stopped');
    await expect(made.files.read('/etc/hostname')).rejects.toThrow('has been stopped');
  });
});

describe('run', () => {
  test('gives the output of one command, and how the sandbox turned out', async () => {
    const result = await run('cat', [], { input: 'hello', limits: { files: 64 } });
    expect(result).toMatchObject({ stdout: 'hello', exitCode: 0 });
    expect(result.report).toEqual({
      limits: { files: { keeper: 'rlimit', scope: 'process' } },
      missing: [],
    });
  });

  test('ends with the command, whatever that has left behind', async () => {
    const { stdout } = await run('sh', ['-c', 'sleep 600 & echo started']);
    expect(stdout).toBe('started\n');
  });

  test('fails as the command does, or is ended at its limits', async () => {
    await expect(run('sh', ['-c', 'exit 3'])).rejects.toMatchObject({ exitCode: 3 });
    await expect(
      run('sh', ['-c', 'trap "" TERM; sleep 600'], { timeout: 50 }),
    ).rejects.toMatchObject({
      code: 'ETIMEDOUT',
      signal: 'SIGKILL',
    });
    await expect(run('yes', [], { maxBuffer: 1000 })).rejects.toMatchObject({
      code: 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER',
    });
    await expect(run('true', [], { signal: AbortSignal.abort() })).rejects.toThrow('aborted');
    await expect(run('no-such-command')).rejects.toThrow('ENOENT');
  });
});

describe('options', () => {
  test('host name, clocks, working directory and variables', async () => {
    const made = await box({
      hostname: 'inside',
      time: { boottime: '1000000s' },
      workdir: '/usr',
      env: { A: 'sandbox', B: 'sandbox' },
    });
    const look = 'cat /proc/sys/kernel/hostname; pwd; cut -d. -f1 /proc/uptime; echo $A $B';
    const { stdout } = await made.run('sh', ['-c', look], { env: { B: 'command' } });
    const [hostname, directory, uptime, variables] = stdout.split('\n');
    expect([hostname, directory, variables]).toEqual(['inside', '/usr', 'sandbox command']);
    expect(Number(uptime)).toBeGreaterThan(1_000_000);
  });

  test('secrets are files that the commands can read', async () => {
    const made = await box({ secrets: { token: 's3cret', key: Buffer.from('bytes') } });
    expect(
      await sh(made, 'cd /run/secrets; cat token key; stat -c %a token; stat -f -c %T .'),
    ).toBe('s3cretbytes400\ntmpfs');
  });

  test('capabilities are those that are named', async () => {
    const made = await box({ user: 'root', capabilities: ['net_admin', 'cap_sys_resource'] });
    expect(await sh(made, 'grep CapEff /proc/self/status')).toBe('CapEff:\t0000000000001000');
    expect(await sh(made, 'ip link add one type veth peer name two && ip -br link | wc -l')).toBe(
      '3',
    );
  });

  test('commands run as `options.user`', async () => {
    expect(await sh(await box({ user: 'root' }), 'id -u; id -g')).toBe('0\n0');
    expect(await sh(await box({ user: { uid: 7, gid: 8 } }), 'id -u; id -g')).toBe('7\n8');
    const current = `${process.geteuid?.()}\n${process.getegid?.()}`;
    expect(await sh(await box({ user: 'current' }), 'id -u; id -g')).toBe(current);
  });

  test("the host's network can be shared", async () => {
    const made = await box({ network: 'host' });
    expect(await sh(made, 'readlink /proc/self/ns/net')).toBe(readlinkSync('/proc/self/ns/net'));
    expect(made.net).toBeUndefined();
  });

  test('another network namespace can be joined', async ({ skip }) => {
    skip(!root, 'joining one of another user namespace takes root');
    using lab = createNamespace('net');
    const made = await box({ network: lab });
    expect(await sh(made, 'readlink /proc/self/ns/net')).toBe(String(lab));
  });

  test('a small tmp is full when it is full', async () => {
    const made = await box({ tmp: '1M' });
    expect(await sh(made, 'head -c 2M /dev/zero > /tmp/x; stat -c %s /tmp/x')).toMatch(
      /No space left on device\n1048576$/,
    );
  });
});

describe('a sandbox that stays', () => {
  test('has processes that see each other', async () => {
    const made = await box();
    const child = await made.spawn('sleep', ['60'], { stdio: 'ignore' });
    expect(await sh(made, 'cat /proc/[0-9]*/comm')).toContain('sleep');
    expect(made.usage()).toMatchObject({ processes: 2, memory: expect.any(Number) });
    expect(made.signal('SIGTERM')).toBe(1);
    expect((await child.exited).signal).toBe('SIGTERM');
  });

  test('runs functions', async () => {
    const made = await box();
    const answer = await made.clone((a: number) => [process.pid > 1, a + 1], { args: [1] });
    expect(answer).toEqual([true, 2]);
  });

  test('has a network for this process too', async () => {
    const made = await box();
    expect(made.net?.rtnetlink.links.list().map(({ ifname }) => ifname)).toEqual(['lo']);
    const server = made.net?.inside().createServer((socket) => socket.end());
    await new Promise<void>((resolve) => server?.listen(8080, resolve));
    expect(await sh(made, 'grep -c ":1F90 " /proc/net/tcp6')).toBe('1');
    await new Promise((resolve) => server?.close(resolve));
  });

  test('stop gives processes the time of grace to end', async () => {
    const made = await createSandbox();
    const child = await made.spawn('sh', [
      '-c',
      'trap "exit 7" TERM; echo ready; while :; do sleep 0.1; done',
    ]);
    for await (const line of child.lines) if (line === 'ready') break;
    await made.stop({ grace: 20_000 });
    expect((await child.exited).code).toBe(7);
  });

  test('stop kills processes after the grace', async () => {
    const made = await createSandbox();
    const child = await made.spawn('sh', ['-c', 'trap "" TERM; echo ready; sleep 600; sleep 600']);
    for await (const line of child.lines) if (line === 'ready') break;
    await made.stop({ grace: 50 });
    expect((await child.exited).signal).toBe('SIGKILL');
  });

  test('emits spawn and exit', async () => {
    const made = await createSandbox();
    const events: string[] = [];
    made.events.on('spawn', (child) => events.push(child.spawnfile));
    made.events.on('exit', ({ signal }) => events.push(String(signal)));
    await made.run('true');
    await made.stop();
    expect(events).toEqual(['true', 'SIGKILL']);
  });
});

describe('createSandbox refuses wrong options by their names', () => {
  const twice = [
    { inside: 0, outside: 0 },
    { inside: 0, outside: 1 },
  ];
  test.each<[unknown, string]>([
    [null, 'options must be an object, got null'],
    [[], 'options must be an object, got []'],
    [{ netwerk: 'none' }, 'options.netwerk is not known (did you mean network?)'],
    [{ network: 'some' }, 'options.network must be "none", "host", "private", { uplink'],
    [
      { root: { directory: 'relative' } },
      "options.root.directory must be an absolute path, got 'relative'",
    ],
    [{ root: {} }, 'options.root must be { directory } or { tar } or { oci }, got {}'],
    [{ writable: '/x' }, 'options.writable must be an array'],
    [{ tmp: 0 }, 'options.tmp must be a size of at least 1 byte, got 0'],
    [{ tmp: '0M' }, "options.tmp must be a size of at least 1 byte, got '0M'"],
    [
      { root: { directory: '/', overlay: { discard: '0' } } },
      'options.root.overlay.discard must be a size',
    ],
    [{ limits: { pids: 0 } }, 'options.limits.pids must be an integer of at least 1, got 0'],
    [{ limits: { memory: '1X' } }, 'options.limits.memory must be a number of bytes or a text'],
    [{ capabilities: ['cap_everything'] }, 'must be the name of a capability'],
    [{ user: { uid: -1 } }, 'options.user.uid must be an integer from 0 to 4294967294, got -1'],
    [{ hostname: '' }, 'options.hostname must be a text of 1 to 64 characters'],
    [{ optional: ['user'] }, 'options.optional[0] must be one of "time", "cgroup"'],
    [{ secrets: { '../x': 'a' } }, 'a name in options.secrets must be the name of a file'],
    [{ env: { A: 1 } }, 'options.env.A must be a string, got 1'],
    [{ env: { 'A=B': 'x' } }, "a name in options.env must be the name of a variable, got 'A=B'"],
    [{ secrets: null }, 'options.secrets must be an object, got null'],
    [{ secrets: 'abc' }, "options.secrets must be an object, got 'abc'"],
    [{ secrets: ['a'] }, 'options.secrets must be an object'],
    [{ network: { dns: ['1.2.3.4\nsearch x'] } }, 'options.network.dns[0] must be an IP address'],
    [{ limits: { memory: 2 ** 60 } }, 'options.limits.memory must be a number of bytes'],
    [{ limits: { memory: `${2 ** 60}` } }, 'options.limits.memory must be less than 8 PiB'],
    [{ timeout: 2 ** 31 }, 'options.timeout must be a duration from 0 to 2147483647 ms'],
    [{ readable: ['/a', '/b/../c'] }, 'options.readable[1] must be an absolute path without ..'],
    [{ writable: ['//.'] }, 'options.writable[0] must be an absolute path without .., other than'],
    [{ mask: ['/a\n/../b'] }, 'options.mask[0] must be an absolute path without ..'],
    [{ mounts: [{ type: 'x', target: '/a' }] }, 'options.mounts[0].type must be one of'],
    [{ mounts: [{ type: 'tmpfs', target: '/a', size: 'x' }] }, 'options.mounts[0].size must be'],
    [{ mounts: [{ type: 'tmpfs' }] }, 'options.mounts[0].target must be'],
    [{ time: { monotonic: 1e30 } }, 'options.time.'],
    [
      { user: { map: { uid: [{ inside: 0, outside: 0, length: 2 ** 32 }] } } },
      'options.user.map.uid[0].length must be an integer from 1 to 4294967295',
    ],
    [{ user: { map: { uid: twice } } }, 'options.user.map.uid: two ranges have inside id 0'],
    [
      { protect: ['/srv/x'] },
      'options.protect must have paths inside of those of options.writable',
    ],
  ])('%j: %s', async (options, message) => {
    await expect(createSandbox(options as SandboxOptions)).rejects.toThrow(message);
  });

  test('a handle of another type', async () => {
    using uts = Namespace.current('uts');
    await expect(createSandbox({ network: uts })).rejects.toThrow(
      'options.network must be a net namespace, got one of type uts',
    );
  });
});

test('a command refuses options that the sandbox sets', async () => {
  const made = await box();
  const decided = {
    namespaces: [],
    cgroup: 5,
    seccomp: new Uint8Array(8),
    uid: 0,
    detached: false,
  };
  for (const [name, value] of Object.entries(decided)) {
    const message = `options.${name} cannot be set per command`;
    const options = { [name]: value } as never;
    await expect(made.run('true', [], options)).rejects.toThrow(message);
    await expect(made.spawn('true', [], options)).rejects.toThrow(message);
    await expect(made.fork('x.js', [], options)).rejects.toThrow(message);
    await expect(made.clone(() => 1, options)).rejects.toThrow(message);
  }
});

test('methods of a sandbox reject wrong options by their names, and never throw', async () => {
  const made = await box();
  for (const options of [null, 5, []] as never[]) {
    const message = 'options must be an object';
    await expect(made.run('true', [], options)).rejects.toThrow(message);
    await expect(made.fork('x.js', [], options)).rejects.toThrow(message);
    await expect(run('true', [], options)).rejects.toThrow(message);
    await expect(made.files.read('/etc/passwd', options)).rejects.toThrow(message);
    await expect(made.stop(options)).rejects.toThrow(message);
  }
  await expect(run('true', [], { signal: 5 as never })).rejects.toThrow(
    'options.signal must be an AbortSignal, got 5',
  );
  const { files } = made;
  await expect(files.read('/etc/passwd', { maxBytes: -1 })).rejects.toThrow(
    'options.maxBytes must be',
  );
  await expect(files.read('/etc/passwd', { encoding: 'x' as never })).rejects.toThrow(
    'options.encoding must be',
  );
  await expect(files.write('/tmp/a', 5 as never)).rejects.toThrow(
    'content must be a text or bytes',
  );
  await expect(files.write('/tmp/a', '', { made: 1 } as never)).rejects.toThrow(
    'options.made is not known (did you mean mode?)',
  );
  await expect(made.stop({ grace: 2 ** 31 })).rejects.toThrow('options.grace must be a duration');
  await expect(made.stop({ grace: Number.POSITIVE_INFINITY })).rejects.toThrow('options.grace');
  expect(await made.run('echo', ['well'])).toMatchObject({ stdout: 'well\n' });
});

test('run rejects with an AbortError before anything is created, and while a root is unpacked', async () => {
  const reason = new Error('enough');
  const expected = { name: 'AbortError', code: 'ABORT_ERR', cause: reason };
  await expect(run('true', [], { signal: AbortSignal.abort(reason) })).rejects.toMatchObject(
    expected,
  );
  const directory = outside();
  const temporaries = ownTemporaries();
  execFileSync('sh', ['-c', 'head -c 64M /dev/zero > zeros && tar -cf ../root.tar .'], {
    cwd: mkdtempSync(join(directory, 'root-')),
  });
  const controller = new AbortController();
  const aborted = run('true', [], {
    root: { tar: join(directory, 'root.tar') },
    onProgress: () => controller.abort(reason),
    signal: controller.signal,
  });
  await expect(aborted).rejects.toMatchObject(expected);
  expect(readdirSync(temporaries)).toEqual([]);
});

test('a stopped sandbox refuses everything but a second stop', async () => {
  const made = await createSandbox();
  await made.stop();
  await made.stop();
  const message = 'the sandbox has been stopped';
  expect(() => made.signal('SIGTERM')).toThrow(message);
  expect(() => made.usage()).toThrow(message);
  await expect(made.freeze()).rejects.toThrow(message);
  await expect(made.thaw()).rejects.toThrow(message);
  await expect(made.run('true')).rejects.toThrow(message);
});
