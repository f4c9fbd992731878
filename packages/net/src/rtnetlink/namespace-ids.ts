// The numbers that a network namespace has for others: `ip netns list-id`. Links whose other end is
// elsewhere name that place by such a number (`link_netnsid`).
import { parse } from '@ns/core/authors';
import { inNet, type NetTarget } from '../in-net.js';
import { attributes } from '../netlink/attributes.js';
import { s32, u8, u32 } from '../netlink/codec.js';
import { Body } from '../netlink/message.js';
import { struct } from '../netlink/struct.js';
import { withNet } from '../open-net.js';
import { type Context, request } from './request-context.js';

/** Messages about namespace ids: struct rtgenmsg. */
export const nsidBody = new Body(
  struct({ family: u8 }),
  attributes({
    nsid: [1, s32],
    pid: [2, u32],
    fd: [3, u32],
    targetNsid: [4, s32],
    currentNsid: [5, s32],
  }),
);

const NOT_ASSIGNED = -1;
const parseNsid = parse.integer(0, 0x7fff_ffff);

/** The ids that a namespace has for others. */
export class NamespaceIds {
  readonly #context: Context;

  /** @internal */
  constructor(context: Context) {
    this.#context = context;
  }

  /** Lists all ids that are assigned. */
  list(): number[] {
    const body = nsidBody.encode({}, {});
    return this.#context.list({
      request: request('GETNSID', 0, body, nsidBody, {}),
      decode: (bytes, start, end) => nsidBody.decode(bytes, start, end)?.nsid,
    });
  }

  /** Returns the id for another namespace; undefined if it has none yet. */
  get(namespace: NetTarget): number | undefined {
    return withNet(inNet(namespace, 'namespace'), ({ fd }) => {
      const id = this.#context.one({
        request: request('GETNSID', 0, nsidBody.encode({}, { fd }), nsidBody, {}),
        decode: (bytes, start, end) => nsidBody.decode(bytes, start, end)?.nsid,
      });
      return id === NOT_ASSIGNED ? undefined : id;
    });
  }

  /**
   * Assigns an id: `ip netns set NAME ID`. Default: the kernel chooses one.
   *
   * @returns the id
   * @throws {NetlinkError} EEXIST if the namespace has one or the number is taken
   */
  assign(namespace: NetTarget, id?: number | undefined): number {
    const nsid = id === undefined ? NOT_ASSIGNED : parseNsid(id, 'id');
    return withNet(inNet(namespace, 'namespace'), (handle) => {
      const body = nsidBody.encode({}, { fd: handle.fd, nsid });
      this.#context.send('NEWNSID', 0, body, nsidBody, { id: nsid });
      return this.get(handle) ?? NOT_ASSIGNED;
    });
  }
}
