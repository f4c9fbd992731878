// What list() gives can be handed to add(), replace() and remove() of routes and rules.
import { execFileSync } from 'node:child_process';
import { createNamespace } from '@ns/core';
import { expect, onTestFinished, test } from 'vitest';
import { isolatedNet } from '../isolated.js';
import { Rtnetlink } from './rtnetlink.js';

function lab(script: string): Rtnetlink {
  const namespace = createNamespace(isolatedNet());
  namespace.enter(() => execFileSync('sh', ['-ec', script], { stdio: 'inherit' }));
  const rtnetlink = Rtnetlink.open({ in: namespace });
  onTestFinished(() => {
    rtnetlink.close();
    namespace.close();
  });
  return rtnetlink;
}

const DEVICES = `
  ip link add a0 type veth peer name b0; ip link set a0 up; ip link set b0 up
  ip address add 10.0.0.1/24 dev a0; ip address add 2001:db8::1/64 dev a0 nodad`;

test.each([
  ['10.1.0.0/16 via 10.0.0.2 mtu 1400 advmss 1360'],
  ['10.1.0.0/16 via 192.0.2.1 dev a0 onlink'],
  ['10.1.0.0/16 via inet6 2001:db8::2 dev a0'],
  ['10.1.0.0/16 dev a0 realm 5/6'],
  ['10.1.0.0/16 nexthop via 10.0.0.2 weight 2 nexthop via 10.0.0.3'],
  ['unreachable 10.1.0.0/16 metric 7 table 100'],
])('a route of list() comes back as it was: %s', (words) => {
  const rtnetlink = lab(`${DEVICES}; ip route add ${words}`);
  const find = () =>
    rtnetlink.routes.list({ family: 'inet' }).filter(({ dst }) => dst === '10.1.0.0/16');
  const before = find();
  expect(before).toHaveLength(1);
  for (const one of before) {
    rtnetlink.routes.remove(one as never);
    expect(find()).toEqual([]);
    rtnetlink.routes.add(one as never);
  }
  expect(find()).toEqual(before);
});

test.each([
  ['from 10.0.0.0/8 lookup 100 priority 1000'],
  ['priority 1000 fwmark 7/0xff lookup 100 suppress_prefixlength 0'],
  ['priority 1000 tun_id 7 lookup 100'],
  ['priority 1000 lookup 100 suppress_ifgroup 3'],
  ['from all to 10.1.0.0/16 priority 1000 iif a0 unreachable protocol static'],
])('a rule of list() comes back as it was: %s', (words) => {
  const rtnetlink = lab(`${DEVICES}; ip rule add ${words}`);
  const find = () =>
    rtnetlink.rules.list({ family: 'inet' }).filter(({ priority }) => priority === 1000);
  const before = find();
  expect(before).toHaveLength(1);
  for (const one of before) {
    rtnetlink.rules.remove(one as never);
    expect(find()).toEqual([]);
    rtnetlink.rules.add(one as never);
  }
  expect(find()).toEqual(before);
});

test('rules.remove without a rule removes none', () => {
  const rtnetlink = lab(DEVICES);
  const before = rtnetlink.rules.list();
  expect(() => rtnetlink.rules.remove({})).toThrow(TypeError);
  expect(() => rtnetlink.rules.remove({ family: 'inet' })).toThrow(TypeError);
  expect(() => rtnetlink.rules.remove({ pref: 1000 } as never)).toThrow('rule.pref is not known');
  expect(rtnetlink.rules.list()).toEqual(before);
});

test('links.list of a kind that the kernel does not have gives no link', async () => {
  const rtnetlink = lab(DEVICES);
  expect(rtnetlink.links.list({ kind: 'no-such-kind' })).toEqual([]);
  const first = await rtnetlink.links.dump({ kind: 'no-such-kind' }).next();
  expect(first).toEqual({ done: true, value: undefined });
  expect(rtnetlink.links.list({ kind: 'veth' })).toHaveLength(2);
});
