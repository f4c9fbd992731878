// The addresses that an uplink chooses.
import { createNamespace } from '@ns/core';
import { expect, onTestFinished, test } from 'vitest';
import { router } from '../attacks/router.testing.js';
import { isolatedNet } from '../isolated.js';
import { Route } from '../route/route.js';
import { createNatUplink } from './nat-uplink.js';

function lab() {
  const namespace = createNamespace(isolatedNet());
  onTestFinished(() => namespace.close());
  return namespace;
}

test('an uplink chooses a network that the host does not have, and keeps it for its bridge', () => {
  using world = router(false);
  using route = Route.open({ in: world.host });
  route.address.add({ dev: 'lan1', address: '10.208.3.1/24' });
  route.route.add({ dst: '10.209.0.0/17', gateway: '10.1.0.2' });
  using first = createNatUplink(lab(), { host: world.host });
  expect(first.address).toBe('10.210.0.2');
  route.address.delete({ dev: 'lan1', address: '10.208.3.1/24' });
  using second = createNatUplink(lab(), { host: world.host });
  expect(second.address).toBe('10.210.0.3');
  using other = createNatUplink(lab(), { host: world.host, bridge: 'br9' });
  expect(other.address).toBe('10.208.0.2');
});
