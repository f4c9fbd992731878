import { once } from 'node:events';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createNamespace, type Namespace, type NamespaceSpec, run, runSync, spawn } from '@ns/core';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openInside } from '../inside/inside.js';
import { isolatedNet } from '../isolated.js';
import { Rtnetlink } from '../rtnetlink/rtnetlink.js';
import { net } from '../spec.js';
import { createUserUplink, type UserUplink, type UserUplinkOptions } from './user-uplink.js';

/** Also its connections are gone then. */
async function close(server: Server): Promise<void> {
  server.close();
  await once(server, 'close');
}

function mayOpenTun(): boolean {
  try {
    accessSync('/dev/net/tun', constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

const start = () =>
  spawn('sleep', ['60'], { namespaces: [{ type: 'user' }, net()], stdio: 'ignore' });

/** Connects a process to a world outside that is a namespace: no port of the machine is touched. */
function uplinkOf(outside: Namespace, pid: number, options: UserUplinkOptions) {
  const made: Promise<UserUplink>[] = [];
  outside.enter(() => {
    made.push(createUserUplink(pid, options));
  });
  return made[0] as Promise<UserUplink>;
}

for (const tool of ['slirp4netns', 'pasta'] as const) {
  test(`${tool} gives a child an interface and a way outside, and ends with it`, async ({
    skip,
  }) => {
    skip(!existsSync(`/usr/bin/${tool}`), `${tool} is not installed`);
    skip(!mayOpenTun(), 'this user may not open /dev/net/tun');
    await using child = await start();
    await using way = await createUserUplink(child.pid, { tool });
    expect(way.tool).toBe(tool);
    using rtnetlink = Rtnetlink.open({ in: child.pid });
    expect(rtnetlink.links.get('tap0').flags).toContain('UP');
    expect(rtnetlink.routes.list({ family: 'inet' })).toContainEqual(
      expect.objectContaining({ dst: 'default', dev: 'tap0' }),
    );
  });
}

for (const tool of ['slirp4netns', 'pasta'] as const) {
  test(`${tool} leads ports inside${tool === 'pasta' ? ', and outside' : ''}`, async ({ skip }) => {
    skip(!existsSync(`/usr/bin/${tool}`), `${tool} is not installed`);
    skip(!mayOpenTun(), 'this user may not open /dev/net/tun');
    skip(process.getuid?.() !== 0, 'the world outside is a namespace that root makes');
    using outside = createNamespace(isolatedNet());
    using rtnetlink = Rtnetlink.open({ in: outside });
    rtnetlink.links.add({ kind: 'veth', name: 'wan', up: true, peer: { name: 'other' } });
    rtnetlink.links.up('other');
    rtnetlink.addresses.add({ dev: 'wan', address: '192.0.2.2/24' });
    rtnetlink.routes.add({ dst: 'default', gateway: '192.0.2.1' });
    await using child = await start();
    await using _way = await uplinkOf(outside, child.pid, {
      tool,
      forward: [{ host: 8080, inside: 80 }],
      ...(tool === 'pasta' ? { reverse: [{ host: 9090, inside: 90 }] } : {}),
    });
    using host = openInside(outside);
    using box = openInside(child.pid);
    const web = await box.listen(
      createServer((s) => s.end('from inside')),
      { port: 80 },
    );
    expect(await text(host.connect(8080, '127.0.0.1'))).toBe('from inside');
    await close(web);
    if (tool === 'pasta') {
      const server = createServer((s) => s.end('from outside'));
      await host.listen(server, { port: 9090, host: '127.0.0.1' });
      expect(await text(box.connect(90, '127.0.0.1'))).toBe('from outside');
      await close(server);
    }
  });
}

const worlds = [
  ['IPv4', ['192.0.2.2/24'], ['192.0.2.1']],
  ['IPv6', ['2001:db8::2/64'], ['2001:db8::1']],
  ['both families', ['192.0.2.2/24', '2001:db8::2/64'], ['192.0.2.1', '2001:db8::1']],
] as const;
for (const [title, addresses, gateways] of worlds) {
  test(`pasta gives its namespace what a host with ${title} has`, async ({ skip }) => {
    skip(!existsSync('/usr/bin/pasta'), 'pasta is not installed');
    skip(!mayOpenTun(), 'this user may not open /dev/net/tun');
    skip(process.getuid?.() !== 0, 'the world outside is a namespace that root makes');
    using outside = createNamespace(isolatedNet());
    using rtnetlink = Rtnetlink.open({ in: outside });
    rtnetlink.links.add({ kind: 'veth', name: 'wan', up: true, peer: { name: 'other' } });
    rtnetlink.links.up('other');
    for (const address of addresses)
      rtnetlink.addresses.add({ dev: 'wan', address, flags: ['nodad'] });
    for (const gateway of gateways) rtnetlink.routes.add({ dst: 'default', gateway, dev: 'wan' });
    await using child = await start();
    await using _way = await uplinkOf(outside, child.pid, { tool: 'pasta' });
    using there = Rtnetlink.open({ in: child.pid });
    const defaults = there.routes.list({ table: 'main' }).filter(({ dst }) => dst === 'default');
    expect(defaults.map((one) => one.gateway).sort()).toEqual([...gateways].sort());
  });
}

const withoutDevices: NamespaceSpec = {
  type: 'mount',
  prepare: (child) => child.program('mounts').call('mount', 'none', '/dev', 'tmpfs', 0, null),
};

test('without pasta, slirp4netns is started on the same host', async ({ skip }) => {
  skip(!existsSync('/usr/bin/slirp4netns'), 'slirp4netns is not installed');
  skip(!mayOpenTun(), 'this user may not open /dev/net/tun');
  skip(process.getuid?.() !== 0, 'the world outside is a namespace that root makes');
  const programs = mkdtempSync(join(tmpdir(), 'programs-'));
  onTestFinished(() => rmSync(programs, { recursive: true }));
  symlinkSync('/usr/bin/slirp4netns', join(programs, 'slirp4netns'));
  await using child = await start();
  vi.stubEnv('PATH', programs);
  onTestFinished(() => void vi.unstubAllEnvs());
  using outside = createNamespace(isolatedNet());
  await using way = await uplinkOf(outside, child.pid, { forward: [{ host: 8080, inside: 80 }] });
  expect(way.tool).toBe('slirp4netns');
  using box = openInside(child.pid);
  const web = await box.listen(
    createServer((s) => s.end('from inside')),
    { port: 80 },
  );
  using host = openInside(outside);
  expect(await text(host.connect(8080, '127.0.0.1'))).toBe('from inside');
  await close(web);
});

test('createUserUplink says how to get /dev/net/tun, and starts nothing without it', async () => {
  const program = `
    const { createUserUplink } = await import(${JSON.stringify(new URL('../../dist/index.js', import.meta.url).href)});
    await createUserUplink(process.pid, { tool: 'pasta' }).catch(({ message, code }) => console.log(code, message));`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program], {
    namespaces: [{ type: 'user' }, withoutDevices],
  });
  expect(stdout).toMatch(/^ENOENT cannot start pasta: \/dev\/net\/tun: ENOENT; load it as root/);
});

test('what a killed process has left for slirp4netns is removed by the next', async ({ skip }) => {
  skip(!existsSync('/usr/bin/slirp4netns'), 'slirp4netns is not installed');
  skip(!mayOpenTun(), 'this user may not open /dev/net/tun');
  skip(process.getuid?.() !== 0, 'the world outside is a namespace that root makes');
  const parent = mkdtempSync(join(tmpdir(), 'uplinks-'));
  onTestFinished(() => rmSync(parent, { recursive: true }));
  vi.stubEnv('TMPDIR', parent);
  onTestFinished(() => void vi.unstubAllEnvs());
  const [namespace] = /\d+/.exec(readlinkSync('/proc/self/ns/pid')) ?? [];
  const left = `ns-uplink-${namespace}-${process.pid}-1-abcdef`;
  const others = [`ns-uplink-1-${process.pid}-1-abcdef`, 'ns-uplink-abcdef'];
  for (const name of [left, ...others]) mkdirSync(join(parent, name));
  using outside = createNamespace(isolatedNet());
  await using child = await start();
  await using _way = await uplinkOf(outside, child.pid, {
    tool: 'slirp4netns',
    forward: [{ host: 8080, inside: 80 }],
  });
  expect(readdirSync(parent).sort()).toEqual(others.sort());
});

for (const tool of ['slirp4netns', 'pasta'] as const) {
  test(`${tool} is there before the command starts, as an option of net()`, async ({ skip }) => {
    skip(!existsSync(`/usr/bin/${tool}`), `${tool} is not installed`);
    skip(!mayOpenTun(), 'this user may not open /dev/net/tun');
    const { stdout } = await run('ip', ['-4', 'route', 'show', 'default'], {
      namespaces: [{ type: 'user' }, net({ uplink: tool }), { type: 'pid' }],
    });
    expect(stdout).toContain('dev tap0');
    await expect(
      spawn('/nowhere', [], { namespaces: [{ type: 'user' }, net({ uplink: { tool } })] }),
    ).rejects.toThrow('ENOENT');
  });
}

/** Names of this process's children, also of those that it has not waited for. */
function children(): string[] {
  const pids = readdirSync('/proc/self/task').flatMap((thread) =>
    readFileSync(`/proc/self/task/${thread}/children`, 'utf8').split(' '),
  );
  return pids.filter(Boolean).map((pid) => readFileSync(`/proc/${pid}/comm`, 'utf8').trim());
}

for (const tool of ['slirp4netns', 'pasta'] as const) {
  test(`${tool} has ended when a child is known not to be made`, async ({ skip }) => {
    skip(!existsSync(`/usr/bin/${tool}`), `${tool} is not installed`);
    skip(!mayOpenTun(), 'this user may not open /dev/net/tun');
    const running = () => children().filter((name) => /^(pasta|passt|slirp4netns)/.test(name));
    await expect.poll(running).toEqual([]); // of the tests before
    const namespaces = [{ type: 'user' } as const, net({ uplink: { tool } })];
    await expect(spawn('/nowhere', [], { namespaces })).rejects.toThrow('ENOENT');
    expect(running()).toEqual([]);
  });
}

test('an uplink by a program is not for what blocks', () => {
  const namespaces = [{ type: 'user' } as const, net({ uplink: 'pasta' })];
  expect(() => runSync('true', [], { namespaces })).toThrow(/asynchronous/);
});

test('a wrong uplink is refused before anything is started', () => {
  const wrong = (uplink: unknown) => () => net({ uplink } as never);
  expect(wrong('ssh')).toThrow(/^net\.uplink must be/);
  expect(wrong(1)).toThrow(/^net\.uplink must be/);
  expect(wrong({ nat: 1 })).toThrow(/^net\.uplink\.nat must be/);
  expect(wrong({ nat: true, bridge: '' })).toThrow(/^net\.uplink\.bridge must be/);
  expect(wrong({ forward: [{ host: 0 }] })).toThrow(/^net\.uplink\.forward\[0\]\.host/);
  expect(wrong({ tool: 'slirp4netns', reverse: [{ host: 1 }] })).toThrow(/^net\.uplink\.reverse/);
});

test('createUserUplink refuses a wrong pid, tool and port before it starts a helper', async () => {
  await expect(createUserUplink(0)).rejects.toThrow(RangeError);
  await expect(createUserUplink(1, { tool: 'x' as 'pasta' })).rejects.toThrow(TypeError);
  await expect(createUserUplink(1, { forward: [{ host: 0 }] })).rejects.toThrow(RangeError);
  await expect(createUserUplink(1, { reverse: [{ host: 0 }] })).rejects.toThrow(
    /^options\.reverse\[0\]\.host/,
  );
  await expect(
    createUserUplink(1, { tool: 'slirp4netns', reverse: [{ host: 80 }] }),
  ).rejects.toThrow(TypeError);
});
