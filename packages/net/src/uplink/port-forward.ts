// Ports of the host that lead inside.
import { type Members, parse } from '@ns/core/authors';

/** A port of the host that leads inside. */
export interface PortForward {
  /** Default: tcp. */
  protocol?: 'tcp' | 'udp' | undefined;
  /** Port of the host. */
  host: number;
  /** Port inside. Default: the same. */
  inside?: number | undefined;
}

const port = parse.integer(1, 0xffff);

const parseMembers = parse.options({
  protocol: parse.withDefault(parse.oneOf('tcp', 'udp'), 'tcp'),
  host: parse.required(port),
  inside: port,
} satisfies Members<PortForward>);

/** A port forward in its normal form. */
export type Forward = Required<{
  readonly [Key in keyof PortForward]: NonNullable<PortForward[Key]>;
}>;

/** The parser of a list of port forwards. */
export const portForwards = parse.list((value, name): Forward => {
  const { protocol, host, inside = host } = parseMembers(value, name);
  return { protocol, host, inside };
});
