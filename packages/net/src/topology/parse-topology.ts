// The parser of the description of a lab.
import { type Members, type Parser, parse } from '@ns/core/authors';
import { namespaceName } from '../named/names.js';
import { prefixText } from '../netlink/addresses.js';
import { linkName } from '../rtnetlink/device.js';
import { linkParser } from '../rtnetlink/link-options.js';
import { defined } from '../rtnetlink/request-context.js';
import type { NewRoute } from '../rtnetlink/route-table.js';
import { sysctlPath, sysctlValue } from '../sysctl.js';
import { parseShape, type ShapeOptions } from '../tc/shape.js';
import type { WantedLink } from '../transaction/description.js';
import { parsePlainRoute } from '../transaction/parse-description.js';
import type { Cable, CableEnd, TopologyDescription, TopologyNamespace } from './description.js';

/** An interface in its normal form. */
export interface LabInterface {
  /** The link as it is wanted; undefined for the loopback interface. */
  readonly link: WantedLink | undefined;
  readonly addresses: readonly string[];
  readonly shape: ShapeOptions | undefined;
  /** True if the description has no kind: the interface is the end of a cable. */
  readonly isCableEnd: boolean;
}

/** A namespace in its normal form. */
export interface LabNamespace {
  readonly interfaces: Readonly<Record<string, LabInterface>>;
  readonly routes: readonly NewRoute[];
  readonly sysctls: Readonly<Record<string, string>>;
}

/** A lab in its normal form. */
export interface Lab {
  readonly namespaces: Readonly<Record<string, LabNamespace>>;
  readonly cables: readonly Cable[];
}

const own = { addresses: parse.withDefault(parse.list(prefixText), []), shape: parseShape };
const parseLoopback = parse.options(own);
const parseLink = linkParser(own, true);
/** Members of a link that the description says otherwise. */
const impossible = ['name', 'namespace', 'peer'];

function parseInterface(value: unknown, name: string, ifname: string): LabInterface {
  if (ifname === 'lo') {
    return { ...parseLoopback(value, name), link: undefined, isCableEnd: false };
  }
  const given = parse.ownMembers(value, name);
  for (const key of impossible) if (key in given) parse.refuseKey(name, key, []);
  const { kind = 'veth', up = true } = given;
  const { addresses, shape, ...settings } = parseLink({ ...given, kind, up }, name);
  const link = { ...defined(settings), name: ifname, addresses } as unknown as WantedLink;
  return { link, addresses, shape, isCableEnd: given.kind === undefined };
}

const parseInterfaces: Parser<Record<string, LabInterface>> = (value, name) => {
  const interfaces: Record<string, LabInterface> = Object.create(null);
  for (const [ifname, settings] of Object.entries(parse.ownMembers(value, name))) {
    linkName(ifname, `each name in ${name}`);
    interfaces[ifname] = parseInterface(settings, `${name}.${ifname}`, ifname);
  }
  return interfaces;
};

const parseSysctls: Parser<Record<string, string>> = (value, name) => {
  const sysctls = parse.record(sysctlValue)(value, name);
  for (const key of Object.keys(sysctls)) sysctlPath(key, `each name in ${name}`);
  return sysctls;
};

const parseNamespace: Parser<LabNamespace> = parse.options({
  interfaces: parse.withDefault(parseInterfaces, {}),
  routes: parse.withDefault(parse.list(parsePlainRoute), []),
  sysctls: parse.withDefault(parseSysctls, {}),
} satisfies Members<TopologyNamespace>);

const parseEnd: Parser<CableEnd> = (value, name) => {
  const text = typeof value === 'string' ? value : '';
  const [, namespace, ifname] = /^(.+):([^:\s/]{1,15})$/.exec(text) ?? [];
  if (namespace === undefined || ifname === undefined) {
    return parse.refuse(name, "a namespace and an interface, such as 'a:eth0'", value);
  }
  return { namespace, ifname };
};

const parseCable: Parser<Cable> = (value, name) => {
  const [first, second, ...others] = parse.list(parseEnd)(value, name);
  if (first === undefined || second === undefined || others.length > 0) {
    return parse.refuse(name, "a pair of ends, such as ['a:eth0', 'b:eth0']", value);
  }
  return [first, second];
};

const parseMembers = parse.options({
  namespaces: parse.required(parse.record(parseNamespace)),
  cables: parse.withDefault(parse.list(parseCable), []),
} satisfies Members<TopologyDescription>);

/** Throws if an end is in no namespace of the lab, or is the end of two cables. */
function assertCables({ namespaces, cables }: Lab): void {
  const taken = new Set<string>();
  for (const [i, cable] of cables.entries()) {
    for (const [j, { namespace, ifname }] of cable.entries()) {
      const name = `topology.cables[${i}][${j}]`;
      const end = `${namespace}:${ifname}`;
      if (!Object.hasOwn(namespaces, namespace)) {
        parse.refuse(name, 'in a namespace of the lab', end);
      }
      if (taken.has(end)) parse.refuse(name, 'the end of one cable only', end);
      taken.add(end);
    }
  }
  for (const [namespace, { interfaces }] of Object.entries(namespaces)) {
    for (const [ifname, { isCableEnd }] of Object.entries(interfaces)) {
      if (!isCableEnd || taken.has(`${namespace}:${ifname}`)) continue;
      const name = `topology.namespaces.${namespace}.interfaces.${ifname}.kind`;
      parse.refuse(name, 'given, or the interface the end of a cable', undefined);
    }
  }
}

/** Returns the normal form of the description of a lab. */
export function parseTopology(description: unknown): Lab {
  const lab = parseMembers(description, 'topology');
  for (const namespace of Object.keys(lab.namespaces)) {
    namespaceName(namespace, 'each name in topology.namespaces');
  }
  assertCables(lab);
  return lab;
}
