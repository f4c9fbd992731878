// How a lab is described: namespaces with names, the cables between them, and what each has.
import { assertKeys, assertObject, ownOptions } from '@ns/core/authors';
import { assertName } from '../named/names.js';
import { checkedLink, type LinkSettings, type NewLink } from '../route/link-options.js';
import type { NewRoute } from '../route/route-table.js';
import { checkedRoute } from '../route/routes.js';
import { checkedShape, type Shape } from '../tc/shape.js';

/** An interface of a lab: the end of a cable, or with a kind, one of its own. */
export interface TopologyInterface
  extends Omit<LinkSettings, 'name' | 'namespace' | 'master' | 'up'> {
  /** Makes it: `bridge`, `vlan`, `vxlan`, ... with the settings of the kind beside. */
  kind?: string;
  /** Addresses with the length of their prefix. */
  addresses?: readonly string[];
  /** Default: true. */
  up?: boolean;
  /** Name of the bridge, bond or vrf that it is a port of. */
  master?: string | null;
  /** A worse network. */
  shape?: Shape;
  [setting: string]: unknown;
}

/** A namespace of a lab. */
export interface TopologyNamespace {
  /** By their names. */
  interfaces?: Readonly<Record<string, TopologyInterface>>;
  routes?: readonly NewRoute[];
  /** Settings below `net.`: `{ 'net.ipv4.ip_forward': 1 }`. */
  sysctls?: Readonly<Record<string, string | number>>;
}

/** A lab. Plain data: it can be a JSON file. */
export interface TopologyDescription {
  /** By their names, which are those of `ip netns`. */
  namespaces: Readonly<Record<string, TopologyNamespace>>;
  /** Pairs of interfaces: `['a:eth0', 'router:port1']`. */
  cables?: readonly (readonly [string, string])[];
}

/** One end of a cable. */
export interface CableEnd {
  readonly namespace: string;
  readonly ifname: string;
}

/** A cable. */
export type Cable = readonly [CableEnd, CableEnd];

function toEnd(text: unknown, name: string, description: TopologyDescription): CableEnd {
  const [, namespace, ifname] = /^(.+):([^:\s/]{1,15})$/.exec(String(text)) ?? [];
  if (namespace === undefined || ifname === undefined) {
    throw new TypeError(`${name} must be a namespace and an interface, as a:eth0: ${String(text)}`);
  }
  if (!Object.hasOwn(description.namespaces, namespace)) {
    throw new TypeError(`${name}: there is no namespace ${namespace}`);
  }
  return { namespace, ifname };
}

/** Throws for a setting that an interface cannot have. */
function checkInterface(settings: TopologyInterface, ifname: string, path: string): void {
  if (ifname === 'lo') {
    assertKeys(settings, ['addresses', 'shape'], path);
  } else {
    assertObject(settings, path);
    const { kind = 'veth', ...rest } = ownOptions(settings as TopologyInterface);
    for (const name of ['name', 'namespace', 'peer']) {
      if (Object.hasOwn(rest, name)) throw new TypeError(`${path} has no option ${name}`);
    }
    checkedLink({ ...rest, kind } as unknown as NewLink, path, ['addresses', 'shape']);
  }
  const { shape } = ownOptions(settings as TopologyInterface);
  if (shape !== undefined) checkedShape(shape, `${path}.shape`);
}

/** Checks a description, and gives its cables. */
export function checkTopology(description: TopologyDescription): Cable[] {
  assertKeys(description, ['namespaces', 'cables'], 'topology');
  assertObject(description.namespaces, 'namespaces');
  const { cables: listed = [] } = description;
  if (!Array.isArray(listed)) throw new TypeError('cables must be a list of pairs');
  const cables = listed.map((pair: unknown, i): Cable => {
    if (!Array.isArray(pair) || pair.length !== 2) {
      throw new TypeError(`cables[${i}] must be a pair of ends: ["a:eth0", "b:eth0"]`);
    }
    return [
      toEnd(pair[0], `cables[${i}][0]`, description),
      toEnd(pair[1], `cables[${i}][1]`, description),
    ];
  });
  const taken = new Set<string>();
  for (const { namespace, ifname } of cables.flat()) {
    const end = `${namespace}:${ifname}`;
    if (taken.has(end)) throw new TypeError(`cables: ${end} is the end of two`);
    taken.add(end);
  }
  for (const [namespace, one] of Object.entries(description.namespaces)) {
    const name = `namespaces.${namespace}`;
    assertName(namespace, 'namespaces');
    assertKeys(one, ['interfaces', 'routes', 'sysctls'], name);
    for (const [ifname, settings] of Object.entries(one.interfaces ?? {})) {
      const path = `${name}.interfaces.${ifname}`;
      checkInterface(settings, ifname, path);
      if (settings.kind === undefined && ifname !== 'lo' && !taken.has(`${namespace}:${ifname}`)) {
        throw new TypeError(`${path}: it has no kind and is no cable's end`);
      }
    }
    one.routes?.forEach((route, i) => {
      checkedRoute(route, `${name}.routes[${i}]`);
    });
  }
  return cables;
}
