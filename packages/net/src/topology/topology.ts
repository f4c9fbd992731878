// A lab of several namespaces that is described, compared with what there is, made, and taken down.
import { deleteName, list as listNames } from '../named/named.js';
import { Route } from '../route/route.js';
import { type Cable, checkTopology, type TopologyDescription } from './description.js';
import { planTopology } from './plan-topology.js';
import { describeTopologyStep, performStep, type Routes, type TopologyStep } from './steps.js';

/** Keeps the configurations open that are asked for, as long as `use` runs. */
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
  readonly #description: TopologyDescription;
  readonly #cables: readonly Cable[];

  /** @internal */
  constructor(description: TopologyDescription) {
    this.#cables = checkTopology(description);
    this.#description = description;
  }

  /** What is to be done so that all is as described, in its order: plain data. */
  plan(): TopologyStep[] {
    return withRoutes((routes) => planTopology(this.#description, this.#cables, routes));
  }

  /** The same, one change on each line. */
  explain(): string {
    return this.plan().map(describeTopologyStep).join('\n');
  }

  /**
   * Does it. If a change fails, those before it are taken back, the latest first.
   *
   * @returns what has been done; nothing if all was as described
   * @throws {NetlinkError | SystemError} of the change that failed
   * @throws {AggregateError} if besides something could not be taken back
   */
  up(): TopologyStep[] {
    return withRoutes((routes) => {
      const plan = planTopology(this.#description, this.#cables, routes);
      const undo: (() => void)[] = [];
      try {
        for (const step of plan) undo.push(performStep(step, routes));
        return plan;
      } catch (error) {
        const errors: unknown[] = [error];
        for (const back of undo.reverse()) {
          try {
            back();
          } catch (failure) {
            errors.push(failure);
          }
        }
        if (errors.length === 1) throw error;
        const message = 'a change failed, and not all before it could be taken back';
        throw new AggregateError(errors, message);
      }
    });
  }

  /** Takes the lab down: its cables, and the names of its namespaces. What is not there is passed over. */
  down(): void {
    const there = new Set(listNames().map(({ name }) => name));
    withRoutes((routes) => {
      for (const [end] of this.#cables) {
        if (!there.has(end.namespace)) continue;
        const { link } = routes(end.namespace);
        if (link.list().some(({ ifname }) => ifname === end.ifname)) link.delete(end.ifname);
      }
    });
    for (const name of Object.keys(this.#description.namespaces).reverse()) {
      if (there.has(name)) deleteName(name);
    }
  }
}

/**
 * A lab: namespaces with names (as `ip netns` has them), cables between them, addresses, routes,
 * settings. Nothing is changed before {@link Topology.up}, which makes only what is missing. Of the
 * links that a topology has made (they have an alternative name, `topology.NAME`), it takes away those
 * that are not named any more, and addresses that are not. What else there is stays: namespaces,
 * routes, and links that somebody else has made.
 *
 * Needs CAP_SYS_ADMIN and CAP_NET_ADMIN.
 *
 * @throws {TypeError} naming what is wrong in the description
 * @example
 * const lab = topology({
 *   namespaces: {
 *     a: { interfaces: { eth0: { addresses: ['10.0.0.1/24'] } } },
 *     b: { interfaces: { eth0: { addresses: ['10.0.0.2/24'] } } },
 *   },
 *   cables: [['a:eth0', 'b:eth0']],
 * });
 * lab.up();
 */
export function topology(description: TopologyDescription): Topology {
  return new Topology(description);
}
