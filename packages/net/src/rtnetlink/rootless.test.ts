import { spawn } from '@ns/core';
import { expect, test } from 'vitest';
import { net } from '../spec.js';
import { Rtnetlink } from './rtnetlink.js';
import { watchNet } from './watch-net.js';

test('the network of a rootless child is configured from outside', async () => {
  await using child = await spawn('sleep', ['60'], {
    namespaces: [{ type: 'user' }, net()],
    stdio: 'ignore',
  });
  using rtnetlink = Rtnetlink.open({ in: child.pid });
  using events = watchNet({ in: child.pid, groups: ['link'] });
  rtnetlink.links.add({ kind: 'veth', name: 'a0', up: true, peer: { name: 'b0' } });
  rtnetlink.addresses.add({ dev: 'a0', address: '10.0.0.1/24' });
  expect(rtnetlink.links.list().map(({ ifname }) => ifname)).toEqual(['lo', 'b0', 'a0']);
  expect(rtnetlink.links.get('lo').flags).toContain('UP');
  expect(rtnetlink.addresses.list({ dev: 'a0', family: 'inet' })[0]).toMatchObject({
    local: '10.0.0.1',
  });
  const { value } = await events.next();
  expect(value).toMatchObject({ event: 'link', action: 'new' });
});

test('what is not there is named', () => {
  expect(() => Rtnetlink.open({ in: 2 ** 22 })).toThrow('ENOENT');
  expect(() => Rtnetlink.open({ in: 'no-such-name' })).toThrow('ENOENT');
  expect(() => Rtnetlink.open({ in: 'a/b' })).toThrow(TypeError);
});
