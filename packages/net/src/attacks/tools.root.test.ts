// The programs of others that make a way outside: what they leave behind, what they give away of the
// host, and what those inside can do to them.
import { spawn as nodeSpawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNamespace, type NamespaceProcess, spawn } from '@ns/core';
import { expect, onTestFinished, test, vi } from 'vitest';
import { isolatedNet } from '../isolated.js';
import { openNet } from '../open-net.js';
import { Rtnetlink } from '../rtnetlink/rtnetlink.js';
import { net } from '../spec.js';
import {
  createUserUplink,
  type UplinkTool,
  type UserUplink,
  type UserUplinkOptions,
} from '../uplink/user-uplink.js';
import { ask, serve } from './router.testing.js';

const tools = (['pasta', 'slirp4netns'] as const).map((tool) => ({ tool }));
const module = new URL('../../dist/index.js', import.meta.url).href;

function whyNot(tool: UplinkTool): string | undefined {
  if (!existsSync(`/usr/bin/${tool}`)) return `${tool} is not installed`;
  try {
    accessSync('/dev/net/tun');
    return undefined;
  } catch {
    return '/dev/net/tun is missing';
  }
}

/** A host with the address 192.0.2.2 and a default route. */
function machine() {
  const host = createNamespace(isolatedNet());
  onTestFinished(() => host.close());
  using rtnetlink = Rtnetlink.open({ in: host });
  rtnetlink.links.add({ kind: 'veth', name: 'wan', up: true, peer: { name: 'other' } });
  rtnetlink.links.up('other');
  rtnetlink.addresses.add({ dev: 'wan', address: '192.0.2.2/24' });
  rtnetlink.links.add({ kind: 'bridge', name: 'br0', up: true });
  rtnetlink.addresses.add({ dev: 'br0', address: '198.51.100.1/24' });
  rtnetlink.routes.add({ dst: 'default', gateway: '192.0.2.1' });
  return host;
}

async function box(): Promise<NamespaceProcess> {
  const child = await spawn('sleep', ['60'], {
    namespaces: [{ type: 'user' }, net()],
    stdio: 'ignore',
  });
  onTestFinished(() => child[Symbol.asyncDispose]());
  return child;
}

async function uplink(
  host: ReturnType<typeof machine>,
  child: NamespaceProcess,
  options: UserUplinkOptions,
): Promise<UserUplink> {
  let made: Promise<UserUplink> | undefined;
  host.enter(() => {
    made = createUserUplink(child.pid, options);
  });
  const way = await (made as Promise<UserUplink>);
  onTestFinished(() => way.close());
  return way;
}

/** Names of the processes of the programs. */
const names = { pasta: /^(pasta|passt)/, slirp4netns: /^slirp4netns/ };

/** Children of a process, of whichever thread, that are called so. */
function programs(tool: UplinkTool, parent = process.pid): number[] {
  return readdirSync(`/proc/${parent}/task`)
    .flatMap((thread) => readFileSync(`/proc/${parent}/task/${thread}/children`, 'utf8').split(' '))
    .filter(Boolean)
    .map(Number)
    .filter((pid) => names[tool].test(readFileSync(`/proc/${pid}/comm`, 'utf8')));
}

/** True if a process runs. A zombie has ended. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

test.for(tools)(
  '$tool ends with the process that has started it, also if that is killed',
  async ({ tool }, { skip }) => {
    const reason = whyNot(tool);
    skip(reason !== undefined, String(reason));
    using pinned = openNet(machine());
    const child = await box();
    const script = `
    import { Namespace } from '@ns/core';
    import { createUserUplink } from ${JSON.stringify(module)};
    let made;
    Namespace.fromFd(3, 'net').enter(() => {
      made = createUserUplink(${child.pid}, { tool: '${tool}', forward: [{ host: 8080, inside: 80 }] });
    });
    await made;
    console.log('ready');
    setInterval(() => {}, 1000);`;
    const parent = nodeSpawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit', pinned.fd],
      cwd: import.meta.dirname,
    });
    onTestFinished(() => {
      parent.kill('SIGKILL');
    });
    await once(parent.stdout as NonNullable<typeof parent.stdout>, 'data');
    const [started] = programs(tool, parent.pid);
    expect(isRunning(Number(started))).toBe(true);
    parent.kill('SIGKILL');
    await once(parent, 'close');
    await expect.poll(() => isRunning(Number(started)), { timeout: 10_000 }).toBe(false);
  },
);

test.for(tools)('$tool does not lead to the loopback of the host', async ({ tool }, { skip }) => {
  const reason = whyNot(tool);
  skip(reason !== undefined, String(reason));
  const host = machine();
  await using _loopback = await serve(host, 7001, 'host', '127.0.0.1');
  await using _any = await serve(host, 7002, 'host', '192.0.2.2');
  await using _other = await serve(host, 7003, 'host', '198.51.100.1');
  const child = await box();
  await uplink(host, child, { tool });
  using inside = openNet(child.pid);
  using rtnetlink = Rtnetlink.open({ in: inside });
  const gateway = rtnetlink.routes
    .list({ family: 'inet' })
    .find(({ dst }) => dst === 'default')?.gateway;
  expect(gateway).toBeDefined();
  for (const address of [gateway, '127.0.0.1', '192.0.2.2', '10.0.2.2', '10.0.2.3']) {
    expect(await ask(inside, String(address), 7001)).not.toContain('host');
  }
  // As the documents say: other addresses of the host are reached. pasta has given the first away.
  expect(await ask(inside, '198.51.100.1', 7003)).toContain('host');
  expect(await ask(inside, '192.0.2.2', 7002)).toContain(
    tool === 'pasta' ? 'ECONNREFUSED' : 'host',
  );
});

test.for(tools)(
  'an uplink by $tool can be closed although those inside have stopped it',
  async ({ tool }, { skip }) => {
    const reason = whyNot(tool);
    skip(reason !== undefined, String(reason));
    const host = machine();
    const child = await box();
    const way = await uplink(host, child, { tool });
    const [started] = programs(tool);
    process.kill(Number(started), 'SIGSTOP');
    await way.close();
    expect(programs(tool)).toEqual([]);
  },
);

test.for(tools)(
  '$tool gets nothing of the environment, and leaves no file behind',
  async ({ tool }, { skip }) => {
    const reason = whyNot(tool);
    skip(reason !== undefined, String(reason));
    const directory = mkdtempSync(join(tmpdir(), 'ns-test-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    vi.stubEnv('TMPDIR', directory);
    vi.stubEnv('SECRET', 'of the caller');
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    const child = await box();
    await uplink(machine(), child, { tool, forward: [{ host: 8080, inside: 80 }] });
    const [started] = programs(tool);
    const environment = readFileSync(`/proc/${started}/environ`, 'latin1').split('\0');
    expect(environment.map((one) => one.split('=')[0]).filter(Boolean)).toEqual(['PATH', 'LC_ALL']);
    expect(readdirSync(directory)).toEqual([]);
  },
);

test.for(tools)(
  '$tool does not outlive the process that it was started for',
  async ({ tool }, { skip }) => {
    const reason = whyNot(tool);
    skip(reason !== undefined, String(reason));
    const host = machine();
    const child = await box();
    const made = uplink(host, child, { tool });
    child.kill('SIGKILL');
    await Promise.allSettled([made]);
    await expect.poll(() => programs(tool), { timeout: 10_000 }).toEqual([]);
    await expect(uplink(host, child, { tool })).rejects.toThrow('ESRCH');
  },
);
