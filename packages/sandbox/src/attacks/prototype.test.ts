// Attacks by way of Object.prototype: a library that is led to write to it changes every object.
import { spawnSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { expect, test } from 'vitest';

const module = new URL('../../dist/index.js', import.meta.url).href;

/** Returns the look of three sandboxes where Object.prototype has these properties. */
function polluted(properties: string): string {
  const source = `
    import { sandbox, untrusted } from ${JSON.stringify(module)};
    const pollution = ${properties};
    Object.assign(Object.prototype, pollution);
    const look = 'readlink /proc/self/ns/net; grep -E "^(CapEff|Seccomp):" /proc/self/status; touch /usr/x';
    const args = ['-c', look];
    const results = [
      await sandbox.run('sh', args, { reject: false }),
      await sandbox.run('sh', args, { ...untrusted(), reject: false }),
    ];
    const box = await sandbox.create({ limits: {} });
    results.push(await box.run('sh', args, { reject: false }));
    await box.stop();
    for (const key of Object.keys(pollution)) delete Object.prototype[key];
    console.log(results.map(({ stdout, stderr }) => stdout + stderr).join(''));`;
  const args = ['--input-type=module', '-e', source];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  return stdout + stderr;
}

/** Expects that no sandbox is weaker; a call may fail, since other packages read such properties too. */
function expectToBeConfined(output: string): void {
  expect(output).not.toContain(readlinkSync('/proc/self/ns/net'));
  expect(output).not.toMatch(/^CapEff:\t.*[^0]$/m);
  expect(output).not.toMatch(/^Seccomp:\t[01]$/m);
}

test.each([
  "{ network: 'host' }",
  '{ newPrivileges: true, nestedUserNamespaces: true }',
  "{ capabilities: 'all' }",
  "{ writable: ['/'] }",
  "{ overlay: { size: '1M' }, owner: { uid: 0, gid: 0 }, cgroup: { remove: 1 } }",
])('sandboxes take no options from Object.prototype: %s', (properties) => {
  const output = polluted(properties);
  expectToBeConfined(output);
  expect(output.match(/^Seccomp:\t2$/gm) ?? output).toHaveLength(3);
  expect(output.match(/Read-only file system/g)).toHaveLength(3);
});

test.each([
  '{ seccomp: false }',
  "{ root: { directory: '/', writable: true } }",
  "{ directory: '/', keep: '/tmp', map: {}, uid: 0 }",
])('no sandbox is weaker by Object.prototype: %s', (properties) => {
  expectToBeConfined(polluted(properties));
});
