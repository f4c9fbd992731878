import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { loadBundle } from './code-cache.js';

const require = createRequire(import.meta.url);
const euid = process.geteuid?.() ?? 0;

let directory: string;
let bundle: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ns-code-'));
  bundle = join(directory, 'bundle.cjs');
  onTestFinished(() => {
    chmodSync(directory, 0o755);
    rmSync(directory, { recursive: true });
  });
});

const load = () => loadBundle<{ answer: () => number }>(bundle, 'part', require);
const files = () => readdirSync(directory).filter((name) => name.endsWith('.code'));
const path = () => join(directory, files()[0] as string);

let made = 100;

/**
 * Leaves code that answers 1 for a source that answers 2: V8 compares nothing but the length, so the
 * answer tells which of the two was used. Each time another source, because V8 knows those it had.
 */
function keepOtherCode(): void {
  made++;
  const source = (answer: number) => `exports.answer = () => ${answer}; // ${made}`;
  writeFileSync(bundle, source(1));
  const { exports, keep } = load();
  expect(exports.answer()).toBe(1);
  keep();
  const file = readFileSync(path());
  const code = file.subarray(0, file.length - source(1).length);
  writeFileSync(bundle, source(2));
  writeFileSync(path(), Buffer.concat([code, Buffer.from(source(2))]));
}

test('loadBundle runs a bundle as Node would', () => {
  writeFileSync(
    bundle,
    `exports.answer = () => [module.exports === exports, __filename, __dirname, require('node:path').sep];`,
  );
  const { exports } = loadBundle<{ answer: () => unknown[] }>(bundle, 'part', require);
  expect(exports.answer()).toEqual([true, bundle, directory, '/']);
});

test('loadBundle uses kept code, and does not write it again', () => {
  keepOtherCode();
  const { ino } = statSync(path());
  const { exports, keep } = load();
  expect(exports.answer()).toBe(1);
  keep();
  expect(statSync(path()).ino).toBe(ino);
});

test('keep writes one file', () => {
  keepOtherCode();
  expect(readdirSync(directory)).toHaveLength(2);
  expect(files()[0]).toMatch(/^bundle-part-v\d/);
});

test.each([
  { mode: '666', kept: '644' },
  { mode: '640', kept: '640' },
  { mode: '600', kept: '600' },
])(
  'keep writes a file of mode $kept beside a bundle of mode $mode, whatever the umask',
  (modes) => {
    writeFileSync(bundle, 'exports.answer = () => 1;');
    chmodSync(bundle, Number.parseInt(modes.mode, 8));
    const umask = process.umask(0o077);
    onTestFinished(() => void process.umask(umask));
    load().keep();
    expect((statSync(path()).mode & 0o777).toString(8)).toBe(modes.kept);
  },
);

test('loadBundle replaces code of another source', () => {
  keepOtherCode();
  writeFileSync(bundle, 'exports.answer = () => 3;');
  const { exports, keep } = load();
  expect(exports.answer()).toBe(3);
  keep();
  expect(readFileSync(path(), 'latin1')).toContain('exports.answer = () => 3;');
});

test('loadBundle compares the hash at the end of a bundle', () => {
  const source = (answer: number, hash: string) => `exports.answer = () => ${answer};\n//${hash}\n`;
  writeFileSync(bundle, source(4, 'one'));
  const { exports, keep } = load();
  expect(exports.answer()).toBe(4); // compiled by now
  keep();
  expect(readFileSync(path(), 'latin1')).toMatch(/\n\/\/one\n$/);
  writeFileSync(bundle, source(5, 'one'));
  expect(load().exports.answer()).toBe(4);
  writeFileSync(bundle, source(6, 'two'));
  expect(load().exports.answer()).toBe(6);
});

test('loadBundle ignores code that others could have written', () => {
  for (const mode of [0o664, 0o646]) {
    keepOtherCode();
    chmodSync(path(), mode);
    expect(load().exports.answer()).toBe(2);
  }
});

test('loadBundle does not follow a link to code', () => {
  keepOtherCode();
  const target = join(directory, 'target');
  const link = path();
  renameSync(link, target);
  symlinkSync(target, link);
  expect(load().exports.answer()).toBe(2);
});

test('loadBundle ignores a truncated file', () => {
  keepOtherCode();
  truncateSync(path(), 10);
  expect(load().exports.answer()).toBe(2);
});

test('loadBundle replaces code that V8 refuses', () => {
  keepOtherCode();
  const file = readFileSync(path());
  file.fill(0xff, 0, 16);
  writeFileSync(path(), file);
  const { exports, keep } = load();
  expect(exports.answer()).toBe(2);
  keep();
  expect(readFileSync(path()).equals(file)).toBe(false);
});

test('keep writes to the cache of a user who cannot write beside the bundle', ({ skip }) => {
  skip(euid === 0, 'root may write everywhere');
  const cache = mkdtempSync(join(tmpdir(), 'ns-code-'));
  onTestFinished(() => rmSync(cache, { recursive: true }));
  vi.stubEnv('XDG_CACHE_HOME', join(cache, 'new'));
  onTestFinished(() => void vi.unstubAllEnvs());
  writeFileSync(bundle, 'exports.answer = () => 1;');
  chmodSync(directory, 0o555);
  load().keep();
  expect(files()).toEqual([]);
  const [file] = readdirSync(join(cache, 'new/ns'));
  expect(file).toMatch(/^bundle-part-.*\.code$/);
  expect(statSync(join(cache, 'new/ns')).mode & 0o777).toBe(0o700);
  const { ino } = statSync(join(cache, 'new/ns', file as string));
  load().keep();
  expect(statSync(join(cache, 'new/ns', file as string)).ino).toBe(ino);
});

test('keep of root writes nothing to the directory of a user', ({ skip }) => {
  skip(euid !== 0, 'needs root');
  vi.stubEnv('XDG_CACHE_HOME', directory);
  onTestFinished(() => void vi.unstubAllEnvs());
  writeFileSync(bundle, 'exports.answer = () => 1;');
  const fd = openSync(bundle, 'r');
  onTestFinished(() => closeSync(fd));
  // Beside this path not even root can make a file.
  loadBundle(`/proc/self/fd/${fd}`, 'part', require).keep();
  expect(readdirSync(directory)).toEqual(['bundle.cjs']);
});

test('loadBundle ignores code of another user', ({ skip }) => {
  skip(euid !== 0, 'needs root, to give a file away');
  keepOtherCode();
  chownSync(path(), 12_345, 0);
  expect(load().exports.answer()).toBe(2);
  keepOtherCode();
  chownSync(path(), 12_345, 0);
  chownSync(bundle, 12_345, 0); // who owns the bundle decides what it does
  expect(load().exports.answer()).toBe(1);
});

test('NODE_DISABLE_COMPILE_CACHE disables the cache', () => {
  keepOtherCode();
  vi.stubEnv('NODE_DISABLE_COMPILE_CACHE', '1');
  onTestFinished(() => void vi.unstubAllEnvs());
  expect(load().exports.answer()).toBe(2);
  rmSync(path());
  load().keep();
  expect(files()).toEqual([]);
});

test('keep works beside the file of a process that was killed while it wrote', () => {
  writeFileSync(bundle, 'exports.answer = () => 1;');
  load().keep();
  const file = path();
  renameSync(file, `${file}.${process.pid}`);
  load().keep();
  expect(existsSync(file)).toBe(true);
});

test('loadBundle works without the file of Node, and keeps nothing', () => {
  writeFileSync(bundle, 'exports.answer = () => 1;');
  const { execPath } = process;
  onTestFinished(() => {
    process.execPath = execPath;
  });
  process.execPath = '/nowhere/node';
  const { exports, keep } = load();
  keep();
  expect(exports.answer()).toBe(1);
  expect(files()).toEqual([]);
});

test('keep succeeds without a directory that it can write', () => {
  vi.stubEnv('XDG_CACHE_HOME', '/proc/nowhere');
  onTestFinished(() => void vi.unstubAllEnvs());
  writeFileSync(bundle, 'exports.answer = () => 1;');
  const { exports, keep } = load();
  const gone = `${directory}-gone`;
  renameSync(directory, gone);
  keep();
  expect(existsSync(directory)).toBe(false);
  renameSync(gone, directory);
  expect(exports.answer()).toBe(1);
});
