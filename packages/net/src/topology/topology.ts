// Makes and removes a lab of several namespaces.
import { Rollback } from '@ns/core/authors';
import { list as listNames, removeName } from '../named/named.js';
import { Route } from '../route/route.js';
import type { TopologyDescription } from './description.js';
import { type Lab, parseTopology } from './parse-topology.js';
import { topologySteps } from './plan-topology.js';
import { describeTopologyStep, performStep, type Routes, type TopologyStep } from './steps.js';

/** Runs a function with the configurations of namespaces, which stay open until it returns. */
function withRoutes<Result>(use: (routes: Routes) => Result): Result {
  const opened = new Map<string, Route>();
  const routes: Routes = (namespace) => {
    const route = opened.get(namespace) ?? Route.open({ in: namespace });
    opened.set(namespace, route);
    return route;
  };
  try {
    return use(routes);
  } finally {
    for (const route of opened.values()) route.close();
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
    return withRoutes((routes) => topologySteps(this.#lab, routes));
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
    return withRoutes((routes) => {
      const plan = topologySteps(this.#lab, routes);
      const rollback = new Rollback();
      try {
        for (const step of plan) rollback.add(performStep(step, routes));
      } catch (error) {
        // All of these steps are synchronous: they have run before the routes are closed.
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
    withRoutes((routes) => {
      for (const [end] of this.#lab.cables) {
        if (!there.has(end.namespace)) continue;
        const { link } = routes(end.namespace);
        if (link.list().some(({ ifname }) => ifname === end.ifname)) link.delete(end.ifname);
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
