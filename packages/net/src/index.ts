/**
 * `@ns/net`: interfaces, addresses, routes and sockets of a network namespace.
 *
 * @module @ns/net
 */
export type {
  SocketEnd,
  SocketInfo,
  SocketKind,
  SocketState,
  SocketsOptions,
} from './diagnostics/sockets.js';
export { listSockets } from './diagnostics/sockets.js';
export type { InNetOptions, NetTarget } from './in-net.js';
export type { InsideOptions } from './inside/inside.js';
export { Inside, openInside } from './inside/inside.js';
export type { LinkEnd, MappedLink, MappedNamespace } from './map/network-map.js';
export { isPair, listNetworks } from './map/network-map.js';
export * as named from './named/index.js';
export type { CreateNamedOptions, NamedNamespace } from './named/named.js';
export type { Family } from './netlink/addresses.js';
export type { RawAttribute } from './netlink/attributes.js';
export type { ExtendedAck } from './netlink/error.js';
export { isNetlinkError, NetlinkError } from './netlink/error.js';
export type { AttributePolicy } from './netlink/policy.js';
export type { Address, AddressFlag } from './rtnetlink/address-table.js';
export type { AddressFilter, AddressPlace, NewAddress } from './rtnetlink/addresses.js';
export { Addresses } from './rtnetlink/addresses.js';
export type { Device } from './rtnetlink/device.js';
export type { NetEvent, WatchGroup } from './rtnetlink/events.js';
export type { TableName } from './rtnetlink/iproute2-names.js';
export type { Link, LinkCounters } from './rtnetlink/link.js';
export type { LinkChange, LinkSettings, NewLink, PeerSettings } from './rtnetlink/link-options.js';
export type { InfoData } from './rtnetlink/link-table.js';
export type { LinkFilter } from './rtnetlink/links.js';
export { Links } from './rtnetlink/links.js';
export { NamespaceIds } from './rtnetlink/namespace-ids.js';
export type {
  Neighbour,
  NeighbourFilter,
  NeighbourFlag,
  NeighbourPlace,
  NeighbourState,
  NewNeighbour,
} from './rtnetlink/neighbours.js';
export { Neighbours } from './rtnetlink/neighbours.js';
export type { NewHop, NextHop } from './rtnetlink/next-hops.js';
export type { NewNexthop, Nexthop, NexthopGroupMember } from './rtnetlink/nexthops.js';
export { Nexthops } from './rtnetlink/nexthops.js';
export type { NewRoute, Route, RouteFilter, RouteMetrics } from './rtnetlink/route-table.js';
export type { RouteQuery } from './rtnetlink/routes.js';
export { Routes } from './rtnetlink/routes.js';
export { Rtnetlink } from './rtnetlink/rtnetlink.js';
export type { NewRule, Range, Rule, RuleFilter } from './rtnetlink/rules.js';
export { Rules } from './rtnetlink/rules.js';
export type {
  BridgeVlan,
  BridgeVlanFilter,
  BridgeVlanPlace,
  NewBridgeVlan,
  PortVlans,
} from './rtnetlink/vlans.js';
export { Vlans } from './rtnetlink/vlans.js';
export type { WatchNetOptions } from './rtnetlink/watch-net.js';
export { watchNet } from './rtnetlink/watch-net.js';
export type { NetOptions } from './spec.js';
export { net } from './spec.js';
export { readSysctl, writeSysctl } from './sysctl.js';
export type { GactOptions, MirredOptions, PoliceOptions, Verdict } from './tc/actions.js';
export type { ClassFilter, ClassPlace, NewClass } from './tc/classes.js';
export { TrafficClasses } from './tc/classes.js';
export type { FilterAction, U32Key } from './tc/filter-kinds.js';
export type {
  Filter,
  FilterChoice,
  FilterFilter,
  FilterPlace,
  NewFilter,
  OneFilter,
} from './tc/filters.js';
export { Filters } from './tc/filters.js';
export type { NetemOptions } from './tc/netem.js';
export type { HtbClassOptions, HtbOptions, TbfOptions } from './tc/qdisc-kinds.js';
export type { NewQdisc, QdiscFilter, QdiscPlace } from './tc/qdiscs.js';
export { Qdiscs } from './tc/qdiscs.js';
export type { Shape } from './tc/shape.js';
export type { TrafficItem, TrafficPlace, TrafficStats } from './tc/traffic.js';
export type { Rate } from './tc/units.js';
export type {
  TopologyDescription,
  TopologyInterface,
  TopologyNamespace,
} from './topology/description.js';
export type { TopologyStep } from './topology/steps.js';
export { planTopology, Topology } from './topology/topology.js';
export type { NetDescription, WantedLink } from './transaction/description.js';
export type { TransactionStep } from './transaction/steps.js';
export { planTransaction, Transaction } from './transaction/transaction.js';
export type { TunOptions } from './tun.js';
export { openTun, Tun } from './tun.js';
export type { NatUplinkOptions } from './uplink/nat-uplink.js';
export { createNatUplink, NatUplink } from './uplink/nat-uplink.js';
export type { PortForward } from './uplink/port-forward.js';
export type { UplinkOption } from './uplink/uplink-option.js';
export type { UplinkTool, UserUplinkOptions } from './uplink/user-uplink.js';
export { createUserUplink, UserUplink } from './uplink/user-uplink.js';
export type { WireguardChange, WireguardPeerChange } from './wireguard/change.js';
export type { WireguardDevice, WireguardPeer } from './wireguard/device.js';
export type { WireguardKeys } from './wireguard/keys.js';
export {
  createWireguardKeys,
  createWireguardPresharedKey,
  wireguardPublicKey,
} from './wireguard/keys.js';
export { Wireguard } from './wireguard/wireguard.js';
