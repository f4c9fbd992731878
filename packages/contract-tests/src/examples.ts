// The examples of all packages.
import type { Example, PackageExamples, Resource } from './example.js';
import { cgroup } from './examples/cgroup.js';
import { core } from './examples/core.js';
import { ipc } from './examples/ipc.js';
import { mount } from './examples/mount.js';
import { net } from './examples/net.js';
import { pid } from './examples/pid.js';
import { sandbox } from './examples/sandbox.js';
import { user } from './examples/user.js';
import { uts } from './examples/uts.js';

const all: readonly PackageExamples[] = [cgroup, core, ipc, mount, net, pid, sandbox, user, uts];

/** Examples by package and name: `pid Pidfd#signal`. */
export const examples: Readonly<Record<string, Example>> = Object.assign(
  {},
  ...all.map((one) => one.examples),
);

/** Makes an object to call methods on, where one that has not been constructed will not do. */
export const instances: Readonly<Record<string, () => object | Promise<object>>> = Object.assign(
  {},
  ...all.map((one) => one.instances),
);

/** Makes an object that is disposed of in a test, one for each class; or says why none can be made. */
export const resources: Readonly<Record<string, Resource>> = Object.assign(
  {},
  ...all.map((one) => one.resources),
);
