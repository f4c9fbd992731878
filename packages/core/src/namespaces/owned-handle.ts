// Descriptors of handles: closed on collection, with a warning, if the handle was not closed before.
import { closeFd } from '../sys/fd.js';
import { isMainThread } from '../sys/native.js';
import { nameOfNsfs } from './nsfs.js';
import { releaseThreadNamespace, type ThreadNamespace } from './thread-namespaces.js';

/** The resources of an open handle, apart from the handle, which must stay collectable. */
export interface OwnedHandle {
  readonly fd: number;
  /** Called after the descriptor is closed. */
  readonly released?: () => void;
  /** Where the thread was when it first entered. */
  thread?: ThreadNamespace;
}

function release({ fd, released, thread }: OwnedHandle): void {
  closeFd(fd);
  released?.();
  if (thread) releaseThreadNamespace(thread);
}

const registry = new FinalizationRegistry<OwnedHandle>((held) => {
  const name = nameOfNsfs(held.fd);
  inWorker?.delete(held);
  release(held);
  process.emitWarning(
    `A handle of ${name} was garbage collected without having been closed. Close handles with close() or "using".`,
    { code: 'NS_HANDLE_LEAK' },
  );
});

// Descriptors belong to the process, so they would outlive a Worker.
const inWorker = isMainThread ? undefined : new Set<OwnedHandle>();
if (inWorker) {
  process.once('exit', () => {
    for (const held of inWorker) release(held);
  });
}

/** From now on the handle owns this. */
export function hold(handle: object, held: OwnedHandle): void {
  registry.register(handle, held, held);
  inWorker?.add(held);
}

/** Closes what a handle owns. */
export function letGo(held: OwnedHandle): void {
  registry.unregister(held);
  inWorker?.delete(held);
  release(held);
}
