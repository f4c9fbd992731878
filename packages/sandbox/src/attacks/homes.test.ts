// Attacks on home directories and sockets: hosts that have them elsewhere than at /home and /run.
import type { RootEntry } from '@ns/mount';
import { expect, test } from 'vitest';
import { onHost, passwd } from './fake-host.testing.js';

const KEY = 'PRIVATE KEY of alice';

const directory = (target: string): RootEntry => ({ type: 'directory', target, mode: 0o777 });
const link = (target: string, to: string): RootEntry => ({ type: 'symlink', target, to });
/** A home with a key, and a project in it. */
const homeAt = (home: string): RootEntry[] => [
  { type: 'file', target: `${home}/.ssh/id`, content: KEY },
  directory(`${home}/proj`),
];

interface Layout {
  readonly name: string;
  readonly entries: readonly RootEntry[];
  readonly binds?: readonly (readonly [string, string])[];
  readonly home?: string;
  /** Paths of a home. */
  readonly homes: readonly string[];
}

const layouts: readonly Layout[] = [
  {
    name: '/home is a link',
    entries: [link('/home', 'var/home'), ...homeAt('/var/home/alice'), passwd('/home/alice')],
    home: '/home/alice',
    homes: ['/home/alice', '/var/home/alice'],
  },
  {
    name: '/root is a link',
    entries: [link('/root', 'var/roothome'), ...homeAt('/var/roothome'), passwd('/var/none')],
    homes: ['/root', '/var/roothome'],
  },
  {
    name: 'the user database has a home elsewhere',
    entries: [...homeAt('/data/alice'), passwd('/data/alice')],
    home: '/var/tmp',
    homes: ['/data/alice'],
  },
  {
    name: '$HOME is elsewhere',
    entries: [...homeAt('/data/alice'), passwd('/')],
    home: '/data/alice',
    homes: ['/data/alice'],
  },
  {
    name: 'a home is a link',
    entries: [...homeAt('/data/al'), link('/home/alice', '/data/al'), passwd('/home/alice')],
    home: '/home/alice',
    homes: ['/home/alice', '/data/al'],
  },
  {
    name: 'another user has a home elsewhere',
    entries: [
      ...homeAt('/data/bob'),
      { type: 'file', target: '/etc/passwd', content: 'bob:x:2000:100::/data/bob:/bin/sh\n' },
    ],
    homes: ['/data/bob'],
  },
  {
    name: '/home is mounted elsewhere too',
    entries: [...homeAt('/var/home/alice'), directory('/home'), passwd('/home/alice')],
    binds: [['/var/home', '/home']],
    home: '/home/alice',
    homes: ['/home/alice', '/var/home/alice'],
  },
  {
    name: 'the whole file system is mounted elsewhere too',
    entries: [...homeAt('/home/alice'), directory('/physical'), passwd('/home/alice')],
    binds: [['/', '/physical']],
    home: '/home/alice',
    homes: ['/home/alice', '/physical/home/alice'],
  },
  {
    name: 'a home is mounted elsewhere too',
    entries: [...homeAt('/home/alice'), directory('/data/alice'), passwd('/home/alice')],
    binds: [['/home/alice', '/data/alice']],
    home: '/home/alice',
    homes: ['/home/alice', '/data/alice'],
  },
  {
    name: 'a part of a home is mounted elsewhere too',
    entries: [...homeAt('/home/alice'), directory('/data/alice/.ssh'), passwd('/home/alice')],
    binds: [['/home/alice/.ssh', '/data/alice/.ssh']],
    homes: ['/home/alice', '/data/alice'],
  },
];

// SECURITY.md S11. Each reads the key first without a sandbox.
test.each(layouts)('a sandbox shows no home where $name', async (layout) => {
  const { entries, binds = [], home = '/', homes } = layout;
  const files = homes.map((one) => `${one}/.ssh/id`);
  const script = JSON.stringify(`cat ${files.join(' ')}; echo end`);
  const body = `
    console.log(${files.map((file) => `readFileSync('${file}', 'utf8')`).join(', ')});
    console.log(await sh(${script}), await sh(${script}, build('/srv')));`;
  const seen = await onHost(body, {
    entries: [directory('/srv'), ...entries],
    binds,
    env: { HOME: home },
  });
  const [outside, ...inside] = seen.split('\n');
  expect(outside).toBe(homes.map(() => KEY).join(' '));
  expect(inside.filter((line) => line.trim() === 'end')).toHaveLength(2);
  expect(inside.join('\n')).not.toContain(KEY);
});

test.each(layouts.filter(({ home = '/' }) => home.includes('al')))(
  'a project in a home can be shown where $name',
  async ({ entries, binds = [], home = '/', homes }) => {
    const projects = homes.map((one) => `${one}/proj`);
    const body = projects
      .map(
        (path) => `
    console.log(await sh('echo made > ${path}/made; cat ${path}/made; cat ${path}/../.ssh/id',
      { writable: ['${path}'] }));
    console.log(readFileSync('${path}/made', 'utf8'));`,
      )
      .join('');
    const seen = await onHost(body, { entries, binds, env: { HOME: home } });
    expect(seen.match(/^made$/gm)).toHaveLength(2 * projects.length);
    expect(seen).not.toContain(KEY);
  },
);

test.each<[string, RootEntry[], (readonly [string, string])[]]>([
  ['/run is a link', [link('/run', 'var/run'), directory('/var/run/user')], []],
  [
    '/run is mounted elsewhere too',
    [directory('/run/user'), directory('/var/run')],
    [['/run', '/var/run']],
  ],
  [
    'services have directories of their own',
    [directory('/var/lib/lxd'), directory('/var/snap')],
    [],
  ],
])('a sandbox shows no sockets where %s', async (_, entries, binds) => {
  const paths = ['/run/user', '/var/run/user', '/var/lib/lxd', '/var/snap'];
  const body = `
    const { createServer } = await import('node:net');
    for (const path of ${JSON.stringify(paths)}.filter(existsSync)) {
      const server = createServer().listen(path + '/socket');
      await new Promise((done) => server.once('listening', done));
      const script = 'for f in ${paths.map((path) => `${path}/socket`).join(' ')}; do test -S $f && echo there; done; echo end';
      console.log(existsSync(path + '/socket'), await sh(script), await sh(script, build('/srv')));
      server.close();
      await new Promise((done) => server.once('close', done));
    }`;
  const seen = await onHost(body, { entries: [directory('/srv'), ...entries], binds });
  expect(seen).toMatch(/^true end/);
  expect(seen).not.toContain('there');
});

// What docs/presets.md lists: files and sockets of services, and other disks.
test('a sandbox shows nothing in the directories of services and of other disks', async () => {
  const lib = [
    ...['cloud', 'containerd', 'containers', 'docker', 'incus', 'kubelet', 'libvirt', 'lxc'],
    ...['lxd', 'machines', 'NetworkManager', 'rancher'],
  ];
  const files = [
    ...['/run', '/var/mail', '/var/spool', '/var/log', '/var/backups', '/var/tmp', '/var/snap'],
    ...['/mnt', '/media', '/sysroot', '/.snapshots', '/timeshift'],
    ...lib.map((name) => `/var/lib/${name}`),
  ].map((path) => `${path}/service/key`);
  const script = JSON.stringify(`cat ${files.join(' ')} 2>/dev/null; echo end`);
  const body = `
    console.log(${JSON.stringify(files)}.filter((file) => readFileSync(file, 'utf8') === '${KEY}').length);
    console.log(await sh(${script}), await sh(${script}, build('/srv')));`;
  const entries = files.map((target): RootEntry => ({ type: 'file', target, content: KEY }));
  const seen = await onHost(body, { entries: [directory('/srv'), ...entries] });
  expect(seen).toBe(`${files.length}\nend\n end\n\n`);
});

test('what cannot be hidden is an error that names it', async () => {
  const body = `
    await sandbox.run('true', [], { cgroup: false }).catch((error) => console.log(error.part, error.message));`;
  const seen = await onHost(body, { entries: [link('/home', 'usr')] });
  expect(seen).toMatch(/^root .*cannot hide \/usr: \/usr\/bin is in it/);
});
