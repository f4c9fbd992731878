// Generic netlink: families that get their numbers when the kernel is running, by name.
import { attributes, type Entries, type ValuesOf } from './attributes.js';
import { text, u8, u16 } from './codec.js';
import { dump } from './dump.js';
import { NetlinkError } from './error.js';
import { Body, type Request } from './message.js';
import type { NetlinkSocket } from './socket.js';
import { struct } from './struct.js';

/** Netlink protocol of generic netlink. */
export const NETLINK_GENERIC = 16;
const CONTROLLER = 16;
const GET_FAMILY = 3;
const ENOENT = 2;

const header = struct({ command: u8, version: u8, _reserved: u16 });

/** Messages of a family: struct genlmsghdr and its attributes. */
export class GenericBody<E extends Entries> extends Body<{ command: number; version: number }, E> {
  constructor(table: ReturnType<typeof attributes<E>>) {
    super(header, table);
  }
}

const controlBody = new GenericBody(attributes({ familyId: [1, u16], familyName: [2, text(15)] }));

/** A family in one namespace, and its number. */
export class GenericFamily<E extends Entries> {
  readonly #socket: NetlinkSocket;
  readonly #body: GenericBody<E>;
  readonly #version: number;
  readonly #id: number;

  /** @throws {NetlinkError} ENOENT if the kernel has no such family */
  constructor(socket: NetlinkSocket, name: string, version: number, body: GenericBody<E>) {
    this.#socket = socket;
    this.#body = body;
    this.#version = version;
    let id: number | undefined;
    socket.request(
      {
        type: CONTROLLER,
        name: 'CTRL_CMD_GETFAMILY',
        flags: 0,
        body: controlBody.encode({ command: GET_FAMILY, version: 1 }, { familyName: name }),
        locator: controlBody,
        about: { family: name },
      },
      (bytes, start, end) => {
        id = controlBody.decode(bytes, start, end)?.familyId;
      },
    );
    if (id === undefined) throw new NetlinkError(ENOENT, 'CTRL_CMD_GETFAMILY', { family: name });
    this.#id = id;
  }

  #request(command: number, name: string, values: ValuesOf<E>, about: object): Request {
    return {
      type: this.#id,
      name,
      flags: 0,
      body: this.#body.encode({ command, version: this.#version }, values),
      locator: this.#body,
      about,
    };
  }

  /** Sends a command that is only acknowledged. */
  send(command: number, name: string, values: ValuesOf<E>, about: object): void {
    this.#socket.request(this.#request(command, name, values, about));
  }

  /** The messages that answer a command that lists something. */
  dump(command: number, name: string, values: ValuesOf<E>, about: object): ValuesOf<E>[] {
    const asked = this.#request(command, name, values, about);
    return dump(this.#socket, asked, (bytes, start, end) => this.#body.decode(bytes, start, end));
  }
}
