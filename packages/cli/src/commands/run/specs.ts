// Specs of namespaces by type, from the options of each.
import { type CgroupOptions, cgroup } from '@ns/cgroup';
import { allNamespaceTypes, type NamespaceSpec, type NamespaceType } from '@ns/core';
import { ipc } from '@ns/ipc';
import { mount, rootfs } from '@ns/mount';
import { isolatedNet } from '@ns/net/isolated';
import { type PidOptions, pid } from '@ns/pid';
import { type TimeOptions, time } from '@ns/time';
import { type UserOptions, user } from '@ns/user';
import { type UtsOptions, uts } from '@ns/uts';
import type { MountsOrRoot } from './mounts.js';

/** By type: options, `true` for a new namespace with the defaults, or `false` to stay in that of the caller. */
export interface SpecOptions {
  user?: boolean | UserOptions;
  mount?: boolean | MountsOrRoot;
  pid?: boolean | PidOptions;
  net?: boolean;
  uts?: boolean | UtsOptions;
  ipc?: boolean;
  cgroup?: boolean | CgroupOptions;
  time?: boolean | TimeOptions;
}

type Maker<Type extends NamespaceType> = (
  options: Exclude<SpecOptions[Type], boolean | undefined>,
) => NamespaceSpec;

const makers: { readonly [Type in NamespaceType]: Maker<Type> } = {
  user,
  mount: (options) => ('root' in options ? rootfs(options.root) : mount(options)),
  pid,
  net: () => isolatedNet(),
  uts,
  ipc: () => ipc(),
  cgroup,
  time,
};

/** Returns the specs of all types that are not `false`. */
export function specsOf(options: SpecOptions): NamespaceSpec[] {
  return allNamespaceTypes.flatMap((type) => {
    const wanted = options[type] ?? true;
    if (wanted === false) return [];
    const make = makers[type] as (options: object) => NamespaceSpec;
    return [make(wanted === true ? {} : wanted)];
  });
}
