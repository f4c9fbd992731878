// What `ns doctor` says, and its exit code, beside what unshare(1) can do.
import { spawnSync } from 'node:child_process';
import { features } from '@ns/core';
import { expect, test } from 'vitest';
import { ns, words } from '../../testing/ns.js';

/** `ns doctor` in a user namespace with this limit on further ones of a type. */
function limited(type: string, ...args: string[]) {
  const script = `echo 0 > /proc/sys/user/max_${type}_namespaces && exec "$@"`;
  const command = ['--user', '--map-root-user', 'sh', '-c', script, 'sh'];
  return spawnSync('unshare', [...command, ...words('doctor', ...args)], { encoding: 'utf8' });
}

test('ns doctor lists every feature, and exits with 0 only if sandboxes work', () => {
  const found = features();
  const { stdout, stderr, status } = ns('doctor');
  expect(stderr).toBe('');
  expect(status === 0).toBe(/^Rootless sandboxes work\.$/m.test(stdout));
  for (const { title, available, reason, cure } of Object.values(found)) {
    expect(stdout).toContain(`${available ? 'yes' : 'no '}  ${title}`);
    if (reason !== undefined) expect(stdout).toContain(`: ${reason}\n`);
    if (cure !== undefined) expect(stdout).toContain(`       cure: ${cure}\n`);
  }
});

test('ns doctor agrees with unshare(1)', () => {
  const types = ['-U', '-r', '-m', '-u', '-i', '-n', '-p', '-f', '-C', '-T', '--mount-proc'];
  const { status } = spawnSync('unshare', [...types, 'true'], { stdio: 'ignore' });
  expect(ns('doctor').status).toBe(status === 0 ? 0 : 1);
});

test.each([
  ['user', 'unprivilegedUserNamespaces'],
  ['net', 'rootlessNamespaces'],
])('ns doctor names the cure without %s namespaces', (type, feature) => {
  const { stdout, status } = limited(type);
  expect(status).toBe(1);
  const [, verdict = ''] = stdout.split('\n\nRootless sandboxes do not work:\n');
  expect(verdict).toMatch(/\n {4}cure: /);
  expect(stdout).toContain(`cure: sysctl user.max_${type}_namespaces=15000\n`);
  const json = limited(type, '--json');
  expect(json.status).toBe(1);
  const { rootlessSandboxes, features: table } = JSON.parse(json.stdout);
  expect(rootlessSandboxes.available).toBe(false);
  expect(rootlessSandboxes.missing).toContain(feature);
  expect(table[`${type}Namespaces`]).toMatchObject({ available: false, limit: 0 });
});

test('ns doctor --json prints the table of features() and the system', () => {
  const { stdout, status } = ns('doctor', '--json');
  const { system, rootlessSandboxes, features: table } = JSON.parse(stdout);
  expect(Object.keys(table)).toEqual(Object.keys(features()));
  expect(rootlessSandboxes).toMatchObject({ available: status === 0 });
  expect(system).toMatchObject({ node: process.version, uid: process.getuid?.() });
});

test('ns doctor refuses operands', () => {
  expect(ns('doctor', 'now')).toMatchObject({ status: 1, stdout: '' });
});
