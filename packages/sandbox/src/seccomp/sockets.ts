// Sockets: those that a network namespace separates, without protocols that programs rarely use and
// that often had holes.
import { constants } from 'node:os';
import {
  ALLOW,
  fail,
  type Instruction,
  loadArgument,
  result,
  whenAnyBit,
  whenEqual,
} from './bpf.js';
import type { Rule } from './rule.js';

const { EAFNOSUPPORT, EPROTONOSUPPORT } = constants.errno;

const [AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET] = [1, 2, 10, 16, 17];

/** Bits of the types beyond SOCK_STREAM, SOCK_DGRAM and SOCK_RAW, which SCTP and DCCP have too. */
const UNUSUAL_TYPES = 0xc;
/** DCCP, L2TP, SCTP and SMC: each is a module, which the kernel would load. */
const UNUSUAL_PROTOCOLS = [33, 115, 132, 256];
/**
 * NETLINK_ROUTE, SOCK_DIAG, XFRM, NETFILTER, KOBJECT_UEVENT and GENERIC. The others belong to drivers
 * and to services of the host.
 */
const NETLINK_PROTOCOLS = [0, 4, 6, 12, 15, 16];

const allowEach = (values: readonly number[]): Instruction[] =>
  values.flatMap((value) => whenEqual(value, [result(ALLOW)]));

const internet: readonly Instruction[] = [
  loadArgument(1),
  ...whenAnyBit(UNUSUAL_TYPES, [fail(EPROTONOSUPPORT)]),
  loadArgument(2),
  ...UNUSUAL_PROTOCOLS.flatMap((protocol) => whenEqual(protocol, [fail(EPROTONOSUPPORT)])),
  result(ALLOW),
];

/** For every sandbox. AF_VSOCK, for one, is in no network namespace. */
export const socketRules: readonly Rule[] = [
  [
    'socket',
    [
      loadArgument(0),
      ...allowEach([AF_UNIX, AF_PACKET]),
      ...[AF_INET, AF_INET6].flatMap((family) => whenEqual(family, internet)),
      ...whenEqual(AF_NETLINK, [
        loadArgument(2),
        ...allowEach(NETLINK_PROTOCOLS),
        fail(EPROTONOSUPPORT),
      ]),
      fail(EAFNOSUPPORT),
    ],
  ],
  // AF_TIPC makes pairs too.
  ['socketpair', [loadArgument(0), ...allowEach([AF_UNIX]), fail(EAFNOSUPPORT)]],
];
