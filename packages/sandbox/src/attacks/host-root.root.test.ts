// Attacks of commands that are the kernel's root, and so own what the host has: a build by root.
import { expect, test } from 'vitest';
import { onHost } from './fake-host.testing.js';

// SECURITY.md S12
const targets = [
  ...['/dev/null', '/dev/zero', '/dev/full', '/dev/random', '/dev/urandom', '/dev/tty'],
  ...['/etc/shadow', '/proc/version', '/proc/self/../uptime', '/proc/sys/kernel/hostname'],
];

test('a build by root changes no device and no file of /proc', async () => {
  // The devices are those of the fake host. /proc has the same modes everywhere: what is tried there
  // takes nothing away.
  const body = `
    const mode = (path) => path + ' ' + (statSync(path).mode & 0o7777).toString(8);
    const all = ${JSON.stringify(targets)};
    const before = all.map(mode).join();
    const plain = (await import('node:child_process')).execFileSync('sh', ['-c', 'chmod 604 /dev/full && echo changed'], { encoding: 'utf8' });
    console.log('outside', plain.trim(), mode('/dev/full'));
    (await import('node:fs')).chmodSync('/dev/full', 0o666);
    const script = all.map((path) => path.startsWith('/proc')
      ? 'chmod $(stat -c %a ' + path + ') ' + path + ' && echo CHANGED ' + path
      : 'chmod 604 ' + path + ' && echo CHANGED ' + path + '; chown 1:1 ' + path + ' && echo CHANGED ' + path).join('; ');
    console.log(await sh(script + '; echo x > /dev/null && head -c 3 /dev/zero | wc -c', build('/srv')));
    console.log(await sh(script + '; id -u', { user: 'root' }));
    console.log('same', before === all.map(mode).join());`;
  const seen = await onHost(body, {
    kernelRoot: true,
    entries: [
      { type: 'directory', target: '/srv' },
      { type: 'file', target: '/etc/shadow', content: 'hash', mode: 0o600 },
      { type: 'file', target: '/etc/passwd', content: 'root:x:0:0::/root:/bin/sh\n' },
    ],
  });
  expect(seen).toMatch(/^outside changed \/dev\/full 604$/m);
  expect(seen).not.toContain('CHANGED');
  expect(seen).toMatch(/^3$/m);
  expect(seen).toMatch(/^0$/m);
  expect(seen).toMatch(/^same true$/m);
});

test('a build by root reads no copies of passwords and keys', async () => {
  const files = [
    ...['/etc/shadow', '/etc/security/opasswd', '/var/backups/shadow.bak', '/swapfile'],
    ...['/etc/letsencrypt/live/x/privkey.pem', '/var/lib/cloud/instance/user-data.txt'],
    ...['/etc/NetworkManager/system-connections/home', '/etc/kubernetes/admin.conf'],
    ...['/var/lib/kubelet/pki/key', '/var/lib/docker/volumes/x', '/etc/ssl/private/key'],
    ...['/sysroot/ostree/deploy/x/etc/shadow', '/var/mail/root', '/etc/wireguard/wg0.conf'],
  ];
  const body = `
    const files = ${JSON.stringify(files)};
    console.log(files.every((path) => readFileSync(path, 'utf8') === 'SECRET'));
    console.log(await sh('cat ' + files.join(' ') + ' /proc/slabinfo /proc/vmallocinfo', build('/srv')));`;
  const seen = await onHost(body, {
    kernelRoot: true,
    entries: [
      { type: 'directory', target: '/srv' },
      ...files.map((target) => ({ type: 'file', target, content: 'SECRET' }) as const),
    ],
  });
  expect(seen).toMatch(/^true$/m);
  expect(seen).not.toContain('SECRET');
  expect(seen).not.toMatch(/slabdata|vmalloc_init/);
});
