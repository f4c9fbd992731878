// The uplink of a child, as an option of net(): created while the child waits, and closed when it ends.
import { type Parser, type Preparation, parse } from '@ns/core/authors';
import { onExit } from './cleanup-on-exit.js';
import {
  type NatOptions,
  type NatUplink,
  type NatUplinkOptions,
  natMembers,
  openNatUplink,
} from './nat-uplink.js';
import {
  openUserUplink,
  parseUserUplink,
  type UplinkTool,
  type UserOptions,
  type UserUplink,
  type UserUplinkOptions,
} from './user-uplink.js';

/**
 * An uplink: through a program that needs no privileges, or for root, by address translation (`nat`).
 */
export type UplinkOption =
  | UplinkTool
  | (UserUplinkOptions & { nat?: false | undefined })
  | (NatUplinkOptions & { nat: true });

const parseTool = parse.oneOf('pasta', 'slirp4netns');

const STEP = 'connecting the network to the outside';

/** Uplinks that are closed when this process ends before their children. */
const open = new Set<NatUplink>();
let isListening = false;

function closeAtExit(uplink: NatUplink): void {
  open.add(uplink);
  if (isListening) return;
  isListening = true;
  process.once('exit', () => {
    for (const one of open) one.close();
  });
}

function addNat(child: Preparation, options: NatOptions): void {
  let end = () => {};
  child.onFailure(() => end());
  child.program('settings').meet(
    ({ pid }) => {
      const uplink = openNatUplink(pid, options);
      closeAtExit(uplink);
      const close = () => {
        open.delete(uplink);
        uplink.close();
      };
      end = close;
      const stopWaiting = onExit(pid, close);
      end = () => {
        stopWaiting();
        close();
      };
    },
    { step: STEP },
  );
}

function addUserMode(child: Preparation, options: UserOptions): void {
  let opening: Promise<UserUplink> | undefined;
  child.onFailure(async () => {
    // The failure may be that of the uplink, or come while it is being opened.
    const uplink = await opening?.catch(() => undefined);
    await uplink?.close();
  });
  child.program('settings').meet(
    async ({ pid }) => {
      opening = openUserUplink(pid, options);
      await opening;
    },
    { step: STEP },
  );
}

const parseNat = parse.options({ ...natMembers, nat: parse.boolean });

/** The parser of an uplink. Its normal form adds the uplink to a child. */
export const uplinkOption: Parser<(child: Preparation) => void> = (value, name) => {
  if (typeof value === 'string') {
    const options = parseUserUplink({ tool: parseTool(value, name) }, name);
    return (child) => addUserMode(child, options);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return parse.refuse(name, "'pasta', 'slirp4netns' or an object of options", value);
  }
  const { nat, ...others } = parse.ownMembers(value, name);
  if (nat !== undefined && parse.boolean(nat, `${name}.nat`)) {
    const options = parseNat(value, name);
    return (child) => addNat(child, options);
  }
  const options = parseUserUplink(others, name);
  return (child) => addUserMode(child, options);
};
