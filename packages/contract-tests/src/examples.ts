// The examples of all packages.
import { createNamespace } from '@ns/core';
import { isRoot } from '@ns/core/testing';
import * as net from '@ns/net';
import { type Example, type PackageExamples, type Resource, readAll } from './example.js';
import { cgroup } from './examples/cgroup.js';
import { core } from './examples/core.js';
import { ipc } from './examples/ipc.js';
import { mount } from './examples/mount.js';
import { pid } from './examples/pid.js';
import { sandbox } from './examples/sandbox.js';
import { user } from './examples/user.js';
import { uts } from './examples/uts.js';
import { closeAfterTests } from './owned.js';

const ofError = 'the details of an error are data of the package that throws it';

const ofNet: PackageExamples = {
  examples: {
    'net isPair': { data: 'links are data that a link list has returned' },
    'net new NetlinkError': { data: ofError },
    'net readSysctl': { args: ['net.ipv4.nonexistent'] },
    'net writeSysctl': { args: ['net.ipv4.nonexistent', 1] },
    'net watchNet': { wait: (signal) => readAll(net.watchNet({ signal })) },
  },
  instances: {
    // Root's would be that of the machine.
    'net Route': () =>
      closeAfterTests(
        net.Route.open(isRoot ? { in: closeAfterTests(createNamespace('net')) } : {}),
      ),
  },
};

const all: readonly PackageExamples[] = [cgroup, core, ipc, mount, ofNet, pid, sandbox, user, uts];

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
