// The user namespace of a sandbox.
import type { NamespaceSpec } from '@ns/core';
import { type UserOptions, user } from '@ns/user';
import type { Settings } from '../options/members.js';
import { own } from '../options/own.js';
import type { Identity } from './identity.js';
import { limitWatches } from './user-shares.js';

/**
 * Returns the spec of the user namespace. PID 1 keeps its capabilities in it, so that commands without
 * capabilities cannot trace it.
 */
export function userNamespace(
  { maps, uid, gid, owner }: Identity,
  { nestedUserNamespaces }: Pick<Settings, 'nestedUserNamespaces'>,
): NamespaceSpec {
  const options: UserOptions = own({
    map: { uid: maps.uid, gid: maps.gid },
    uid,
    gid,
    disableNested: !nestedUserNamespaces,
    ...(owner ? { owner } : {}),
  });
  const { prepare, ...spec } = user(options);
  return {
    ...spec,
    prepare(child) {
      prepare?.(child);
      limitWatches(child);
    },
  };
}
