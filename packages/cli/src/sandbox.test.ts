import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ns, nsWith } from './testing/ns.js';

function configFile(config: unknown): string {
  const directory = mkdtempSync(join(tmpdir(), 'ns-config-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'sandbox.json');
  writeFileSync(path, typeof config === 'string' ? config : JSON.stringify(config));
  return path;
}

test('a command is confined', () => {
  const script = 'touch /etc/x; grep CapEff /proc/self/status; cat /proc/sys/kernel/hostname';
  const { stdout, stderr, status } = ns('sandbox', '--hostname', 'box', '--', 'sh', '-c', script);
  expect(stdout).toBe('CapEff:\t0000000000000000\nbox\n');
  expect(stderr).toContain('Read-only file system');
  expect(status).toBe(0);
});

test('its end is that of the command', () => {
  expect(ns('sandbox', '--', 'sh', '-c', 'exit 7').status).toBe(7);
  expect(ns('sandbox', '--', 'sh', '-c', 'kill -TERM $$').signal).toBe('SIGTERM');
  expect(ns('sandbox', '--', 'no-such-command')).toMatchObject({
    status: 127,
    stderr: 'ns sandbox: no-such-command: command not found\n',
  });
  expect(ns('sandbox', '--timeout', '1', '--', 'sleep', '60').signal).toBe('SIGKILL');
  expect(nsWith({ input: 'piped' }, 'sandbox', '--', 'cat').stdout).toBe('piped');
});

test('a config file says what is done, and options come on top', () => {
  const config = configFile({
    $schema: './schema.json',
    preset: 'untrusted',
    hostname: 'file',
    env: { A: 'file' },
    command: ['sh', '-c', 'cat /proc/sys/kernel/hostname; echo $A; ls -A /etc | grep -c shadow'],
  });
  expect(ns('sandbox', '--config', config).stdout).toBe('file\nfile\n0\n');
  expect(ns('sandbox', '-c', config, '--hostname', 'line', '-e', 'A=line').stdout).toBe(
    'line\nline\n0\n',
  );
});

test('a plan is printed, and the schema', () => {
  const plan = JSON.parse(ns('sandbox', '--plan', '--network', 'host').stdout);
  expect(plan.namespaces).toMatchObject({ net: 'shared', pid: 'new' });
  const schema = JSON.parse(ns('sandbox', '--schema').stdout);
  expect(schema.properties.root.description).toContain('root file system');
});

test('a report tells how limits are kept', () => {
  const { stderr } = ns('sandbox', '--memory', '64M', '--report', '--', 'true');
  expect(JSON.parse(stderr).limits.memory).toMatch(/^(cgroup|rlimit)$/);
});

test.each([
  [['--preset', 'none'], 'a preset is one of untrusted, build, host, node'],
  [['--env', 'A'], '--env must be NAME=VALUE'],
  [['--memory', 'much'], 'limits.memory must be a size'],
  [['--preset', 'node'], 'the preset node needs a script'],
])('%j is refused in one line', (args, message) => {
  const { stderr, status } = ns('sandbox', ...args);
  expect(stderr).toContain(message);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(status).toBe(125);
});

test('a config file that is none is refused', () => {
  expect(ns('sandbox', '-c', configFile('{')).stderr).toMatch(/^ns sandbox: .*sandbox.json: /);
  expect(ns('sandbox', '-c', configFile({ netwerk: 1 })).stderr).toContain('has no netwerk');
  expect(ns('sandbox', '-c', configFile([])).stderr).toContain('must have an object');
});
