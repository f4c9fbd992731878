// Many requests with few system calls.
import { errorOf, type NetlinkError } from './error.js';
import { exchange, outgoing, receive, received } from './exchange.js';
import { eachMessage, NLM_F, NLMSG, type Request, sizeOf, writeMessage } from './message.js';
import type { NetlinkSocket } from './socket.js';

/** Bytes of requests sent at once: so few that the answers, if all fail, find room. */
const BATCH = 16 * 1024;

/** Where the next batch ends: at least one request is in it. */
function endOfBatch(requests: readonly Request[], from: number): number {
  let size = 0;
  let end = from;
  while (end < requests.length) {
    size += sizeOf(requests[end] as Request);
    if (size > BATCH && end > from) break;
    end++;
  }
  return end;
}

/**
 * Sends many requests together. All of them are tried, whatever becomes of the others.
 *
 * @returns for each request its error, or undefined
 */
export function batch(
  socket: NetlinkSocket,
  requests: readonly Request[],
): (NetlinkError | undefined)[] {
  const { fd } = socket;
  const errors: (NetlinkError | undefined)[] = new Array(requests.length).fill(undefined);
  for (let from = 0; from < requests.length; ) {
    const end = endOfBatch(requests, from);
    const out = outgoing(Math.max(BATCH, sizeOf(requests[from] as Request)));
    let size = 0;
    const first = socket.nextSequence();
    for (let i = from, sequence = first; i < end; i++) {
      // Failures are always told; success only of the last one, which comes after all others.
      const flags = i === end - 1 ? NLM_F.ACK : 0;
      size = writeMessage(requests[i] as Request, flags, sequence, out, size);
      if (i < end - 1) sequence = socket.nextSequence();
    }
    let length = exchange(fd, size);
    for (let done = false; !done; ) {
      const bytes = received();
      eachMessage(bytes, length, (type, flags, sequence, start, stop) => {
        const index = from + ((sequence - first) >>> 0);
        if (type !== NLMSG.ERROR || index >= end) return;
        errors[index] = errorOf(bytes, start, stop, flags, requests[index] as Request, true);
        if (index === end - 1) done = true;
      });
      if (!done) length = receive(fd);
    }
    from = end;
  }
  return errors;
}
