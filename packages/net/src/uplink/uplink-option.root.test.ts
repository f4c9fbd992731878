import { spawn as nodeSpawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { text } from 'node:stream/consumers';
import { createNamespace, type NamespaceSpec, runSync, spawn } from '@ns/core';
import { expect, test } from 'vitest';
import { openInside } from '../inside/inside.js';
import { isolatedNet } from '../isolated.js';
import { openNet } from '../open-net.js';
import { net as netSpec } from '../spec.js';
import { readSysctl } from '../sysctl.js';
import { createNatUplink } from './nat-uplink.js';
import { outside } from './outside.testing.js';

const links = (world: ReturnType<typeof outside>) =>
  world.route.link.list().map(({ ifname }) => ifname);

test('a child reaches the outside from its first moment on, and its way ends with it', async () => {
  using world = outside();
  const before = links(world);
  using there = openInside(world.server);
  const server = await there.listen(
    net.createServer((s) => s.end(`from ${s.remoteAddress}`)),
    { port: 7 },
  );
  const uplink = {
    nat: true,
    host: world.host,
    bridge: 'br7',
    network: '10.7.0.0/24',
    forward: [{ host: 8080, inside: 80 }],
  } as const;
  const script = `require('net').connect(7, '192.0.2.2').pipe(process.stdout)`;
  const child = await spawn(process.execPath, ['-e', script], {
    namespaces: [netSpec({ uplink })],
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  expect(world.rules()).toMatch(/dnat ip to 10\.7\.0\.2:80/);
  expect(await text(child.stdout as NonNullable<typeof child.stdout>)).toMatch(/192\.0\.2\.1$/);
  expect((await child.exited).code).toBe(0);
  await expect.poll(() => world.rules()).toBe('');
  expect(links(world)).toEqual(before);
  expect(readSysctl('net.ipv4.ip_forward', { in: world.host })).toBe('0');
  server.close();
  await once(server, 'close');
});

test('it can be made for a command that is waited for, with an init as well', async () => {
  using world = outside();
  const init: NamespaceSpec = { type: 'pid', prepare: (child) => child.useInit() };
  const namespaces = [netSpec({ uplink: { nat: true, host: world.host } }), init];
  const { stdout } = runSync('ip', ['-4', '-br', 'address', 'show', 'eth0'], { namespaces });
  expect(stdout).toMatch(/UP +10\.208\.0\.2\/16/);
  await expect.poll(() => world.rules()).toBe('');
});

test('if the command cannot be run, nothing is left', async () => {
  using world = outside();
  const before = links(world);
  const namespaces = [netSpec({ uplink: { nat: true, host: world.host } })];
  await expect(spawn('/nowhere', [], { namespaces })).rejects.toThrow('ENOENT');
  expect(() => runSync('/nowhere', [], { namespaces })).toThrow('ENOENT');
  expect(world.rules()).toBe('');
  expect(links(world)).toEqual(before);
});

test('what a killed process has left is cleared by the next start, though its child lives on', async () => {
  using world = outside();
  using pinned = openNet(world.host);
  const script = `
    import { Namespace, spawn } from '@ns/core';
    import { net } from '@ns/net';
    const host = Namespace.fromFd(3, 'net');
    const uplink = { nat: true, host, forward: [{ host: 81 }] };
    const options = { namespaces: [net({ uplink })], stdio: 'ignore', detached: true };
    console.log((await spawn('sleep', ['600'], options)).pid);`;
  const parent = nodeSpawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit', pinned.fd],
    cwd: import.meta.dirname,
  });
  const output = parent.stdout as NonNullable<typeof parent.stdout>;
  const sleeper = Number((await once(output, 'data'))[0]);
  try {
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    expect(world.rules()).toContain('dnat ip to');
    using box = createNamespace(isolatedNet());
    using way = createNatUplink(box, { host: world.host });
    expect(way.address).toBe('10.208.0.2');
    expect(world.rules()).not.toContain('dnat ip to');
  } finally {
    process.kill(sleeper);
  }
  expect(world.rules()).toBe('');
});

test('a process that ends takes the ways of its children away', async () => {
  using world = outside();
  using pinned = openNet(world.host);
  const script = `
    import { Namespace, spawn } from '@ns/core';
    import { net } from '@ns/net';
    const uplink = { nat: true, host: Namespace.fromFd(3, 'net') };
    const child = await spawn('sleep', ['600'], { namespaces: [net({ uplink })], stdio: 'ignore' });
    child.unref();
    console.log(child.pid);`;
  const parent = nodeSpawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit', pinned.fd],
    cwd: import.meta.dirname,
  });
  const [said, [code]] = await Promise.all([
    text(parent.stdout as NonNullable<typeof parent.stdout>),
    once(parent, 'close'),
  ]);
  process.kill(Number(said));
  expect(code).toBe(0);
  expect(world.rules()).toBe('');
  expect(links(world)).toEqual(['lo', 'wan']);
});
