// Errors of refused requests: the error number and the extended acknowledgement.
import { SystemError } from '@ns/core';
import { isErrorOf, nameErrorClass } from '@ns/core/authors';
import { attributes } from './attributes.js';
import { bytes as rawBytes, text, u32 } from './codec.js';
import { HEADER, NLM_F, type Request } from './message.js';
import { type AttributePolicy, describePolicy, policy } from './policy.js';

const acknowledgement = attributes({
  message: [1, text()],
  offset: [2, u32],
  cookie: [3, rawBytes],
  policy: [4, policy],
  missingType: [5, u32],
  missingNest: [6, u32],
});

/** Details that the kernel adds to an error number. */
export interface ExtendedAck {
  /** The message of the kernel. */
  readonly explanation?: string;
  /** The refused attribute: `linkinfo.data.id`. */
  readonly attribute?: string;
  /** Policy of that attribute. Linux 5.10. */
  readonly policy?: AttributePolicy;
  /** The missing attribute. Linux 6.1. */
  readonly missing?: string;
}

/**
 * A netlink request that the kernel refused. `syscall` is the name of the request (`RTM_NEWLINK`).
 */
export class NetlinkError extends SystemError implements ExtendedAck {
  readonly explanation?: string;
  readonly attribute?: string;
  readonly policy?: AttributePolicy;
  readonly missing?: string;

  constructor(errno: number, request: string, about: object, ack: ExtendedAck = {}) {
    const { explanation, attribute, policy: wanted, missing } = ack;
    const parts = [
      explanation && `The kernel says: ${explanation}`,
      attribute && `Attribute: ${attribute}`,
      wanted && `Wanted: ${describePolicy(wanted)}`,
      missing && `Missing: ${missing}`,
    ].filter(Boolean);
    const hint = parts.length > 0 ? parts.join('. ') : undefined;
    super(
      errno,
      request,
      [{ toString: () => describe(about) }],
      hint === undefined ? {} : { hint },
    );
    if (explanation !== undefined) this.explanation = explanation;
    if (attribute !== undefined) this.attribute = attribute;
    if (wanted !== undefined) this.policy = wanted;
    if (missing !== undefined) this.missing = missing;
  }
}
nameErrorClass(NetlinkError, 'NetlinkError');

function describe(about: object): string {
  return JSON.stringify(about, (key, value: unknown) => {
    if (typeof value === 'bigint') return value.toString();
    if (/(private|preshared).*key$/i.test(key)) return '(secret)';
    return value instanceof Uint8Array ? `<${value.length} bytes>` : value;
  });
}

/** True for a {@link NetlinkError}, from any copy of this package. */
export function isNetlinkError(value: unknown, code?: string | undefined): value is NetlinkError {
  return (
    isErrorOf(value, 'NetlinkError') &&
    (code === undefined || (value as NetlinkError).code === code)
  );
}

/**
 * The error in an NLMSG_ERROR or NLMSG_DONE message; undefined if it reports success.
 *
 * @param start where the error number is
 * @param echoed whether the request follows the error number, as in NLMSG_ERROR
 */
export function errorOf(
  buffer: Buffer,
  start: number,
  end: number,
  flags: number,
  request: Request,
  echoed: boolean,
): NetlinkError | undefined {
  const errno = end - start >= 4 ? buffer.readInt32LE(start) : -5;
  if (errno >= 0) return undefined;
  let at = start + 4;
  if (echoed) {
    const length = at + HEADER <= end ? buffer.readUInt32LE(at) : HEADER;
    at += (flags & NLM_F.CAPPED) !== 0 ? HEADER : (length + 3) & ~3;
  }
  const ack =
    (flags & NLM_F.ACK_TLVS) !== 0 && at < end ? acknowledgement.decode(buffer, at, end) : {};
  const { message: explanation, offset, policy: wanted, missingType, missingNest } = ack;
  const message = Buffer.concat([Buffer.alloc(HEADER), request.body]);
  const { locator } = request;
  const attribute = offset !== undefined && locator?.locate(message, offset).path.join('.');
  let missing: string | undefined;
  if (missingType !== undefined) {
    const nest = locator?.locate(message, missingNest ?? 0);
    const name = nest?.nameOf(missingType) ?? `attribute ${missingType}`;
    missing = [...(missingNest === undefined ? [] : (nest?.path ?? [])), name].join('.');
  }
  return new NetlinkError(errno, request.name, request.about, {
    ...(explanation ? { explanation } : {}),
    ...(attribute ? { attribute } : {}),
    ...(wanted ? { policy: wanted } : {}),
    ...(missing ? { missing } : {}),
  });
}
