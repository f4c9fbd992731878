// For tests: groups right below the root of the machine's tree, which is left as it was.
import { afterAll, onTestFinished } from 'vitest';
import { Cgroup } from './cgroup.js';
import type { CgroupLimits } from './limits.js';

let made = 0;

/** To be called once in a file: controllers that its tests enable are disabled after them. */
export function keepControllers(): void {
  const before = (() => {
    using root = Cgroup.root();
    return root.enabled;
  })();
  afterAll(() => {
    using root = Cgroup.root();
    root.disable(root.enabled.filter((name) => !before.includes(name)));
  });
}

/** A group of the test's own, gone when the test ends. */
export function testGroup(limits: CgroupLimits = {}): Cgroup {
  using root = Cgroup.root();
  const own = root.create(`ns-test-group-${process.pid}-${++made}`, limits);
  onTestFinished(() => own[Symbol.asyncDispose]());
  return own;
}
