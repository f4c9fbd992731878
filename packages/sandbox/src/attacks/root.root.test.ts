// Attacks by commands of a build that root calls: what they are on the host (SECURITY.md S12).
import { chownSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { build } from '../options/presets.js';
import { box, outside, sh } from '../sandbox.testing.js';
import { expectToWithstand } from './attack.testing.js';

/** A user that no process of this machine has. */
const OWNER = 54_321;

const setId = (tree: string) => `cd ${tree}; rm -f program new; cp /bin/true program
  chmod 4755 program; chmod 2755 program
  perl -e 'use Fcntl; umask 0; sysopen my $f, "new", O_CREAT | O_RDWR, 04755'
  find . -perm /6000`;

test('a build leaves no program behind that makes root of its user', async () => {
  const tree = outside();
  await expectToWithstand({
    script: setId(tree),
    success: /^\.\/(program|new)$/m,
    sandbox: build(tree),
    open: build(tree, { seccomp: false }),
  });
});

test('a build in a tree of another user is that user', async () => {
  const tree = outside();
  chownSync(tree, OWNER, OWNER);
  const data = outside();
  writeFileSync(join(data, 'of-root'), 'for root alone', { mode: 0o600 });
  const script = `cat ${data}/of-root; rm -f ${tree}/made; : > ${tree}/made`;
  await expectToWithstand({
    script,
    success: /for root alone/,
    sandbox: build(tree, { readable: [data] }),
    open: build(tree, { readable: [data], user: 'current' }),
  });
  expect(statSync(join(tree, 'made'))).toMatchObject({ uid: OWNER, gid: OWNER });
});

test('the group of root is not that of a build in a tree of another user', async () => {
  const tree = outside();
  chownSync(tree, OWNER, 0);
  const made = await box(build(tree));
  const child = await made.spawn('sleep', ['60'], { stdio: 'ignore' });
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  expect(status).toMatch(new RegExp(`^Uid:\\t${OWNER}\\t`, 'm'));
  expect(status).not.toMatch(/^Gid:.*\t0\t/m);
  expect(status).toMatch(/^Groups:\t *$/m);
});

test('a build in a tree of root changes nothing of root outside of it', async () => {
  const made = await box(build(outside()));
  expect(await sh(made, 'id -u')).toBe('0');
  for (const path of ['/sys/kernel', '/sys/fs/cgroup', '/etc/passwd', '/usr']) {
    expect(await sh(made, `chmod 700 ${path}`)).toMatch(/Read-only file system/);
  }
});
