// The parser of a description of links, addresses and routes.
import { type Members, parse } from '@ns/core/authors';
import { prefixText } from '../netlink/addresses.js';
import { linkName } from '../rtnetlink/device.js';
import { tableName } from '../rtnetlink/iproute2-names.js';
import { linkParser } from '../rtnetlink/link-options.js';
import { defined } from '../rtnetlink/request-context.js';
import type { NewRoute } from '../rtnetlink/route-table.js';
import { parseRoute } from '../rtnetlink/routes.js';
import type { NetDescription, WantedLink } from './description.js';

const parseMembers = linkParser(
  { name: parse.required(linkName), addresses: parse.list(prefixText) },
  true,
);

/** Returns a link as plain data. */
function parseLink(value: unknown, name: string): WantedLink {
  return defined(parseMembers(value, name)) as unknown as WantedLink;
}

/** Returns a route as plain data. */
export function parsePlainRoute(value: unknown, name: string): NewRoute {
  const route = parseRoute(value, name);
  const table = route.table === undefined ? undefined : tableName(route.table);
  return defined({ ...route, table }) as NewRoute;
}

/** The parser of a description. */
export const parseDescription = parse.options({
  links: parse.withDefault(parse.list(parseLink), []),
  routes: parse.withDefault(parse.list(parsePlainRoute), []),
  exact: parse.withDefault(parse.boolean, false),
} satisfies Members<NetDescription>);

/** A description in its normal form: links and routes are plain data. */
export type Description = ReturnType<typeof parseDescription>;
