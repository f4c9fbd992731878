// rtnetlink: against C that sends the same, ip(8), and pyroute2.
import { execFileSync, spawnSync } from 'node:child_process';
import { hrtime } from 'node:process';
import { fileURLToPath } from 'node:url';
import { createNamespace } from '@ns/core';
import { net, Rtnetlink } from '@ns/net';
import { peer, peerOf } from '../peer.mjs';

const PAIRS = 50;
const REQUESTS = 1000;
const ROUTES = 10_000;
const LINKS = 1000;
const PYTHON = '/usr/bin/python3';

/** @typedef {import('../suite.ts').Contender} Contender */
/** @typedef {import('../suite.ts').Group} Group */

/** @param {() => void} work */
function timed(work) {
  const started = hrtime.bigint();
  work();
  return Number(hrtime.bigint() - started);
}

function lab() {
  const namespace = createNamespace(net());
  const rtnetlink = Rtnetlink.open({ in: namespace });
  /**
   * @param {readonly string[]} args
   * @param {string} [input]
   */
  const ip = (args, input) =>
    namespace.enter(() => {
      const options = { input: input ?? '', maxBuffer: 2 ** 28 };
      const { status, stderr, error } = spawnSync('ip', args, options);
      if (error) throw error;
      if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr}`);
    });
  return { namespace, rtnetlink, ip };
}

const hasPyroute2 = () => spawnSync(PYTHON, ['-c', 'import pyroute2']).status === 0;

/**
 * @param {ReturnType<typeof lab>} where
 * @param {string} table
 * @returns {Contender}
 */
function pyroute2(where, table) {
  const name = 'pyroute2';
  if (!hasPyroute2()) return { name, skip: 'python3-pyroute2 is not installed' };
  const script = fileURLToPath(new URL('../netlink.py', import.meta.url));
  return { name, measure: where.namespace.enter(() => peerOf(PYTHON, [script, table])) };
}

/** @returns {Group} */
function pairs() {
  const where = lab();
  const each = Array.from({ length: PAIRS }, (_, i) => i);
  const batch = each
    .map((i) => `link add p${i} group 7 type veth peer name q${i} group 7\n`)
    .join('');
  const clear = () => where.ip(['link', 'delete', 'group', '7']);
  /** @param {() => void} make */
  const measured = (make) => {
    const total = timed(make);
    clear();
    return total / PAIRS;
  };
  return {
    name: `a veth pair, the mean of ${PAIRS}`,
    contenders: [
      {
        name: 'rtnetlink.links.add',
        measure: () =>
          measured(() => {
            for (const i of each) {
              const peerEnd = { name: `q${i}`, group: 7 };
              where.rtnetlink.links.add({ kind: 'veth', name: `p${i}`, group: 7, peer: peerEnd });
            }
          }),
      },
      { name: 'C', measure: peer('netlink', ['veth', String(PAIRS)]) },
      { name: 'ip -batch', measure: () => measured(() => where.ip(['-batch', '-'], batch)) },
    ],
    targets: [
      { of: 'rtnetlink.links.add', against: 'C', atMost: 1.1 },
      { of: 'rtnetlink.links.add', against: 'ip -batch', atMost: 1 },
    ],
  };
}

/** @returns {Group} */
function requests() {
  const { rtnetlink } = lab();
  return {
    name: `a request and its answer: the loopback interface, the mean of ${REQUESTS}`,
    contenders: [
      {
        name: 'rtnetlink.links.get',
        measure: () =>
          timed(() => {
            for (let i = 0; i < REQUESTS; i++) rtnetlink.links.get(1);
          }) / REQUESTS,
      },
      { name: 'C', measure: peer('netlink', ['get', String(REQUESTS)]) },
    ],
    targets: [{ of: 'rtnetlink.links.get', against: 'C', atMost: 2 }],
  };
}

const prefixes = Array.from({ length: ROUTES }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`);

/** A namespace with an interface for routes. */
function withInterface() {
  const where = lab();
  where.rtnetlink.links.add({ kind: 'veth', name: 'a0', up: true, peer: { name: 'b0' } });
  where.rtnetlink.links.up('b0');
  return where;
}

/** @returns {Group} */
function dumpRoutes() {
  const where = withInterface();
  where.rtnetlink.routes.addAll(prefixes.map((dst) => ({ dst, dev: 'a0' })));
  return {
    name: `${ROUTES} routes as objects`,
    contenders: [
      {
        name: 'rtnetlink.routes.list',
        run: () => where.rtnetlink.routes.list({ family: 'inet', table: 'main' }),
      },
      { name: 'ip -j', run: () => where.ip(['-j', '-4', 'route']) },
      pyroute2(where, 'routes'),
    ],
    targets: [
      { of: 'rtnetlink.routes.list', against: 'pyroute2', atMost: 0.2 },
      { of: 'rtnetlink.routes.list', against: 'ip -j', atMost: 1.5 },
    ],
  };
}

/** @returns {Group} */
function dumpLinks() {
  const where = lab();
  for (let i = 0; i < LINKS / 2; i++) {
    where.rtnetlink.links.add({ kind: 'veth', name: `p${i}`, peer: { name: `q${i}` } });
  }
  return {
    name: `${LINKS} links as objects`,
    contenders: [
      { name: 'rtnetlink.links.list', run: () => where.rtnetlink.links.list() },
      { name: 'ip -d -s -j', run: () => where.ip(['-d', '-s', '-j', 'link']) },
      pyroute2(where, 'links'),
    ],
    targets: [
      { of: 'rtnetlink.links.list', against: 'pyroute2', atMost: 0.2 },
      { of: 'rtnetlink.links.list', against: 'ip -d -s -j', atMost: 1.5 },
    ],
  };
}

/** @returns {Group} */
function addRoutes() {
  const where = withInterface();
  const batch = prefixes.map((dst) => `route add ${dst} dev a0\n`).join('');
  // With the interface, all of its routes go at once.
  const clear = () => {
    where.rtnetlink.links.down('a0');
    where.rtnetlink.links.up('a0');
  };
  return {
    name: `adding ${ROUTES} routes`,
    contenders: [
      {
        name: 'rtnetlink.routes.addAll',
        measure() {
          const total = timed(() => {
            const list = prefixes.map((dst) => ({ dst, dev: 'a0' }));
            if (where.rtnetlink.routes.addAll(list).size > 0)
              throw new Error('routes were refused');
          });
          clear();
          return total;
        },
      },
      {
        name: 'ip -batch',
        measure() {
          const total = timed(() => where.ip(['-batch', '-'], batch));
          clear();
          return total;
        },
      },
    ],
    targets: [{ of: 'rtnetlink.routes.addAll', against: 'ip -batch', atMost: 1 / 3 }],
  };
}

/** @returns {string | undefined} */
function obstacle() {
  if (process.getuid?.() !== 0) return 'network namespaces of its own need root';
  try {
    execFileSync('ip', ['-V'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'iproute2 is not installed';
  }
}

/** @type {import('../suite.ts').Suite} */
export const suite = {
  title: 'rtnetlink',
  about: `Each in namespaces of its own. C sends the same requests over a socket with the same options,
and decodes nothing. ip(8) is started for each run, and its output is read; pyroute2 runs all the
time, and reads the tables into its objects. Links are listed with all that \`ip -d -s\` shows.`,
  heaps: ['small'],
  tail: 90,
  burst: 2,
  groups() {
    const skip = obstacle();
    const makers = [pairs, requests, dumpRoutes, dumpLinks, addRoutes];
    if (skip === undefined) return makers.map((make) => make());
    return [{ name: 'rtnetlink', contenders: [], targets: [], skip }];
  },
};
