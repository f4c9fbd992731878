// Root in a namespace can send to netlink sockets there, also to those of this process.
import { readFileSync } from 'node:fs';
import { createNamespace } from '@ns/core';
import { closeFd, syscall, trySyscall } from '@ns/core/sys';
import { expect, test } from 'vitest';
import { isolatedNet } from '../isolated.js';
import { Rtnetlink } from '../rtnetlink/rtnetlink.js';

const AF_NETLINK = 16;
const ECONNREFUSED = 111;

/** Ports of the netlink sockets in the namespace of the calling thread. */
const ports = () =>
  readFileSync('/proc/thread-self/net/netlink', 'utf8')
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, protocol, port]) => protocol === '0' && port !== '0')
    .map(([, , port]) => Number(port));

test('a netlink socket of an Rtnetlink takes nothing from those in its namespace', () => {
  using namespace = createNamespace(isolatedNet());
  using rtnetlink = Rtnetlink.open({ in: namespace });
  const before = rtnetlink.links.list();
  namespace.enter(() => {
    const socket = syscall('socket', AF_NETLINK, 3, 0);
    const send = (port: number) => {
      const address = Buffer.alloc(12);
      address.writeUInt16LE(AF_NETLINK, 0);
      address.writeUInt32LE(port, 4);
      return trySyscall('sendto', socket, Buffer.alloc(32), 32, 0, address, address.length);
    };
    try {
      const found = ports();
      expect(found.length).toBeGreaterThan(0);
      for (const port of found) expect(send(port)).toBe(-ECONNREFUSED);
      // The counterpart: a socket that is not connected.
      const open = syscall('socket', AF_NETLINK, 3, 0);
      const own = Buffer.alloc(12);
      own.writeUInt16LE(AF_NETLINK, 0);
      syscall('bind', open, own, own.length);
      const [port] = ports().filter((one) => !found.includes(one));
      expect(send(Number(port))).toBe(32);
      closeFd(open);
    } finally {
      closeFd(socket);
    }
  });
  expect(rtnetlink.links.list()).toEqual(before);
});
