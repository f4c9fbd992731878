// Makes the changes that a description asks for: all of them or none.
import { Rollback } from '@ns/core/authors';
import type { Rtnetlink } from '../rtnetlink/rtnetlink.js';
import { compare } from './compare.js';
import type { NetDescription } from './description.js';
import { parseDescription } from './parse-description.js';
import { describeStep, inverse, perform, type TransactionStep } from './steps.js';

/** The changes that a description asks for. */
export class Transaction {
  /** The changes in their order: plain data. Empty if there is nothing to change. */
  readonly plan: readonly TransactionStep[];
  readonly #rtnetlink: Rtnetlink;

  /** @internal */
  constructor(rtnetlink: Rtnetlink, description: NetDescription) {
    this.#rtnetlink = rtnetlink;
    this.plan = compare(parseDescription(description, 'description'), {
      links: rtnetlink.links.list(),
      addresses: rtnetlink.addresses.list(),
      routes: rtnetlink.routes.list(),
    });
  }

  /**
   * Makes the changes. If one fails, those before it are undone, the latest first. A change that cannot
   * be undone becomes a warning.
   *
   * @throws {NetlinkError} of the change that failed
   */
  apply(): void {
    const rollback = new Rollback();
    try {
      for (const step of this.plan) {
        perform(this.#rtnetlink, step);
        rollback.add(() => perform(this.#rtnetlink, inverse(step)));
      }
    } catch (error) {
      void rollback.undoFailed();
      throw error;
    }
    rollback.finish();
  }

  /** Returns the changes, one on each line. */
  toString(): string {
    return this.plan.map(describeStep).join('\n');
  }
}

/**
 * Plans a change: compares a description of links, addresses and routes with the present state of a
 * namespace. {@link Transaction.apply} makes the change.
 *
 * @throws {TypeError} for a wrong option, or if a link of this name is of another kind
 * @example
 * const change = planTransaction(rtnetlink, {
 *   links: [{ kind: 'bridge', name: 'br0', up: true, addresses: ['10.0.0.1/24'] }],
 *   routes: [{ dst: '10.1.0.0/16', gateway: '10.0.0.2' }],
 * });
 * console.log(`${change}`);
 * change.apply();
 */
export function planTransaction(rtnetlink: Rtnetlink, description: NetDescription): Transaction {
  return new Transaction(rtnetlink, description);
}
