import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { ns } from '../../testing/ns.js';
import { partsOf } from './mounts.js';

function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), 'ns-run-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return directory;
}

function output(...args: string[]): string {
  const { stdout, stderr, status } = ns('run', ...args);
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  return stdout;
}

function complaint(...args: string[]): string {
  const { stderr, status } = ns('run', ...args, 'true');
  expect(status).toBe(125);
  return stderr;
}

/** The programs of the machine in an empty root. */
const empty = [
  ...['--root', 'empty', '--ro-bind', '/usr'],
  ...['bin', 'sbin', 'lib', 'lib64'].flatMap((name) => ['--symlink', `usr/${name}:/${name}`]),
];

test('partsOf splits at colons, and takes every text as a part', () => {
  expect(partsOf('a:b')).toEqual(['a', 'b']);
  expect(partsOf('a\\:b\\\\:c')).toEqual(['a:b\\', 'c']);
  expect(partsOf(':')).toEqual(['', '']);
  const escaped = (part: string) => part.replace(/[\\:]/g, '\\$&');
  fc.assert(
    fc.property(fc.array(fc.string(), { minLength: 1 }), (parts) => {
      expect(partsOf(parts.map(escaped).join(':'))).toEqual(parts);
    }),
  );
});

test('--bind and --ro-bind mount a directory, writable and read-only', () => {
  const [source, target] = [join(temporary(), 'a b:c'), temporary()];
  mkdirSync(source);
  const escaped = source.replace(':', '\\:');
  output('--bind', `${escaped}:${target}`, 'touch', `${target}/new`);
  expect(readdirSync(source)).toEqual(['new']);
  const { stderr } = ns('run', '--ro-bind', `${escaped}:${target}`, 'touch', `${target}/other`);
  expect(stderr).toContain('Read-only file system');
  expect(readdirSync(source)).toEqual(['new']);
});

test('ns run mounts in the order of the command line', () => {
  const [outer, source] = [temporary(), temporary()];
  writeFileSync(join(source, 'mark'), '');
  mkdirSync(join(outer, 'inner'));
  const inner = join(outer, 'inner');
  const bind = ['--bind', `${source}:${inner}`];
  expect(output(...bind, '--tmpfs', `${outer}:1M`, 'ls', outer)).toBe('');
  expect(output('--tmpfs', `${inner}:1M`, ...bind, 'ls', inner)).toBe('mark\n');
  const size = ['stat', '-f', '-c', '%T %b*%S', outer];
  expect(output('--tmpfs', `${outer}:1M`, ...size)).toBe('tmpfs 256*4096\n');
});

test('--root empty has only the named entries', () => {
  const file = join(temporary(), 'file');
  writeFileSync(file, 'content');
  const more = ['--file', `${file}:/etc/file`, '--tmpfs', '/tmp', '--dev', '--chdir', '/tmp'];
  const script =
    'pwd; cat /etc/file; echo; ls /; echo x >/dev/null; readlink /proc/self >/dev/null';
  expect(output(...empty, ...more, '--', 'sh', '-ec', script)).toBe(
    '/tmp\ncontent\nbin\ndev\netc\nlib\nlib64\nproc\nsbin\ntmp\nusr\n',
  );
});

test('--overlay leaves the root unchanged', () => {
  const [root, layers] = [temporary(), temporary()];
  mkdirSync(join(root, 'data'));
  const use = ['--ro-bind', '/usr', ...empty.slice(4)];
  expect(output('-R', root, '--overlay', ...use, '--', 'sh', '-c', 'touch /data/x; ls /data')).toBe(
    'x\n',
  );
  expect(readdirSync(root)).toEqual(['data']);
  const [upper, work] = [join(layers, 'upper'), join(layers, 'work')];
  mkdirSync(upper);
  mkdirSync(work);
  output('-R', root, `--overlay=${upper}:${work}`, ...use, '--', 'touch', '/data/x');
  expect(readdirSync(join(upper, 'data'))).toEqual(['x']);
});

test('--readonly-root makes the current root read-only', () => {
  const directory = temporary();
  const { stderr } = ns('run', '--readonly-root', 'touch', join(directory, 'x'));
  expect(stderr).toContain('Read-only file system');
  expect(readdirSync(directory)).toEqual([]);
});

test('options about mounts create a mount namespace beside named types', () => {
  expect(output('--user', '-r', ...empty, 'sh', '-c', 'echo /*')).toContain('/usr');
});

test('ns run names mistakes in options about mounts', () => {
  expect(complaint('--bind', '/a:/b:/c')).toContain('--bind must be SOURCE[:TARGET]');
  expect(complaint('--tmpfs', '')).toContain('--tmpfs must be TARGET[:SIZE]');
  expect(complaint('--symlink', '/a')).toContain('--symlink must be TO:TARGET');
  expect(complaint('--overlay=/a')).toContain('--overlay must be UPPER:WORK');
  expect(complaint('--root', '/', '--propagation', 'shared')).toContain(
    '--propagation must be one of private, slave',
  );
  expect(complaint('--file', '/no/such:/file')).toContain('/no/such');
});
