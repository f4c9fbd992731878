import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type NamespaceSpec, runSync } from '@ns/core';
import { describe, expect, test } from 'vitest';
import { asRoot, scratchDirectory, system } from '../testing.js';
import type { RootfsOptions } from './options.js';
import { rootfs } from './rootfs.js';

function inside(options: RootfsOptions, ...types: NamespaceSpec['type'][]): NamespaceSpec[] {
  const mounts = [...system, ...(options.mounts ?? [])];
  return [asRoot(), ...types.map((type) => ({ type })), rootfs({ ...options, mounts })];
}

function sh(script: string, options: RootfsOptions, ...types: NamespaceSpec['type'][]): string {
  const namespaces = inside(options, 'pid', 'net', 'ipc', ...types);
  const { stdout } = runSync('/bin/sh', ['-ec', script], { namespaces, cwd: '/' });
  return stdout as string;
}

/** A directory like a small system, without the programs. */
function source(): string {
  const top = scratchDirectory();
  for (const name of ['dev', 'proc', 'sys', 'tmp', 'etc', 'usr', 'run', 'var', 'data']) {
    mkdirSync(join(top, name));
  }
  for (const name of ['bin', 'lib', 'lib64', 'sbin']) symlinkSync(`usr/${name}`, join(top, name));
  writeFileSync(join(top, 'etc/hostname'), 'image\n');
  symlinkSync('/run', join(top, 'var/run'));
  return top;
}

describe('an empty root', () => {
  test('cannot be furnished where no ids are mapped, and the error says so', () => {
    const namespaces: NamespaceSpec[] = [{ type: 'user' }, { type: 'pid' }, rootfs()];
    expect(() => runSync('/bin/true', [], { namespaces })).toThrow(
      /^mkdirat\(.*EOVERFLOW.*\n {2}The user namespace does not map these ids/,
    );
  });

  test('has what is put into it, and nothing of the old root', () => {
    const seen = sh('ls /; cat /proc/self/mountinfo', {}).split('\n');
    const names = seen.filter((line) => /^\w+$/.test(line));
    const usual = ['bin', 'dev', 'lib', 'lib64', 'proc', 'sbin', 'sys', 'tmp', 'usr'];
    expect(names).toEqual(usual.filter((name) => names.includes(name)));
    const points = seen.filter((line) => line.includes(' - ')).map((line) => line.split(' ')[4]);
    expect(points[0]).toBe('/');
    const roots = points.filter((point) => point === '/');
    expect(roots).toHaveLength(1);
  });

  test('takes files, directories and links', () => {
    const seen = sh('cat /etc/motd; stat -c %a /etc/motd /var/lib/x; readlink /etc/link', {
      mounts: [
        { type: 'file', target: '/etc/motd', content: 'welcome\n', mode: 0o640 },
        { type: 'directory', target: '/var/lib/x', mode: 0o700 },
        { type: 'symlink', target: '/etc/link', to: '/nowhere' },
      ],
    });
    expect(seen).toBe('welcome\n640\n700\n/nowhere\n');
  });

  test('can be read-only, while what is mounted in it is not', () => {
    const seen = sh('touch /tmp/x; touch /x 2>&1 || true', { readonly: true });
    expect(seen).toContain('Read-only file system');
  });

  test('can be read-only with files mounted in it', () => {
    const mounts: RootfsOptions['mounts'] = [
      { type: 'bind', source: '/dev/null', target: '/etc/empty' },
    ];
    expect(sh('touch /etc/x 2>&1 || cat /etc/empty', { readonly: true, mounts })).toContain(
      'Read-only file system',
    );
  });

  test('knows the files of /etc', () => {
    const options = { hostname: 'box', resolv: 'nameserver 192.0.2.1\n', hosts: '192.0.2.2 a\n' };
    expect(sh('cat /etc/hostname /etc/resolv.conf /etc/hosts', options)).toBe(
      'box\nnameserver 192.0.2.1\n192.0.2.2 a\n',
    );
  });

  test('has the working directory that was asked for', () => {
    const namespaces = inside({ workdir: '/usr' });
    expect(runSync('pwd', [], { namespaces }).stdout).toBe('/usr\n');
  });
});

describe('/dev', () => {
  test('has working devices, links, terminals and shared memory', () => {
    const seen = sh(
      'echo x >/dev/null; head -c 2 /dev/zero | wc -c; head -c 1 /dev/urandom | wc -c; ls /dev; stat -f -c %T /dev/shm /dev/pts; test -w /dev/full; test -c /dev/ptmx',
      {},
    );
    expect(seen.trim().split(/\s+/)).toEqual(
      '2 1 fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero tmpfs devpts'.split(
        ' ',
      ),
    );
  });
});

describe('/proc and /sys', () => {
  test('are those of the new namespaces', () => {
    const seen = sh('readlink /proc/self; ls /sys/class/net', {});
    expect(seen.trim().split('\n')[1]).toBe('lo');
    expect(Number(seen.split('\n')[0])).toBeLessThan(10);
  });

  test('hide and protect what they should', () => {
    const seen = sh(
      'wc -c </proc/keys; ls /sys/firmware | wc -l; (echo x >/proc/sys/kernel/hostname) 2>&1 || true; touch /sys/x 2>&1 || true',
      {},
    ).split('\n');
    expect(seen.slice(0, 2)).toEqual(['0', '0']);
    expect(seen[2]).toContain('Read-only file system');
    expect(seen[3]).toContain('Read-only file system');
  });

  test('are those of outside without namespaces of their own', () => {
    const namespaces = inside({});
    const { stdout } = runSync('readlink', ['/proc/self'], { namespaces });
    expect(Number(stdout)).toBeGreaterThan(0);
  });
});

describe('a directory as the root', () => {
  test('is shown, and can be changed', () => {
    const top = source();
    sh('touch /data/new', { source: top });
    expect(readdirSync(join(top, 'data'))).toEqual(['new']);
  });

  test('can be read-only', () => {
    const top = source();
    expect(sh('touch /data/new 2>&1 || true', { source: top, readonly: true })).toContain(
      'Read-only file system',
    );
    expect(readdirSync(join(top, 'data'))).toEqual([]);
  });

  test('can be the present root', () => {
    expect(
      sh('findmnt -n -o TARGET / | wc -l; touch /x 2>&1 || true', {
        source: '/',
        readonly: true,
        mounts: [],
      }),
    ).toMatch(/^1\n.*Read-only file system/);
  });

  test('stays as it is under an overlay in memory', () => {
    const top = source();
    const seen = sh('touch /data/new; rm /etc/hostname; mkdir -p /opt/x; ls /data /etc', {
      source: top,
      overlay: true,
    });
    expect(seen).toBe('/data:\nnew\n\n/etc:\n');
    expect(readdirSync(join(top, 'data'))).toEqual([]);
    expect(readFileSync(join(top, 'etc/hostname'), 'utf8')).toBe('image\n');
    expect(readdirSync(top)).not.toContain('opt');
  });

  test('has no more memory for changes than it is given', () => {
    const top = source();
    const fill = 'head -c 2M /dev/zero > /data/a || stat -c %s /data/a';
    const overlay = { size: '1M', inodes: 200 };
    expect(Number(sh(fill, { source: top, overlay }))).toBeLessThanOrEqual(2 ** 20);
    const make = 'i=0; while echo > /data/$i; do i=$((i+1)); done 2>/dev/null; echo $i';
    expect(Number(sh(make, { source: top, overlay }))).toBeLessThan(200);
    expect(readdirSync(join(top, 'data'))).toEqual([]);
    const wrong = (more: object) => () => rootfs({ source: top, overlay: more });
    expect(wrong({ size: 'much' })).toThrow(
      "rootfs.overlay.size must be a number of bytes or a text such as '64M', got 'much'",
    );
    expect(wrong({ upper: '/u', work: '/w', size: 1 })).toThrow(
      'rootfs.overlay.size is for changes in',
    );
  });

  test('gets mountpoints in an overlay, none in the directory itself', () => {
    const top = source();
    const data = scratchDirectory();
    writeFileSync(join(data, 'file'), 'content');
    const mounts: RootfsOptions['mounts'] = [
      { type: 'bind', source: data, target: '/srv/a/b', readonly: true },
    ];
    expect(sh('cat /srv/a/b/file', { source: top, overlay: true, mounts })).toBe('content');
    expect(() => sh('true', { source: top, mounts })).toThrow(
      '/srv/a/b does not exist in the root',
    );
    symlinkSync('/nowhere', join(top, 'dangling'));
    const astray = [{ type: 'tmpfs', target: '/dangling/x' }] as const;
    expect(() => sh('true', { source: top, overlay: true, mounts: [...astray] })).toThrow(
      '/dangling/x cannot be made: a part of it is a dangling link',
    );
    expect(readdirSync(top)).not.toContain('srv');
  });

  test('is refused below an overlay with the reason, if mounts of others hide something in it', () => {
    expect(() => sh('true', { source: '/', overlay: true })).toThrow(
      /mounting the overlay over \/: EINVAL[\s\S]*In a user namespace no layer/,
    );
  });

  test('gets files over existing ones without being changed', () => {
    const top = source();
    expect(sh('cat /etc/hostname', { source: top, readonly: true, hostname: 'box' })).toBe('box\n');
    expect(readFileSync(join(top, 'etc/hostname'), 'utf8')).toBe('image\n');
  });

  test('may have ordinary links on the way', () => {
    const top = source();
    const mounts: RootfsOptions['mounts'] = [{ type: 'tmpfs', target: '/var/run', size: '1M' }];
    expect(sh('stat -f -c %T /run', { source: top, mounts })).toBe('tmpfs\n');
  });
});
