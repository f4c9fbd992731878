// Options of the end of a sandbox.
import type { Duration } from '@ns/core';
import { type Members, type Parser, parse } from '@ns/core/authors';

/** Options of {@link Sandbox.stop}. */
export interface StopOptions {
  /** Time that processes have between SIGTERM and SIGKILL. Default: 0, SIGKILL at once. */
  grace?: Duration | undefined;
}

/** A timeout: without an end, the processes would never be killed. */
const grace: Parser<number> = (value, name) =>
  value === Number.POSITIVE_INFINITY
    ? parse.outOfRange(name, 'a duration that ends', value)
    : parse.timeout(value, name);

/** Parses the options of {@link Sandbox.stop}: the grace in milliseconds. */
export const parseStopOptions = parse.options({
  grace: parse.withDefault(grace, 0),
} satisfies Members<StopOptions>);
