// The way outside of a child, as an option of net(): made while the child waits, and ended with it.
import { ownOptions, type Preparation } from '@ns/core/authors';
import { onEnd } from './cleanup-on-exit.js';
import { type NatUplink, type NatUplinkOptions, natUplink, toNatUplink } from './nat-uplink.js';
import {
  toUserUplink,
  type UplinkTool,
  type UserUplink,
  type UserUplinkOptions,
  userUplink,
} from './user-uplink.js';

/**
 * A way outside: through a program that needs no privileges, or for root, by address translation
 * (`nat`).
 */
export type UplinkOption =
  | UplinkTool
  | (UserUplinkOptions & { nat?: false })
  | (NatUplinkOptions & { nat: true });

const STEP = 'connecting the network to the outside';

/** Those that are to be taken away when this process ends before their children. */
const open = new Set<NatUplink>();
let isListening = false;

function closeAtExit(way: NatUplink): void {
  open.add(way);
  if (isListening) return;
  isListening = true;
  process.once('exit', () => {
    for (const one of open) one.close();
  });
}

function addNat(child: Preparation, options: NatUplinkOptions): void {
  let end = () => {};
  child.onFailure(() => end());
  child.program('settings').meet(
    ({ pid }) => {
      const way = natUplink(pid, options);
      closeAtExit(way);
      const close = () => {
        open.delete(way);
        way.close();
      };
      end = close;
      const stopWatching = onEnd(pid, close);
      end = () => {
        stopWatching();
        close();
      };
    },
    { step: STEP },
  );
}

function addUserMode(child: Preparation, options: UserUplinkOptions): void {
  let opening: Promise<UserUplink> | undefined;
  child.onFailure(async () => {
    // The failure may be its own, or come while it is being opened.
    const way = await opening?.catch(() => undefined);
    await way?.close();
  });
  child.program('settings').meet(
    async ({ pid }) => {
      opening = userUplink(pid, options);
      await opening;
    },
    { step: STEP },
  );
}

/** Throws unless it is a way outside. */
function check(uplink: unknown): Exclude<UplinkOption, string> {
  const options = typeof uplink === 'string' ? { tool: uplink as UplinkTool } : uplink;
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new TypeError(
      `uplink must be 'pasta', 'slirp4netns' or an object of options: ${String(uplink)}`,
    );
  }
  const { nat, ...rest } = ownOptions(options as { nat?: unknown });
  if (nat !== undefined && typeof nat !== 'boolean') {
    throw new TypeError(`uplink.nat must be a boolean: ${String(nat)}`);
  }
  if (nat) toNatUplink(rest as NatUplinkOptions);
  else toUserUplink(rest as UserUplinkOptions);
  return ownOptions(options as Exclude<UplinkOption, string>);
}

/** What is to be added to a child for its way outside. */
export function uplinkOf(uplink: UplinkOption): (child: Preparation) => void {
  const { nat, ...options } = check(uplink);
  return (child) => (nat ? addNat(child, options) : addUserMode(child, options));
}
