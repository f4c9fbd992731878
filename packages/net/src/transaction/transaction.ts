// A description of a network that is compared with what there is, and made so: all of it or nothing.
import type { Route } from '../route/route.js';
import { compare, type NetDescription } from './compare.js';
import { checkedDescription } from './parse-description.js';
import { describeStep, inverse, perform, type TransactionStep } from './steps.js';

/** The changes that a description asks for. */
export class Transaction {
  /** The changes in their order: plain data. Empty if all is as described. */
  readonly plan: readonly TransactionStep[];
  readonly #route: Route;

  /** @internal */
  constructor(route: Route, description: NetDescription) {
    this.#route = route;
    this.plan = compare(checkedDescription(description), {
      links: route.link.list(),
      addresses: route.address.list(),
      routes: route.route.list(),
    });
  }

  /**
   * Makes the changes. If one fails, those before it are taken back, the latest first.
   *
   * @throws {NetlinkError} of the change that failed
   * @throws {AggregateError} if besides something could not be taken back
   */
  apply(): void {
    const done: TransactionStep[] = [];
    try {
      for (const step of this.plan) {
        perform(this.#route, step);
        done.push(step);
      }
    } catch (error) {
      const errors: unknown[] = [error];
      for (const step of done.reverse()) {
        try {
          perform(this.#route, inverse(step));
        } catch (failure) {
          errors.push(failure);
        }
      }
      if (errors.length === 1) throw error;
      throw new AggregateError(
        errors,
        'a change failed, and not all before it could be taken back',
      );
    }
  }

  /** The changes, one on each line. */
  toString(): string {
    return this.plan.map(describeStep).join('\n');
  }
}

/**
 * Compares a description of links, addresses and routes with what a namespace has. Nothing is
 * changed before {@link Transaction.apply}.
 *
 * @throws {TypeError} if a link of the name is there and is of another kind
 * @example
 * const change = transaction(route, {
 *   links: [{ kind: 'bridge', name: 'br0', up: true, addresses: ['10.0.0.1/24'] }],
 *   routes: [{ dst: '10.1.0.0/16', gateway: '10.0.0.2' }],
 * });
 * console.log(`${change}`);
 * change.apply();
 */
export function transaction(route: Route, description: NetDescription): Transaction {
  return new Transaction(route, description);
}
