// Entering without the privilege to.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { createNamespace } from '../child/create-namespace.js';
import { Namespace } from './namespace.js';
import { setns, unshare } from './thread.js';

const core = join(import.meta.dirname, '../../dist/index.js');

test('enter refuses a thread that could not come back', () => {
  // Root in a new user namespace, in the network of the outer one: may leave it, not return to it.
  const script = `
    import { createNamespace } from ${JSON.stringify(core)};
    import { readlinkSync } from 'node:fs';
    const net = createNamespace('net');
    const at = () => readlinkSync('/proc/thread-self/ns/net');
    const home = at();
    try {
      net.enter(() => console.log('inside'));
    } catch ({ code, message }) {
      console.log(code, message.includes('can come back'), at() === home, String(net) !== home);
    }
  `;
  const node = [process.execPath, '--input-type=module', '-e', script];
  const child = spawnSync('unshare', ['--user', '--map-root-user', ...node], {
    encoding: 'utf8',
    cwd: '/tmp',
  });
  expect(child.stdout + child.stderr).toBe('EPERM true true true\n');
});

test('wrong arguments of unshare and setns are named before the kernel is asked', () => {
  const wrong = 'network' as 'net';
  expect(() => unshare(wrong)).toThrow(/^types\[0\] must be one of .*, got 'network'$/);
  expect(() => unshare([])).toThrow(/^types must be one type or several, got \[\]$/);
  using net = Namespace.current('net');
  expect(() => setns(net, 'uts')).toThrow(
    new TypeError('types: target is a net namespace, not uts'),
  );
  expect(() => setns(net, ['net', 'uts'])).toThrow(TypeError);
  expect(() => setns(-1)).toThrow(RangeError);
  expect(() => setns({} as Namespace)).toThrow(TypeError);
});

test('a user namespace is never for a thread of several', () => {
  const fn = vi.fn<() => void>();
  using user = createNamespace('user');
  expect(() => user.enter(fn)).toThrow(
    expect.objectContaining({ code: 'EINVAL', hint: expect.stringContaining('use spawn') }),
  );
  expect(() => setns(user)).toThrow(`failed in joining ${user}: EINVAL`);
  for (const move of [() => unshare('user'), () => unshare(['user', 'net']), () => setns(user)]) {
    expect(move).toThrow(
      expect.objectContaining({ code: 'EINVAL', hint: expect.stringContaining('use spawn') }),
    );
  }
  expect(fn).not.toHaveBeenCalled();
});
