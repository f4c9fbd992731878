// What has to be closed when this Worker ends: Node closes none of its descriptors.
import { isMainThread } from '../sys/native.js';

/** Called at the end of this Worker. (One that is terminated runs nothing more.) */
export const ofThisWorker = new Set<() => void>();

if (!isMainThread) {
  process.once('exit', () => {
    for (const letGo of ofThisWorker) letGo();
  });
}
