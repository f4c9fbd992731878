// Examples of @ns/net.
import { accessSync, constants, existsSync } from 'node:fs';
import { createNamespace, type Namespace, spawn } from '@ns/core';
import {
  createNatUplink,
  createUserUplink,
  net as netSpec,
  openInside,
  openTun,
  Rtnetlink,
  watchNet,
} from '@ns/net';
import {
  type Example,
  ofError,
  ofStart,
  type PackageExamples,
  readAll,
  type Skip,
} from '../example.js';
import { closeAfterTests } from '../owned.js';

const isRoot = process.geteuid?.() === 0;

/** The name of a namespace that is not there. */
const nowhere = 'contract-tests-never-make-it';
const dev = 'lo';

let shared: Rtnetlink | undefined;

/** Returns the configuration of a namespace that the tests have made. Root's own would be the machine's. */
function rtnetlink(): Rtnetlink {
  shared ??= closeAfterTests(
    Rtnetlink.open(isRoot ? { in: closeAfterTests(createNamespace('net')) } : {}),
  );
  return shared;
}

/** The parts of an Rtnetlink, by their class. */
const parts = {
  Links: 'links',
  Addresses: 'addresses',
  Routes: 'routes',
  Rules: 'rules',
  Neighbours: 'neighbours',
  Nexthops: 'nexthops',
  NamespaceIds: 'namespaceIds',
  Vlans: 'vlans',
  Qdiscs: 'qdiscs',
  TrafficClasses: 'classes',
  Filters: 'filters',
  Wireguard: 'wireguard',
} as const;

/** Returns the same example for verbs of a part: both by its class and by its name in Rtnetlink. */
function verbs(
  part: keyof typeof parts,
  names: readonly string[],
  example: Example,
): Record<string, Example> {
  return Object.fromEntries(
    names.flatMap((name) => [
      [`net ${part}#${name}`, example],
      [`net Rtnetlink#${parts[part]}.${name}`, example],
    ]),
  );
}

const write = ['add', 'replace', 'change'];
const range = { start: 1, end: 2 };

const examples: PackageExamples['examples'] = {
  'net isPair': { data: 'links are data that a link list has returned' },
  'net new NetlinkError': { data: ofError },
  'net readSysctl': { args: ['net.ipv4.nonexistent'] },
  'net writeSysctl': { args: ['net.ipv4.nonexistent', 1] },
  'net watchNet': { wait: (signal) => readAll(watchNet({ signal })) },
  'net openInside': { args: [nowhere] },
  'net createNatUplink': { args: [nowhere] },
  'net named.create': { args: [nowhere] },
  'net named.exec': { args: [nowhere, 'true', []], wait: ofStart },
  'net named.execSync': { args: [nowhere, 'true', []] },
  'net planTopology': { base: { namespaces: {} } },
  ...verbs('Links', ['change', 'changePort', 'shape'], { args: [dev] }),
  ...verbs('Addresses', write, { base: { dev, address: '192.0.2.1/24' } }),
  ...verbs('Addresses', ['get', 'remove'], { base: { dev, address: '192.0.2.1' } }),
  ...verbs('Routes', [...write, 'remove'], { base: { dst: '192.0.2.0/24' } }),
  ...verbs('Routes', ['get'], { args: ['192.0.2.1'] }),
  ...verbs('Rules', ['add', 'remove'], {
    base: { sport: range, dport: range, uidrange: range },
  }),
  ...verbs('Neighbours', [...write, 'remove'], { base: { dev } }),
  ...verbs('Neighbours', ['get'], { base: { dev, dst: '192.0.2.1' } }),
  ...verbs('Nexthops', write, { base: { id: 1 } }),
  ...verbs('Vlans', ['add', 'remove'], { base: { dev, vlan: 1 } }),
  ...verbs('Qdiscs', ['get', 'remove'], { base: { dev } }),
  ...verbs('Qdiscs', write, {
    base: { dev },
    baseOf: { tbf: { options: { rate: '1mbit', burst: '32kb' } } },
  }),
  ...verbs('TrafficClasses', write, {
    base: { dev, kind: 'htb', options: { rate: '1mbit' } },
  }),
  ...verbs('TrafficClasses', ['list', 'dump'], { base: { dev } }),
  ...verbs('TrafficClasses', ['get', 'remove'], { base: { dev, handle: '1:1' } }),
  ...verbs('Filters', [...write, 'get', 'remove', 'list', 'dump'], { base: { dev } }),
  ...verbs('Wireguard', ['change'], { args: [dev] }),
};

const instances: PackageExamples['instances'] = {
  'net Rtnetlink': rtnetlink,
  ...Object.fromEntries(
    Object.entries(parts).map(([name, part]) => [`net ${name}`, () => rtnetlink()[part]]),
  ),
};

function mayOpenTun(): boolean {
  try {
    accessSync('/dev/net/tun', constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Makes a namespace for the resource of a test, which root alone may. The resource holds it itself. */
function inNewNamespace<Result>(skip: Skip, use: (namespace: Namespace) => Result): Result {
  skip(!isRoot, 'a network namespace that no process is in takes root');
  using namespace = createNamespace('net');
  return use(namespace);
}

/** Starts an uplink for a process that ends with the test. */
async function userUplink(skip: Skip): Promise<object> {
  skip(!existsSync('/usr/bin/pasta'), 'pasta is not installed');
  skip(!mayOpenTun(), 'this user may not open /dev/net/tun');
  const namespaces = [{ type: 'user' as const }, netSpec()];
  const child = await spawn('sleep', ['60'], { namespaces, stdio: 'ignore' });
  try {
    const uplink = await createUserUplink(child.pid, { tool: 'pasta' });
    return {
      async [Symbol.asyncDispose]() {
        await uplink[Symbol.asyncDispose]();
        child.kill('SIGKILL');
        await child.exited;
      },
    };
  } catch (error) {
    child.kill('SIGKILL');
    await child.exited;
    throw error;
  }
}

const resources: PackageExamples['resources'] = {
  'net Inside': () => openInside('self'),
  'net Rtnetlink': () => Rtnetlink.open(),
  'net Tun': (skip) =>
    inNewNamespace(skip, (namespace) => {
      skip(!mayOpenTun(), 'this user may not open /dev/net/tun');
      return openTun({ in: namespace });
    }),
  'net NatUplink': (skip) =>
    inNewNamespace(skip, (inside) => {
      skip(!existsSync('/usr/sbin/nft'), 'nft is not installed');
      using host = createNamespace('net');
      return createNatUplink(inside, { host });
    }),
  'net UserUplink': userUplink,
};

export const net: PackageExamples = { examples, instances, resources };
