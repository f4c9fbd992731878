// Descriptors of handles: closed on collection, with a warning, if nobody closed the handle before.
import { closeFd } from '../sys/fd.js';
import { isMainThread } from '../sys/native.js';
import { nameOfNsfs } from './nsfs.js';
import { leavePlace, type Place } from './thread-namespaces.js';

/** What an open handle holds. Kept apart from the handle, which must stay collectable. */
export interface Held {
  readonly fd: number;
  /** Called after the descriptor is closed. */
  readonly released?: () => void;
  /** Where the thread was when it first entered. */
  place?: Place;
}

function release({ fd, released, place }: Held): void {
  closeFd(fd);
  released?.();
  if (place) leavePlace(place);
}

const registry = new FinalizationRegistry<Held>((held) => {
  const name = nameOfNsfs(held.fd);
  inWorker?.delete(held);
  release(held);
  process.emitWarning(
    `A handle of ${name} was garbage collected without having been closed. Close handles with close() or "using".`,
    { code: 'NS_HANDLE_LEAK' },
  );
});

// Descriptors belong to the process, so they would outlive a Worker.
const inWorker = isMainThread ? undefined : new Set<Held>();
if (inWorker) {
  process.once('exit', () => {
    for (const held of inWorker) release(held);
  });
}

/** From now on the handle owns this. */
export function hold(handle: object, held: Held): void {
  registry.register(handle, held, held);
  inWorker?.add(held);
}

/** Closes what a handle owns. */
export function letGo(held: Held): void {
  registry.unregister(held);
  inWorker?.delete(held);
  release(held);
}
