// Namespaces that a path keeps alive.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createNamespace } from '../child/create-namespace.js';
import { fdCount } from '../testing/index.js';
import { Namespace } from './namespace.js';

const directory = mkdtempSync(join(tmpdir(), 'ns-pin-'));
const mounts = () => readFileSync('/proc/self/mountinfo', 'utf8');
afterAll(() => rmSync(directory, { recursive: true }));

test('a pinned namespace outlives its handle, until it is unpinned', () => {
  const path = join(directory, 'net');
  const made = createNamespace('net');
  const { id } = made;
  made.pin(path);
  made.close();
  expect(mounts()).toContain(` ${path} `);
  {
    using again = Namespace.fromPath(path, 'net');
    expect(again.id).toEqual(id);
  }
  Namespace.unpin(path);
  expect(existsSync(path)).toBe(false);
  expect(mounts()).not.toContain(path);
});

test('nothing stays of a pin that failed', () => {
  const before = fdCount();
  const path = join(directory, 'loop');
  using here = Namespace.current('mount');
  // A mount namespace cannot be mounted in itself.
  expect(() => here.pin(path)).toThrow(
    expect.objectContaining({ code: 'ELOOP', hint: expect.stringContaining('older') }),
  );
  expect(existsSync(path)).toBe(false);
  expect(fdCount()).toBe(before + 1);
});

test('a file that exists is not taken', () => {
  const path = join(directory, 'mine');
  writeFileSync(path, 'mine');
  using here = Namespace.current('uts');
  expect(() => here.pin(path)).toThrow(expect.objectContaining({ code: 'EEXIST' }));
  expect(() => Namespace.unpin(path)).toThrow(
    new TypeError(`path: no namespace is pinned at ${path}`),
  );
  expect(readFileSync(path, 'utf8')).toBe('mine');
  expect(mounts()).not.toContain(path);
});

test('unpin refuses other mounts and paths without any', () => {
  expect(() => Namespace.unpin('/proc')).toThrow(TypeError);
  expect(() => Namespace.unpin(join(directory, 'none'))).toThrow(
    expect.objectContaining({ code: 'ENOENT' }),
  );
  expect(mounts()).toContain(' /proc ');
});
