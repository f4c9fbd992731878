// Makes and removes a lab of several namespaces.
import { Rollback } from '@ns/core/authors';
import { list as listNames, removeName } from '../named/named.js';
import { Rtnetlink } from '../rtnetlink/rtnetlink.js';
import type { TopologyDescription } from './description.js';
import { type Lab, parseTopology } from './parse-topology.js';
import { topologySteps } from './plan-topology.js';
import {
  describeTopologyStep,
  type OpenRtnetlink,
  performStep,
  type TopologyStep,
} from './steps.js';

/** Runs a function with the configurations of namespaces, which stay open until it returns. */
function withRtnetlink<Result>(use: (open: OpenRtnetlink) => Result): Result {
  const opened = new Map<string, Rtnetlink>();
  const open: OpenRtnetlink = (namespace) => {
    const rtnetlink = opened.get(namespace) ?? Rtnetlink.open({ in: namespace });
    opened.set(namespace, rtnetlink);
    return rtnetlink;
  };
  try {
    return use(open);
  } finally {
    for (const rtnetlink of opened.values()) rtnetlink.close();
  }
}

/** A lab. */
export class Topology {
  readonly #lab: Lab;

  /** @internal */
  constructor(description: TopologyDescription) {
    this.#lab = parseTopology(description);
  }

  /** Returns the changes that lead to the lab, in their order: plain data. */
  plan(): TopologyStep[] {
    return withRtnetlink((open) => topologySteps(this.#lab, open));
  }

  /** Returns the plan as text, one change on each line. */
  explain(): string {
    return this.plan().map(describeTopologyStep).join('\n');
  }

  /**
   * Makes the changes of the plan. If one fails, those before it are undone, the latest first. A change
   * that cannot be undone becomes a warning.
   *
   * @returns the changes; empty if there was nothing to do
   * @throws {NetlinkError | SystemError} of the change that failed
   */
  up(): TopologyStep[] {
    return withRtnetlink((open) => {
      const plan = topologySteps(this.#lab, open);
      const rollback = new Rollback();
      try {
        for (const step of plan) rollback.add(performStep(step, open));
      } catch (error) {
        // All of these steps are synchronous: they have run before the sockets are closed.
        void rollback.undoFailed();
        throw error;
      }
      rollback.finish();
      return plan;
    });
  }

  /** Removes the cables of the lab and the names of its namespaces, as far as they are there. */
  down(): void {
    const there = new Set(listNames().map(({ name }) => name));
    withRtnetlink((open) => {
      for (const [end] of this.#lab.cables) {
        if (!there.has(end.namespace)) continue;
        const { links } = open(end.namespace);
        if (links.list().some(({ ifname }) => ifname === end.ifname)) links.remove(end.ifname);
      }
    });
    for (const name of Object.keys(this.#lab.namespaces).reverse()) {
      if (there.has(name)) removeName(name);
    }
  }
}

/**
 * Plans a lab: namespaces with names (as `ip netns` has them), cables between them, addresses, routes,
 * settings. {@link Topology.up} makes the parts that are missing. It removes links of an earlier
 * description (they have an alternative name, `topology.NAME`) and their addresses. Other namespaces,
 * routes and links stay.
 *
 * Needs CAP_SYS_ADMIN and CAP_NET_ADMIN.
 *
 * @throws {TypeError | RangeError} naming the wrong member of the description
 * @example
 * const lab = planTopology({
 *   namespaces: {
 *     a: { interfaces: { eth0: { addresses: ['10.0.0.1/24'] } } },
 *     b: { interfaces: { eth0: { addresses: ['10.0.0.2/24'] } } },
 *   },
 *   cables: [['a:eth0', 'b:eth0']],
 * });
 * lab.up();
 */
export function planTopology(description: TopologyDescription): Topology {
  return new Topology(description);
}
