// Networks, without a packet: connect(2) of a datagram socket only looks up a route.
import type { Calls, Outcome } from '../calls.js';
import { blocked, judge, type Probe, reachable } from '../probe.js';

const [AF_INET, AF_INET6, DATAGRAM, CLOEXEC] = [2, 10, 2, 0x80000];
const PORT = 80;

/** struct sockaddr_in. */
function address4(text: string): Uint8Array {
  return Uint8Array.of(AF_INET, 0, 0, PORT, ...text.split('.').map(Number), ...new Uint8Array(8));
}

/** struct sockaddr_in6. */
function address6(groups: readonly number[]): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(28));
  bytes.setUint16(0, AF_INET6, true);
  bytes.setUint16(2, PORT);
  groups.forEach((group, i) => {
    bytes.setUint16(8 + 2 * i, group);
  });
  return new Uint8Array(bytes.buffer);
}

/** Looks up the way to an address. */
function routeTo(calls: Calls, family: number, address: Uint8Array): () => string | undefined {
  let found: Outcome | undefined;
  const socket = calls.withDescriptor('socket', [family, DATAGRAM | CLOEXEC, 0], (fd, add) => {
    found = add('connect', fd, address, address.length);
  });
  return () => socket.error() ?? found?.error();
}

function routes(
  title: string,
  hint: string,
  addresses: Readonly<Record<string, readonly [number, Uint8Array]>>,
): Probe {
  return {
    area: 'network',
    title,
    hint,
    prepare(calls) {
      const tried = Object.entries(addresses).map(
        ([name, [family, address]]) => [name, routeTo(calls, family, address)] as const,
      );
      return () =>
        judge(
          tried.filter(([, error]) => error() === undefined).map(([name]) => `a route to ${name}`),
          tried.map(([name, error]) => `${name}: ${error()}`).join(', '),
        );
    },
  };
}

const NETWORK = "`network: 'none'` has no way outside; any other one has.";

export const networkProbes = {
  'host-loopback': {
    area: 'network',
    title: 'services on 127.0.0.1 of the host can be connected to',
    hint: "Any `network` but 'host' has a loopback of its own.",
    prepare:
      (_, { namespaces, host }) =>
      () =>
        namespaces.net === host.namespaces.net
          ? reachable('the network namespace is that of the caller')
          : blocked('a network namespace of its own'),
  },
  'metadata-service': routes(
    'the metadata service of a cloud, which gives out credentials',
    NETWORK,
    {
      '169.254.169.254': [AF_INET, address4('169.254.169.254')],
      'fd00:ec2::254': [AF_INET6, address6([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254])],
    },
  ),
  internet: routes('other machines', NETWORK, {
    // Addresses for documentation, which no machine has: a default route leads there.
    '198.51.100.1': [AF_INET, address4('198.51.100.1')],
    '2001:db8::1': [AF_INET6, address6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1])],
  }),
  interfaces: {
    area: 'network',
    title: 'network interfaces beside the loopback',
    hint: NETWORK,
    prepare(calls) {
      const text = calls.read('/proc/self/net/dev', 4);
      return () => {
        const names = [...(text() ?? '').matchAll(/^\s*([^\s:|]+):/gm)].map(
          ([, name = '']) => name,
        );
        return judge(
          names.filter((name) => name !== 'lo'),
          names.length > 0 ? 'loopback alone' : 'none',
        );
      };
    },
  },
} satisfies Record<string, Probe>;
