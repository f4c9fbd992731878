// The namespaces that `ns run` makes: for each type its options, or false to stay in the caller's.
import { type CgroupOptions, cgroup } from '@ns/cgroup';
import { allNamespaceTypes, type NamespaceSpec, type NamespaceType } from '@ns/core';
import { ipc } from '@ns/ipc';
import { mount, rootfs } from '@ns/mount';
import { isolatedNet } from '@ns/net/isolated';
import { type PidOptions, pid } from '@ns/pid';
import { type TimeOptions, time } from '@ns/time';
import { type UserOptions, user } from '@ns/user';
import { type UtsOptions, uts } from '@ns/uts';
import type { MountChoice } from './mount-options.js';

/** For each type: options, `true` for a new namespace without any, or `false` for none. */
export interface SpecOptions {
  user?: boolean | UserOptions;
  mount?: boolean | MountChoice;
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
  mount: (choice) => ('root' in choice ? rootfs(choice.root) : mount(choice)),
  pid,
  net: () => isolatedNet(),
  uts,
  ipc: () => ipc(),
  cgroup,
  time,
};

/** The specifications that the options stand for. */
export function specsOf(options: SpecOptions): NamespaceSpec[] {
  return allNamespaceTypes.flatMap((type) => {
    const wanted = options[type] ?? true;
    if (wanted === false) return [];
    const make = makers[type] as (options: object) => NamespaceSpec;
    return [make(wanted === true ? {} : wanted)];
  });
}
