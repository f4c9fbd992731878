// Attacks by way of files: what is inherited, linked, mounted, written or made.
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { run } from '@ns/core';
import { F } from '@ns/core/authors';
import { syscall } from '@ns/core/sys';
import { isRoot } from '@ns/core/testing';
import { mount } from '@ns/mount';
import { user } from '@ns/user';
import { expect, onTestFinished, test } from 'vitest';
import { createSandbox } from '../create-sandbox.js';
import { untrusted } from '../options/presets.js';
import { box, outside, ownTemporaries, readableByOthers, sh } from '../sandbox.testing.js';
import { expectToWithstand, plain, privileged } from './attack.testing.js';

readableByOthers();

test('open descriptors of the caller are not inherited', async () => {
  const file = join(outside(), 'secret');
  writeFileSync(file, 'hush-hush');
  const fd = openSync(file, 'r');
  onTestFinished(() => closeSync(fd));
  syscall('fcntl', fd, F.SETFD, 0); // as a careless library would have it
  const script = `cat /proc/self/fd/${fd}`;
  // child_process passes everything on that is not marked.
  expect(spawnSync('sh', ['-c', script], { encoding: 'utf8' }).stdout).toContain('hush-hush');
  const made = await box();
  expect(await sh(made, script)).not.toContain('hush-hush');
  // 3 is the directory that ls reads.
  expect(await sh(made, 'ls /proc/self/fd')).toBe('0\n1\n2\n3');
});

test('no directory outside is an open door', async () => {
  // As in CVE-2024-21626: a working directory that is outside of the root.
  const script =
    'ls -d /proc/[0-9]*/cwd/../../../../../../../../old_host; cat ../../../../etc/shadow';
  const made = await box({ root: 'empty', readable: ['/usr', '/bin', '/lib', '/lib64'] });
  const { stdout } = await made.run('/bin/sh', ['-c', `ls -a ../../../../..; ${script}`], {
    reject: false,
  });
  expect(stdout.split('\n')).not.toContain('home');
  expect(await plain('ls -a ../../../../../../../../..')).toContain('home');
  await expect(made.run('/bin/true', [], { cwd: process.cwd() })).rejects.toMatchObject({
    code: 'ENOENT',
    syscall: 'openat2',
  });
});

test('mountpoints that are links lead nowhere else', async () => {
  const top = outside();
  const elsewhere = outside();
  for (const name of ['dev', 'proc', 'sys', 'tmp']) mkdirSync(join(top, name));
  symlinkSync(elsewhere, join(top, 'data'));
  symlinkSync(`../../../../../../..${elsewhere}`, join(top, 'relative'));
  for (const target of ['/data', '/relative']) {
    const mounts = [{ type: 'tmpfs', target } as const];
    await expect(createSandbox({ root: { directory: top }, mounts })).rejects.toMatchObject({
      part: 'mount',
    });
  }
  // A mount by path goes where the link leads.
  const mounts = [{ type: 'tmpfs', target: join(top, 'data') } as const];
  const namespaces = [user(), mount({ mounts })];
  const { stdout } = await run('findmnt', ['-n', '-o', 'FSTYPE', elsewhere], { namespaces });
  expect(stdout).toBe('tmpfs\n');
  expect(readdirSync(elsewhere)).toEqual([]);
});

test('what is hidden in /proc cannot be uncovered', async () => {
  const script = 'umount /proc/sys && umount /proc/keys && echo uncovered';
  await expectToWithstand({ script, success: /uncovered/, open: privileged });
});

test('a nested user namespace does not uncover what is hidden in /proc', async () => {
  const nested = (what: string) => `unshare -Urmpf sh -c '${what}'`;
  await expectToWithstand({
    script: nested('echo privileged'),
    success: /privileged/,
    open: { nestedUserNamespaces: true },
  });
  // Even if they are allowed: mounts of another user namespace are locked, and a new /proc is refused.
  const made = await box({ nestedUserNamespaces: true });
  expect(await sh(made, nested('umount /proc/sys && echo uncovered'))).not.toMatch(/uncovered/);
  expect(await sh(made, nested('mount -t proc proc /tmp && echo fresh'))).not.toMatch(/fresh/);
}, 120_000);

test('parameters of the kernel cannot be set', async () => {
  // Read-only at first, so the attack of a command with all capabilities begins with a remount.
  const script =
    'umount /proc/sys; mount -o remount,bind,rw /proc; echo 1 > /proc/sys/net/ipv4/ip_forward && echo set';
  await expectToWithstand({ script, success: /set$/, open: privileged });
  expect(await sh(await box(privileged), 'echo 1 > /proc/sys/net/ipv4/ip_forward')).toContain(
    'Read-only file system',
  );
}, 120_000);

test('devices cannot be made', async ({ skip }) => {
  const script = 'd=$(mktemp -d) || exit; mknod "$d/x" c 1 3 && echo made; rm -rf "$d"';
  expect(await sh(await box(), script)).not.toMatch(/made/);
  expect(await sh(await box(privileged), script)).not.toMatch(/made/);
  if (!isRoot) skip('only root can make one, to see that the attack succeeds outside');
  expect(await plain(script)).toMatch(/made/);
});

test('devices in what is shown of the host do not work', async ({ skip }) => {
  if (!isRoot) skip('only root can make a device');
  const directory = outside();
  await run('mknod', ['-m', '666', join(directory, 'zero'), 'c', '1', '5']);
  const script = `head -c 3 ${directory}/zero | wc -c`;
  const bind = { type: 'bind', source: directory, target: directory } as const;
  await expectToWithstand({
    script,
    success: /^3$/m,
    sandbox: { readable: [directory] },
    open: { mounts: [bind] },
  });
});

test('all file systems in memory are small', async () => {
  const fill = (where: string) =>
    `head -c 80M /dev/zero > ${where}/x; s=$(stat -c %s ${where}/x); [ $s = 83886080 ] && echo unlimited`;
  const everywhere = ['/tmp', '/dev/shm', '/dev', '/home', '/root', '/run', '/mnt'].map(fill);
  await expectToWithstand({
    script: everywhere.join('; '),
    success: /unlimited/,
    open: { tmp: '100M' },
  });
});

test('empty files do not fill the memory either', async () => {
  // Each takes a kilobyte of the kernel's, which no size of a file system counts.
  const make = (where: string) =>
    `perl -e 'for my $i (0..20_000) { open my $f, ">", "${where}/$i" or exit } print "unlimited "'`;
  const everywhere = ['/tmp', '/dev/shm', '/dev', '/home', '/root', '/run', '/mnt'].map(make);
  const mounts = [{ type: 'tmpfs', target: '/tmp', size: '64M' } as const];
  await expectToWithstand({
    script: everywhere.join('; '),
    success: /unlimited/,
    open: { mounts },
  });
});

test('no path that a caller gives leads outside', async () => {
  const top = outside();
  const elsewhere = outside();
  writeFileSync(join(elsewhere, 'secret'), 'hush-hush');
  for (const name of ['dev', 'proc', 'sys', 'tmp', 'data', 'run']) mkdirSync(join(top, name));
  for (const name of ['usr', 'bin', 'lib', 'lib64']) mkdirSync(join(top, name));
  symlinkSync(elsewhere, join(top, 'out'));
  symlinkSync(`../../../../../../../..${elsewhere}`, join(top, 'up'));
  const readable = ['/usr', '/bin', '/lib', '/lib64'].filter((path) => existsSync(path));
  const root = { directory: top } as const;
  // Lead outside for a caller that concatenates paths.
  for (const link of ['out', 'up']) {
    expect(readFileSync(join(top, link, 'secret'), 'utf8')).toBe('hush-hush');
  }
  const made = await box({ root, readable });
  for (const link of ['/out', '/up', `/../..${elsewhere}`, `/data/../..${elsewhere}`]) {
    await expect(made.files.read(`${link}/secret`)).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(made.files.list(link)).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(made.files.write(`${link}/new`, 'x')).rejects.toMatchObject({ code: 'ENOENT' });
    const cwd = made.run('/bin/true', [], { cwd: link });
    await expect(cwd).rejects.toMatchObject({ code: 'ENOENT', syscall: 'openat2' });
  }
  expect(await sh(made, 'cat /out/secret /up/secret')).not.toContain('hush-hush');
  for (const options of [
    { mounts: [{ type: 'tmpfs', target: '/../x' }] },
    { mounts: [{ type: 'file', target: '/data/../../x', content: 'x' }] },
    { mask: ['/data/../../etc'] },
    { readable: ['/usr/../etc'] },
    { writable: ['/usr/..'] },
  ] as const) {
    await expect(createSandbox({ root: 'empty', ...options })).rejects.toThrow(
      /must be an absolute path without \.\.|target must be a path without \.\./,
    );
  }
  expect(readdirSync(elsewhere)).toEqual(['secret']);
});

test('secrets can be read, and nothing can be done to them or beside them', async () => {
  const secrets = { token: 's3cret', empty: '', large: Buffer.alloc(10_000, 'x') };
  const made = await box({ secrets });
  expect(await sh(made, 'cd /run/secrets; cat token empty; wc -c < large; ls')).toBe(
    's3cret10000\nempty\nlarge\ntoken',
  );
  expect(await sh(made, 'stat -c %a /run/secrets /run/secrets/*')).toBe('500\n400\n400\n400');
  const attacks = [
    'chmod 700 /run/secrets && echo DONE',
    'chmod 600 /run/secrets/token && echo DONE',
    'echo x > /run/secrets/token && echo DONE',
    'echo x > /run/secrets/new && echo DONE',
    'rm -f /run/secrets/token && echo DONE',
    'mv /run/secrets/token /run/secrets/other && echo DONE',
    'mv /run/secrets /run/other && echo DONE',
    'head -c 1M /dev/zero > /run/secrets/fill && echo DONE',
  ];
  expect(await sh(made, attacks.join('\n'))).not.toContain('DONE');
  expect(Number(await sh(made, 'stat -f -c "%b * %S" /run/secrets | xargs expr'))).toBeLessThan(
    65_536,
  );
  // As any other directory in memory would be.
  const mounts = [{ type: 'tmpfs', target: '/run/secrets', mode: 0o777 } as const];
  expect(await sh(await box({ mounts }), 'echo x > /run/secrets/new && echo DONE')).toBe('DONE');
});

test('what commands have written is out of the reach of other users', async () => {
  const directory = outside();
  for (const name of ['dev', 'proc', 'sys', 'tmp', 'usr', 'data']) mkdirSync(join(directory, name));
  for (const name of ['bin', 'lib', 'lib64']) symlinkSync(`usr/${name}`, join(directory, name));
  const keep = join(outside(), 'kept');
  for (const [overlay, user] of [
    ['list', { user: 'current' }],
    ['list', {}], // for root, whose temporary directory the commands' user passes
    [{ keep }, { user: 'current' }],
  ] as const) {
    const temporaries = ownTemporaries();
    const options = { root: { directory, overlay }, readable: ['/usr'], ...user } as const;
    const made = await box({ ...options, seccomp: false }); // else the bit could not be set
    expect(await sh(made, 'cp /usr/bin/id /evil; chmod 4755 /evil; ls /evil')).toBe('/evil');
    const top = overlay === 'list' ? temporaries : keep;
    const { stdout } = await run('find', [top, '-name', 'evil'], { reject: false });
    const evil = stdout.trim();
    expect(evil).toMatch(/evil$/);
    // A directory on the way that lets no other user pass.
    const above = evil.split('/').map((_, i, names) => names.slice(0, i + 1).join('/') || '/');
    const closed = above.filter((path) => (statSync(path).mode & 0o077) === 0);
    expect(closed).not.toEqual([]);
    await made.stop();
  }
});

test('code from strangers sees neither the users of the host nor its devices', async () => {
  const made = await box(untrusted());
  const users = await sh(
    made,
    'cut -d: -f1,3 /etc/passwd; grep -c . /etc/group; id -un; id -gn; ls /sys',
  );
  expect(users).not.toMatch(/ns-test|daemon|www-data/);
  expect(users).toMatch(/^root:0$/m);
  expect(users).toMatch(/^[23]\n(user\nuser|nobody\nnogroup|root\nroot)\nls: .*No such file/m);
  expect(await sh(await box(), 'cut -d: -f1 /etc/passwd')).toContain('daemon');
});

test('what tells of the work of others is hidden', async () => {
  const script = 'wc -l < /proc/interrupts; ls /sys/devices/virtual/powercap 2>/dev/null | wc -l';
  expect(await sh(await box(), script)).toBe('0\n0');
  expect(Number((await plain(script)).split('\n')[0])).toBeGreaterThan(0);
});
