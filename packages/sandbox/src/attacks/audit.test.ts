// What each preset promises holds from inside, and what is opened is reported as reachable: SECURITY.md S9.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { isRoot } from '@ns/core/testing';
import { expect, onTestFinished, test } from 'vitest';
import { sandbox } from '../api.js';
import type { AuditPreset } from '../audit/promises.js';
import type { AuditReport } from '../audit/report.js';
import { build, host, node, untrusted } from '../options/presets.js';
import type { SandboxOptions } from '../options/types.js';
import { outside } from '../sandbox.testing.js';

/** Findings of a result, with their details. */
function found({ findings }: AuditReport, result: 'reachable' | 'limited') {
  return Object.fromEntries(
    findings.filter((one) => one.result === result).map(({ probe, detail }) => [probe, detail]),
  );
}

/** Lists findings that are reachable although the preset promises to block them. */
const broken = ({ findings }: AuditReport) =>
  findings.filter(({ promised, result }) => promised && result === 'reachable');

/** A directory that no sandbox has a file system of its own over. */
function tree(): string {
  const directory = mkdtempSync('/var/tmp/ns-audit-');
  chmodSync(directory, 0o755); // root's commands are another user
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return directory;
}

function script(): string {
  const directory = tree();
  writeFileSync(join(directory, 'main.js'), '');
  return join(directory, 'main.js');
}

const presets: Record<AuditPreset, () => SandboxOptions> = {
  default: () => ({}),
  untrusted: () => untrusted(),
  build: () => build(tree()),
  host: () => host({ readable: ['/usr'] }),
  node: () => node(script()),
};

for (const [preset, options] of Object.entries(presets) as [AuditPreset, () => SandboxOptions][]) {
  test(`audit finds the promises of the preset ${preset} kept`, async () => {
    const report = await sandbox.audit(options(), { preset });
    expect(broken(report)).toEqual([]);
    expect(report.kept).toBe(true);
  });
}

test('audit reports what is reachable without protections', async () => {
  const report = await sandbox.audit({
    root: 'host',
    user: 'root',
    capabilities: 'all',
    newPrivileges: true,
    nestedUserNamespaces: true,
    seccomp: false,
    network: 'host',
  });
  expect(report.kept).toBe(false);
  const open = found(report, 'reachable');
  for (const probe of [
    ...['covers', 'shared-namespaces', 'nested-user-namespaces'],
    ...['capabilities', 'bounding-set', 'no-new-privileges', 'system-call-filter', 'keyrings'],
    ...['mounting', 'host-loopback', 'abstract-sockets', 'memory', 'set-user-id-programs'],
  ]) {
    expect(open).toHaveProperty(probe);
  }
  expect(open.capabilities).toContain('cap_chown');
  expect(open['shared-namespaces']).toBe('net');
  if (isRoot) expect(open).toHaveProperty('host-root');
  else expect(open).not.toHaveProperty('host-root');
});

test('audit reports what options name as limited', async () => {
  const home = outside('/var/tmp');
  mkdirSync(join(home, '.ssh'));
  writeFileSync(join(home, '.ssh/id_ed25519'), 'PRIVATE KEY', { mode: 0o644 });
  const before = { home: process.env.HOME, token: process.env.NS_AUDIT_TOKEN };
  process.env.HOME = home;
  process.env.NS_AUDIT_TOKEN = 'secret';
  onTestFinished(() => {
    for (const [name, value] of [
      ['HOME', before.home],
      ['NS_AUDIT_TOKEN', before.token],
    ] as const) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });
  expect(found(await sandbox.audit(), 'limited')).not.toHaveProperty('home-secrets');
  const named = await sandbox.audit({ writable: [home], env: { NS_AUDIT_TOKEN: 'other' } });
  expect(named.kept).toBe(true);
  expect(found(named, 'limited')).toMatchObject({
    'home-directories': `named by an option: ${home}`,
    'home-secrets': expect.stringContaining(`${home}/.ssh/id_ed25519`),
    'writable-paths': `named by an option: ${home}`,
    environment: 'named by an option: NS_AUDIT_TOKEN',
  });
});

test('audit finds a socket that can be connected to, and connects to none', async () => {
  const directory = outside('/var/tmp');
  const path = join(directory, 'service.sock');
  let connections = 0;
  const server = createServer(() => connections++);
  await new Promise<void>((resolve) => server.listen({ path, writableAll: true }, resolve));
  onTestFinished(() => {
    server.close();
  });
  expect(found(await sandbox.audit(), 'limited')).not.toHaveProperty('service-sockets');
  expect(found(await sandbox.audit({ readable: [directory] }), 'limited')).toMatchObject({
    'service-sockets': `named by an option: ${path}`,
  });
  expect(connections).toBe(0);
});

test('audit needs no program in the root, and reports limits as they are kept', async () => {
  const options = { root: 'empty', limits: { files: 100, fileSize: '1M' } } as const;
  const report = await sandbox.audit(options, { preset: 'host' });
  expect(found(report, 'limited')).toMatchObject({
    'open-files': '100 of each process',
    'file-size': '1048576 bytes of each file',
  });
  expect(report.findings.find(({ probe }) => probe === 'writable-paths')).toMatchObject({
    result: 'blocked',
    promised: true,
    area: 'files',
  });
  expect(existsSync('/tmp/ns-audit-device')).toBe(false);
});

test('audit refuses a preset and options that are not known', async () => {
  const wrong = 'none' as AuditPreset;
  await expect(sandbox.audit({}, { preset: wrong })).rejects.toThrow(
    'options.preset must be one of "default", "untrusted", "build", "host", "node"',
  );
  await expect(sandbox.audit({ hostnme: 'x' } as SandboxOptions)).rejects.toThrow('hostnme');
});
