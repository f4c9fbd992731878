// Roots that try to make us mount or write outside of them.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { isRunError, isSystemError, type NamespaceSpec, runSync } from '@ns/core';
import { expect, onTestFinished, test } from 'vitest';
import { asRoot, scratchDirectory, system } from '../testing.js';
import type { RootEntry, RootfsOptions } from './options.js';
import { rootfs } from './rootfs.js';

const RLIMIT_NOFILE = 7;

/** A root with a link at /data, and a directory outside that nothing may reach. */
function hostile(link: (outside: string) => string): { top: string; outside: string } {
  const top = scratchDirectory();
  const outside = scratchDirectory();
  writeFileSync(join(outside, 'secret'), 'outside');
  for (const name of ['dev', 'proc', 'sys', 'tmp', 'usr', 'etc', 'run']) mkdirSync(join(top, name));
  for (const name of ['bin', 'lib', 'lib64', 'sbin']) symlinkSync(`usr/${name}`, join(top, name));
  symlinkSync(link(outside), join(top, 'data'));
  return { top, outside };
}

function sh(script: string, options: RootfsOptions): string {
  const mounts = [...system.filter(({ target }) => target === '/usr'), ...(options.mounts ?? [])];
  const namespaces = [asRoot(), { type: 'pid' as const }, rootfs({ ...options, mounts })];
  return runSync('/bin/sh', ['-ec', script], { namespaces, cwd: '/' }).stdout as string;
}

const kinds = (target: string): RootEntry[] => [
  { type: 'tmpfs', target },
  { type: 'directory', target },
  { type: 'file', target, content: 'written by us' },
  { type: 'symlink', target, to: 'written by us' },
  { type: 'bind', source: '/etc/passwd', target },
];

/** Puts each kind of entry at this path, checks that nothing changes outside, and returns the results. */
function attempts(link: (outside: string) => string, target: string): string[] {
  return [false, true].flatMap((overlay) =>
    kinds(target)
      .filter(({ type }) => overlay || (type !== 'directory' && type !== 'symlink'))
      .map((entry) => {
        const { top, outside } = hostile(link);
        const before = readlinkSync(join(top, 'data'));
        let outcome = 'made';
        try {
          sh('true', { source: top, overlay, mounts: [entry] });
        } catch (error) {
          if (!isSystemError(error)) throw error;
          outcome = error.code;
        }
        expect(readdirSync(outside)).toEqual(['secret']);
        expect(readlinkSync(join(top, 'data'))).toBe(before);
        return `${overlay ? 'overlay' : 'bound'} ${entry.type} ${outcome}`;
      }),
  );
}

test('an absolute link to a directory outside leads into the root, here to its /tmp', () => {
  expect(attempts((outside) => outside, '/data/x')).toEqual([
    'bound tmpfs ENOENT',
    'bound file ENOENT',
    'bound bind ENOENT',
    'overlay tmpfs EXDEV',
    'overlay directory EXDEV',
    'overlay file EEXIST',
    'overlay symlink EEXIST',
    'overlay bind EEXIST',
  ]);
});

test('a relative link past the root ends at the root', () => {
  const { top, outside } = hostile((path) => `../../../../../../..${path}`);
  expect(() => sh('true', { source: top, mounts: [{ type: 'tmpfs', target: '/data' }] })).toThrow(
    'ENOENT',
  );
  expect(readdirSync(outside)).toEqual(['secret']);
});

test('a link to .. leads to the root itself, which can be mounted on only inside', () => {
  const { top } = hostile(() => '../..');
  const mounts: RootEntry[] = [{ type: 'tmpfs', target: '/data/etc', size: '1M' }];
  expect(sh('stat -f -c %T /etc', { source: top, mounts })).toBe('tmpfs\n');
});

test.each(['/proc/self/cwd', '/proc/self/root', '/proc/1/root', '/proc/self/fd/3'])(
  'a link to %s is not followed',
  (link) => {
    for (const outcome of attempts(() => link, '/data/tmp/x')) {
      expect(outcome).toMatch(/ (ELOOP|ENOENT|EEXIST|ENOTDIR|EXDEV|EACCES)$/);
    }
  },
);

test('a dangling link is not made real', () => {
  for (const outcome of attempts(() => '/no/where', '/data/x')) {
    expect(outcome).toMatch(/ (ENOENT|EEXIST)$/);
  }
});

test('a link in a circle is an error', () => {
  for (const outcome of attempts(() => '/data', '/data/x')) expect(outcome).toMatch(/ ELOOP$/);
});

test('a link to /etc means the /etc of the root', () => {
  const { top } = hostile(() => '/etc');
  const mounts: RootEntry[] = [{ type: 'file', target: '/data/mark', content: 'here' }];
  expect(sh('cat /etc/mark', { source: top, overlay: true, mounts })).toBe('here');
  expect(readdirSync('/etc')).not.toContain('mark');
});

test.each(['dev', 'proc', 'sys'])('/%s may not be a link', (name) => {
  const top = scratchDirectory();
  for (const other of ['dev', 'proc', 'sys', 'tmp', 'etc']) {
    if (other === name) symlinkSync('etc', join(top, other));
    else mkdirSync(join(top, other));
  }
  for (const overlay of [false, true]) {
    const namespaces = [asRoot(), { type: 'pid' as const }, rootfs({ source: top, overlay })];
    expect(() => runSync('/bin/true', [], { namespaces, cwd: '/' })).toThrow('ENOTDIR');
  }
});

test('targets that climb are refused before anything is done', () => {
  const options = (target: string) => () => rootfs({ mounts: [{ type: 'tmpfs', target }] });
  expect(options('/a/../../b')).toThrow('rootfs.mounts[0].target must be a path without .., got');
  expect(options('a')).toThrow('rootfs.mounts[0].target must be an absolute path');
  expect(options('/')).toThrow('rootfs.mounts[0].target must be a path below the root, got');
  expect(options('//.//')).toThrow('rootfs.mounts[0].target must be a path below the root, got');
});

test('a mountpoint that is swapped for a link meanwhile never leads outside', async () => {
  const { top, outside } = hostile((path) => path);
  mkdirSync(join(top, 'spare'));
  const swap = `
    const { renameSync } = require('fs');
    process.chdir(${JSON.stringify(top)});
    console.log('swapping');
    for (;;) {
      renameSync('data', 'link'); renameSync('spare', 'data');
      renameSync('data', 'spare'); renameSync('link', 'data');
    }`;
  const swapper = spawn(process.execPath, ['-e', swap], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(async () => {
    swapper.kill('SIGKILL');
    if (swapper.exitCode === null && swapper.signalCode === null) await once(swapper, 'exit');
  });
  await once(swapper.stdout, 'data');
  const source = scratchDirectory();
  writeFileSync(join(source, 'mark'), 'bound');
  const outcomes = new Set<string>();
  for (let i = 0; i < 60; i++) {
    try {
      const mounts: RootEntry[] = [{ type: 'bind', source, target: '/data' }];
      const seen = sh('cat /spare/mark /data/mark 2>/dev/null || true', { source: top, mounts });
      outcomes.add(seen.replaceAll('bound', ''));
    } catch (error) {
      if (!isSystemError(error) && !isRunError(error)) throw error;
    }
  }
  expect([...outcomes].join()).toBe(''); // the mount was seen once, twice (it moves along) or never
  expect(readdirSync(outside)).toEqual(['secret']);
});

/** A link that leads to a path by way of `/`, as /var/run -> ../run does. */
function climbingLink(to: string): string {
  const link = join(scratchDirectory(), 'link');
  const up = dirname(link)
    .split('/')
    .slice(1)
    .map(() => '..');
  symlinkSync(`${up.join('/')}${to}`, link);
  return link;
}

/** A hostile image: where the caller's link leads in the caller's tree, it has one to a secret. */
function trap(): { top: string; meant: string; secret: string; link: string } {
  const { top } = hostile(() => '/etc');
  const [meant, secret] = [scratchDirectory(), scratchDirectory()];
  for (const [directory, content] of [
    [meant, 'meant'],
    [secret, 'TOP SECRET'],
  ] as const) {
    writeFileSync(join(directory, 'file'), content);
  }
  mkdirSync(join(top, dirname(meant)), { recursive: true });
  symlinkSync(secret, join(top, meant));
  return { top, meant, secret, link: climbingLink(meant) };
}

// SECURITY.md S3. With what the child resolves after the new root is stacked on `/`, all of these show
// the secret.
test.each([false, true])(
  'a bind source by way of / is of the tree of the caller, with overlay: %s',
  (overlay) => {
    const { top, meant, secret, link } = trap();
    const mounts: RootEntry[] = [
      { type: 'bind', source: link, target: '/run' },
      { type: 'bind', source: `${link}/file`, target: '/run/file', readonly: true },
    ];
    const seen = sh('cat /run/file; echo written > /run/new', {
      source: top,
      overlay,
      mounts,
      tmp: false,
    });
    expect(seen).toBe('meant');
    expect(readFileSync(join(meant, 'new'), 'utf8')).toBe('written\n');
    expect(readdirSync(secret)).toEqual(['file']);
  },
);

test('a bind source by way of / is the one that bwrap(1) binds', ({ skip }) => {
  skip(!existsSync('/usr/bin/bwrap'), 'needs bwrap(1)');
  const { top, link } = trap();
  const args = ['--bind', top, '/', '--ro-bind', '/usr', '/usr', '--bind', link, '/run'];
  const { stdout } = runSync('bwrap', [...args, '/bin/cat', '/run/file']);
  const mounts: RootEntry[] = [{ type: 'bind', source: link, target: '/run' }];
  expect(sh('cat /run/file', { source: top, mounts, tmp: false })).toBe(stdout);
});

test('layers by way of / are of the tree of the caller', () => {
  const { top, link } = trap();
  const layers = scratchDirectory();
  for (const name of ['upper', 'work']) mkdirSync(join(layers, name));
  const [upper, work] = [climbingLink(join(layers, 'upper')), climbingLink(join(layers, 'work'))];
  const mounts: RootEntry[] = [
    { type: 'overlay', target: '/run', lower: [link], upper, work },
    { type: 'overlay', target: '/etc', lower: [link, '/usr/bin'] },
  ];
  const seen = sh('cat /run/file /etc/file; echo new > /run/new', {
    source: top,
    mounts,
    tmp: false,
  });
  expect(seen).toBe('meantmeant');
  expect(readFileSync(join(layers, 'upper/new'), 'utf8')).toBe('new\n');
});

test('the root and its own layers may be links by way of /', () => {
  const { top, meant, link } = trap();
  const layers = scratchDirectory();
  for (const name of ['upper', 'work']) mkdirSync(join(layers, name));
  const source = climbingLink(top);
  expect(readdirSync(source)).toContain('data');
  const lower = [link];
  for (const overlay of [
    { lower },
    { lower, upper: `${climbingLink(layers)}/upper`, work: `${climbingLink(layers)}/work` },
  ]) {
    expect(sh('cat /file; echo new > /new', { source, overlay, tmp: false })).toBe('meant');
  }
  expect(readdirSync(meant)).toEqual(['file']);
  expect(readFileSync(join(layers, 'upper/new'), 'utf8')).toBe('new\n');
  expect(readdirSync(top)).not.toContain('new');
  expect(sh('readlink /data', { source, tmp: false })).toBe('/etc\n');
});

test('an empty root takes sources by way of / too', () => {
  const { link } = trap();
  const mounts: RootEntry[] = [
    ...system,
    { type: 'bind', source: `${link}/file`, target: '/x' },
    { type: 'bind', source: '/etc/os-release', target: '/etc/os-release' },
  ];
  expect(sh('cat /x /etc/os-release', { mounts })).toBe(
    `meant${readFileSync('/etc/os-release', 'utf8')}`,
  );
});

test('500 mounts take fewer than 256 descriptors at a time', () => {
  const source = scratchDirectory();
  writeFileSync(join(source, 'file'), 'bound');
  const mounts = Array.from({ length: 500 }, (_, i): RootEntry[] => [
    { type: 'bind', source, target: `/many/${i}`, readonly: true },
    { type: 'bind', source: join(source, 'file'), target: `/many/${i}/file` },
  ]).flat();
  // Before the root is made; the option `rlimits` takes effect after it.
  const limited: NamespaceSpec = {
    type: 'uts',
    prepare(child) {
      const limits = new Uint8Array(BigUint64Array.of(256n, 256n).buffer);
      child.program('settings').call('prlimit64', 0, RLIMIT_NOFILE, limits, null);
    },
  };
  const namespaces = [asRoot(), limited, rootfs({ proc: false, mounts: [...system, ...mounts] })];
  const { stdout } = runSync('/bin/sh', ['-c', 'ulimit -n; cat /many/499/file'], {
    namespaces,
    cwd: '/',
  });
  expect(stdout).toBe('256\nbound');
});

test('a link with .. in it is followed while all is renamed all the time', async () => {
  const { top } = hostile(() => `${'usr/../'.repeat(30)}etc`);
  const swap = `chdir ${JSON.stringify(scratchDirectory())}; mkdir "x"; $| = 1; print "up";
    while (1) { rename "x", "y"; rename "y", "x" }`;
  const swapper = spawn('perl', ['-e', swap], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(async () => {
    swapper.kill('SIGKILL');
    if (swapper.exitCode === null && swapper.signalCode === null) await once(swapper, 'exit');
  });
  await once(swapper.stdout, 'data');
  const mounts: RootEntry[] = [{ type: 'tmpfs', target: '/data', size: '1M' }];
  for (let i = 0; i < 60; i++) {
    expect(sh('stat -f -c %T /etc', { source: top, mounts })).toBe('tmpfs\n');
  }
}, 60_000);
