import { readlinkSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  Namespace,
  type NamespaceType,
  namespaceTypes,
  type SandboxOptions,
  sandbox,
} from './index.js';

const types = Object.keys(namespaceTypes) as NamespaceType[];
const linkOf = (type: NamespaceType) => `/proc/self/ns/${namespaceTypes[type].file}`;
const script = `readlink ${types.map(linkOf).join(' ')}`;

/** Types of which a command in this sandbox has another namespace than we have. */
async function newTypes(options?: SandboxOptions): Promise<NamespaceType[]> {
  const { stdout } = await sandbox(options).run('sh', ['-c', script]);
  const seen = stdout.trim().split('\n');
  return types.filter((type, i) => seen[i] !== readlinkSync(linkOf(type)));
}

const none = Object.fromEntries(types.map((type) => [type, false])) as SandboxOptions;

describe('namespaces', () => {
  test('all eight are new by default', async () => {
    expect(await newTypes()).toEqual(types);
    expect(await newTypes({ net: true })).toEqual(types);
  });

  test("those set to false are the caller's", async () => {
    expect(await newTypes({ net: false, time: false })).toEqual(
      types.filter((type) => type !== 'net' && type !== 'time'),
    );
    expect(await newTypes({ ...none, user: true, uts: true })).toEqual(['user', 'uts']);
    expect(await newTypes(none)).toEqual([]);
  });

  test('those given as a handle are joined', async () => {
    const first = await sandbox({ ...none, user: true, net: true }).spawn('sleep', ['60']);
    try {
      using user = Namespace.of(first.pid, 'user');
      using net = Namespace.of(first.pid, 'net');
      const { stdout } = await sandbox({ ...none, user, net, uts: { hostname: 'beside' } }).run(
        'sh',
        ['-c', 'readlink /proc/self/ns/user /proc/self/ns/net; cat /proc/sys/kernel/hostname'],
      );
      expect(stdout).toBe(`${user}\n${net}\nbeside\n`);
    } finally {
      first.kill('SIGKILL');
      await first.exited;
    }
  });
});

describe('what is set up', () => {
  const output = (options: SandboxOptions, ...args: string[]) =>
    sandbox(options)
      .runSync('sh', ['-c', ...args])
      .stdout.trim();

  test('the host name, in both ways to say it', () => {
    const look = 'cat /proc/sys/kernel/hostname';
    expect(output({ hostname: 'box' }, look)).toBe('box');
    expect(output({ uts: { hostname: 'box' } }, look)).toBe('box');
    const both = { hostname: 'box', uts: { domainname: 'example' } };
    expect(output(both, `${look} /proc/sys/kernel/domainname`)).toBe('box\nexample');
  });

  test('who the caller is inside', () => {
    const own = String(process.geteuid?.());
    expect(output({}, 'id -u')).toBe('0');
    expect(output({ user: 'current' }, 'id -u')).toBe(own);
    const uid = [{ inside: 5, outside: Number(own) }];
    expect(output({ user: { map: { uid } } }, 'id -u')).toBe('5');
  });

  test('mounts', () => {
    const mounts = [{ type: 'tmpfs', target: '/mnt' } as const];
    expect(output({ mount: { mounts } }, 'stat --file-system --format %T /mnt')).toBe('tmpfs');
  });

  test('processes', () => {
    expect(output({}, 'cat /proc/1/comm; echo $$')).toBe('ns-init\n2');
    expect(output({ pid: { init: 'none' } }, 'echo $$')).toBe('1');
  });

  test('clocks', () => {
    const look = 'cut -d. -f1 /proc/uptime';
    expect(Number(output({ time: { boottime: 1_000_000 } }, look))).toBeGreaterThan(1_000_000);
  });
});

describe('commands', () => {
  const box = sandbox({ hostname: 'box' });

  test('run gives the output', async () => {
    const result = await box.run('cat', [], { input: 'hello', encoding: 'buffer' });
    expect(result).toMatchObject({ stdout: Buffer.from('hello'), exitCode: 0 });
    await expect(box.run('false')).rejects.toMatchObject({ exitCode: 1 });
  });

  test('runSync does the same at once', () => {
    expect(box.runSync('cat', [], { input: 'hello' }).stdout).toBe('hello');
    expect(box.runSync('sh', ['-c', 'exit 3'], { reject: false }).exitCode).toBe(3);
  });

  test('spawn gives the process', async () => {
    const child = await box.spawn('sh', ['-c', 'kill -TERM $$'], { stdio: 'ignore' });
    expect((await child.exited).signal).toBe('SIGTERM');
  });

  test('each has namespaces of its own', async () => {
    const look = () => box.run('readlink', ['/proc/self/ns/net']);
    const [one, two] = await Promise.all([look(), look()]);
    expect(one.stdout).not.toBe(two.stdout);
  });

  test('explain shows the system calls', () => {
    expect(box.explain('true')).toContain('sethostname("box"');
  });

  test('their namespaces cannot be said twice', async () => {
    // @ts-expect-error: not an option here
    const { stdout } = await box.run('hostname', [], { namespaces: [] });
    expect(stdout).toBe('box\n');
  });
});

describe('wrong options are refused before anything is done', () => {
  test.each<[unknown, string]>([
    [null, 'options must be an object'],
    [{ nte: true }, 'options has no nte; it has user, '],
    [{ net: 1 }, 'net must be a boolean, options or a handle: 1'],
    [{ net: 'none' }, 'net must be a boolean, options or a handle: none'],
    [{ user: 'nobody' }, 'map must be root'],
    [{ uts: false, hostname: 'box' }, 'hostname needs a new uts namespace'],
    [{ uts: { hostname: 'a' }, hostname: 'b' }, 'exclude each other'],
    [{ hostname: 'x'.repeat(65) }, '64 bytes'],
    [{ pid: { init: 'systemd' } }, 'init must be'],
    [{ net: { loopback: 'up' } }, 'loopback must be'],
    [{ mount: { propagation: 'public' } }, 'propagation must be'],
  ])('%j', (options, message) => {
    expect(() => sandbox(options as SandboxOptions)).toThrow(message);
  });

  test('a handle of another type', () => {
    using uts = Namespace.current('uts');
    expect(() => sandbox({ net: uts })).toThrow('net is a handle of a uts namespace');
  });
});
