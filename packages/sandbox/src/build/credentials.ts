// The credentials of commands: what they give up after they have joined the sandbox.
import type { Preparation } from '@ns/core/authors';
import { addCapabilities, addRunAs } from '@ns/user';
import type { Settings } from '../options/members.js';
import { own } from '../options/own.js';
import type { Ids } from './identity.js';

const KEYCTL_JOIN_SESSION_KEYRING = 1;

type CapabilitySettings = Pick<Settings, 'capabilities'>;

/** Returns true if commands have the capability to trace processes with more capabilities than theirs. */
export function mayTrace({ capabilities }: CapabilitySettings): boolean {
  return capabilities.includes('cap_sys_ptrace');
}

/** Returns the step in which a command gives up the caller's keyring, ids and capabilities. */
export function dropCredentials(
  { uid, gid }: Ids,
  {
    capabilities,
    nestedUserNamespaces,
  }: CapabilitySettings & Pick<Settings, 'nestedUserNamespaces'>,
): (child: Preparation) => void {
  // A command with cap_sys_resource could allow user namespaces again.
  const keep = capabilities.filter((name) => nestedUserNamespaces || name !== 'cap_sys_resource');
  const ambient = uid === 0 ? [] : keep;
  return (child) => {
    const step = 'leaving the keyring of the caller';
    // A kernel may have been built without keyrings.
    child
      .program('credentials')
      .call('keyctl', KEYCTL_JOIN_SESSION_KEYRING, null, { step, tolerate: ['ENOSYS'] });
    addRunAs(child, own({ uid, gid }));
    addCapabilities(child, own({ keep, ambient }));
  };
}
