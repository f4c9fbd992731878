import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ns, nsWith } from '../../testing/ns.js';

function configFile(config: unknown): string {
  const directory = mkdtempSync(join(tmpdir(), 'ns-config-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'sandbox.json');
  writeFileSync(path, typeof config === 'string' ? config : JSON.stringify(config));
  return path;
}

test('ns sandbox confines a command', () => {
  const script = 'touch /etc/x; grep CapEff /proc/self/status; cat /proc/sys/kernel/hostname';
  const { stdout, stderr, status } = ns('sandbox', '--hostname', 'box', '--', 'sh', '-c', script);
  expect(stdout).toBe('CapEff:\t0000000000000000\nbox\n');
  expect(stderr).toContain('Read-only file system');
  expect(status).toBe(0);
});

test('ns sandbox ends as the command does', () => {
  expect(ns('sandbox', '--', 'sh', '-c', 'exit 7').status).toBe(7);
  expect(ns('sandbox', '--', 'sh', '-c', 'kill -TERM $$').signal).toBe('SIGTERM');
  expect(ns('sandbox', '--', 'no-such-command')).toMatchObject({
    status: 127,
    stderr: 'ns sandbox: no-such-command: command not found\n',
  });
  expect(ns('sandbox', '--timeout', '1', '--', 'sleep', '60').signal).toBe('SIGKILL');
  expect(nsWith({ input: 'piped' }, 'sandbox', '--', 'cat').stdout).toBe('piped');
});

test('--config names options and a command, and options override it', () => {
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

test('--readable, --writable and --protect: the more specific path decides', () => {
  const tree = mkdtempSync(join(tmpdir(), 'ns-tree-'));
  onTestFinished(() => rmSync(tree, { recursive: true }));
  mkdirSync(join(tree, 'in'));
  const work = (...args: string[]) => {
    const script = `cd ${tree}; echo x > in/x; echo x > made; echo x > .bashrc; ls -A . in`;
    return ns('sandbox', '--user', 'current', ...args, '--', 'sh', '-c', script).stdout.split('\n');
  };
  const both = ['--writable', tree, '--readable', join(tree, 'in')];
  expect(work(...both)).toEqual(['.:', '.bashrc', 'in', 'made', '', 'in:', '']);
  rmSync(join(tree, '.bashrc'));
  work('--writable', tree, '--protect', join(tree, '.bashrc'));
  expect(readdirSync(tree).sort()).toEqual(['in', 'made']);
  const preset = ['--preset', 'build', '--wd', tree];
  work(...preset);
  expect(readdirSync(tree).sort()).toEqual(['in', 'made']);
  work(...preset, '--no-protect');
  expect(readdirSync(tree).sort()).toEqual(['.bashrc', 'in', 'made']);
  const wrong = ns('sandbox', '--writable', tree, '--readable', tree, '--', 'true');
  expect(wrong).toMatchObject({ status: 125 });
  expect(wrong.stderr).toContain(
    `options.readable and options.writable must not have the same path, got ${tree}`,
  );
});

test('a link through / leads to the same file as outside', () => {
  const [tree, place] = [0, 1].map(() => mkdtempSync(join(tmpdir(), 'ns-tree-'))) as [
    string,
    string,
  ];
  onTestFinished(() => {
    for (const one of [tree, place]) rmSync(one, { recursive: true });
  });
  const link = join(place, 'link');
  symlinkSync(`${'../'.repeat(place.split('/').length - 1)}${tree.slice(1)}`, link);
  const script = `echo made > ${link}/result`;
  const { status } = ns(
    'sandbox',
    '--user',
    'current',
    '--writable',
    link,
    '--',
    'sh',
    '-c',
    script,
  );
  expect(status).toBe(0);
  expect(readFileSync(join(tree, 'result'), 'utf8')).toBe('made\n');
  const root = ['-R', 'empty', ...['/usr', '/lib', '/lib64'].flatMap((one) => ['--ro-bind', one])];
  const cat = ['--ro-bind', `${link}:/data`, '--', '/usr/bin/cat', '/data/result'];
  expect(ns('run', '-U', ...root, ...cat).stdout).toBe('made\n');
});

test('--plan and --schema print JSON', () => {
  const plan = JSON.parse(ns('sandbox', '--plan', '--network', 'host').stdout);
  expect(plan.namespaces).toMatchObject({ net: 'shared', pid: 'new' });
  const schema = JSON.parse(ns('sandbox', '--schema').stdout);
  expect(schema.properties.root.description).toContain('root file system');
});

test('--report prints how limits are kept', () => {
  const { stderr } = ns('sandbox', '--memory', '64M', '--report', '--', 'true');
  const { keeper, scope } = JSON.parse(stderr).limits.memory;
  expect(`${keeper} ${scope}`).toMatch(/^(cgroup sandbox|rlimit process)$/);
});

test.each([
  [['--preset', 'none'], 'the preset must be one of untrusted, build, host, node'],
  [['--env', 'A'], '--env must be NAME=VALUE'],
  [['--memory', 'much'], '--memory must be a number of bytes'],
  [['--preset', 'node'], 'the preset node needs a script'],
])('ns sandbox refuses %j in one line', (args, message) => {
  const { stderr, status } = ns('sandbox', ...args);
  expect(stderr).toContain(message);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(status).toBe(125);
});

test('--config refuses a malformed file', () => {
  expect(ns('sandbox', '-c', configFile('{')).stderr).toMatch(
    /^ns sandbox: .*sandbox.json is not JSON: /,
  );
  expect(ns('sandbox', '-c', configFile({ netwerk: 1 })).stderr).toContain(
    'options.netwerk is not known',
  );
  expect(ns('sandbox', '-c', configFile([])).stderr).toContain('must be an object');
});

/** An archive with one file. */
function archive(): string {
  const directory = mkdtempSync(join(tmpdir(), 'ns-archive-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const source = join(directory, 'source');
  mkdirSync(join(source, 'data'), { recursive: true });
  writeFileSync(join(source, 'data/file'), 'unpacked');
  const tar = join(directory, 'root.tar.gz');
  execFileSync('tar', ['-czf', tar, '-C', source, '.']);
  return tar;
}

const programs = ['/usr', '/bin', '/lib', '/lib64'].filter((path) => existsSync(path));
const shown = programs.flatMap((path) => ['--readable', path]);

test('--root takes an archive without progress messages, and --changes lists its changes', () => {
  const root = ['--root', archive(), ...shown];
  expect(ns('sandbox', ...root, '--', '/bin/cat', '/data/file')).toMatchObject({
    stdout: 'unpacked',
    stderr: '',
    status: 0,
  });
  const script = 'echo x > /data/new; rm /data/file';
  const { stderr } = ns('sandbox', ...root, '--changes', '--', '/bin/sh', '-c', script);
  expect(stderr).toContain('added /data/new\n');
  expect(stderr).toContain('deleted /data/file\n');
  const config = configFile({ root: { tar: archive() }, readable: programs });
  expect(ns('sandbox', '-c', config, '--', '/bin/cat', '/data/file').stdout).toBe('unpacked');
});

test('--changes prints one escaped name in a line', () => {
  const root = ['--root', archive(), ...shown];
  const script = String.raw`cd /data; : > "$(printf 'a\033]0;t\007')"; : > "$(printf 'b\nadded c')"; : > "$(printf 'd\377')"`;
  const { stderr } = ns('sandbox', ...root, '--changes', '--', '/bin/sh', '-c', script);
  expect(stderr.split('\n').filter((line) => line.includes('/data'))).toEqual([
    String.raw`added /data/a\x1b]0;t\x07`,
    String.raw`added /data/b\x0aadded c`,
    String.raw`added /data/d\xff`,
  ]);
});

test('ns sandbox --json prints the result, or an error, as an object', () => {
  const script = 'echo out; echo err >&2; exit 3';
  const { stdout, status } = ns('sandbox', '--json', '--', 'sh', '-c', script);
  expect(JSON.parse(stdout)).toMatchObject({
    exitCode: 3,
    signal: null,
    stdout: 'out\n',
    stderr: 'err\n',
    report: { limits: {}, missing: [] },
  });
  expect(status).toBe(3);
  expect(ns('sandbox', '--json', '--', 'sh', '-c', 'kill -KILL $$').status).toBe(137);
  const refused = ns('sandbox', '--json', '--root', '/etc/passwd', '--', 'true');
  expect(refused.status).toBe(125);
  expect(JSON.parse(refused.stderr).error).toMatchObject({
    message: expect.stringContaining('/etc/passwd: '),
    name: 'SandboxError',
    part: 'root',
  });
  const missing = ns('sandbox', '--json', '--', 'no-such-command');
  expect(missing.status).toBe(127);
  expect(JSON.parse(missing.stderr).error).toMatchObject({ code: 'ENOENT', syscall: 'execve' });
});

test('ns explain --json prints limits and calls', () => {
  const { stdout, status } = ns('explain', '--json', '--memory', '1M', '--hostname', 'box', 'true');
  const { limits, calls } = JSON.parse(stdout);
  expect(limits).toEqual(['memory.max = 1048576']);
  expect(calls.some((line: string) => line.includes('sethostname("box", 3)'))).toBe(true);
  expect(status).toBe(0);
  const wrong = ns('explain', '--json', '--setuid', 'x', 'true');
  expect(JSON.parse(wrong.stderr).error.message).toContain('--setuid');
  expect(wrong.status).toBe(1);
});

test.each([
  [['--root', '/nowhere'], '--root: /nowhere does not exist'],
  [['--changes'], 'need --root with a path'],
  [['--root', '/usr', '--reference', 'a'], '--reference needs an OCI image layout'],
  [['--forward', '80'], '--forward needs --network private'],
  [['--forward', 'a', '--network', 'private'], '--forward must be PORT[:PORT]'],
  [['--terminal', 'perhaps'], '--terminal must be one of auto, always, never'],
])('ns sandbox refuses %j with the exit code 125', (args, message) => {
  expect(ns('sandbox', ...args, '--', 'true')).toMatchObject({
    status: 125,
    stderr: expect.stringContaining(message),
  });
});

test('--audit lists what is reachable, and exits with 1 if a promise is broken', () => {
  const kept = ns('sandbox', '--audit', '--preset', 'untrusted');
  expect(kept).toMatchObject({ status: 0, stderr: '' });
  const [heading, ...lines] = kept.stdout.trimEnd().split('\n');
  expect(heading).toMatch(/^RESULT +AREA +PROBE +DETAIL$/);
  const column = heading?.indexOf('PROBE');
  expect(lines[0]?.indexOf('home-directories')).toBe(column);
  expect(lines.at(-1)).toBe('Nothing is reachable that the preset untrusted promises to block.');

  const broken = ns('sandbox', '--audit', '--network', 'host');
  expect(broken.status).toBe(1);
  expect(broken.stdout).toMatch(/^REACHABLE +network +host-loopback /m);
  expect(broken.stdout).toContain(
    '\nReachable although the preset default promises to block it:\n',
  );
});

test('--audit --json prints the object of the docs', () => {
  const { stdout, status } = ns('sandbox', '--audit', '--json', '--root', 'empty', '-p', 'host');
  const report = JSON.parse(stdout);
  expect({ status, kept: report.kept, preset: report.preset }).toEqual({
    status: 0,
    kept: true,
    preset: 'host',
  });
  expect(report.findings[0]).toEqual({
    probe: 'home-directories',
    area: 'files',
    result: 'blocked',
    promised: true,
    detail: expect.any(String),
  });
  expect(ns('sandbox', '--audit', '--json', '--preset', 'node').status).toBe(125);
});
