// The description of links, addresses and routes of a namespace.
import type { NewLink } from '../rtnetlink/link-options.js';
import type { NewRoute } from '../rtnetlink/route-table.js';

/** A link of a description: it has a name, and its addresses. */
export type WantedLink = NewLink & {
  name: string;
  /** Addresses with the length of their prefix: `10.0.0.1/24`. Others stay, unless `exact`. */
  addresses?: readonly string[] | undefined;
};

/** Links, addresses and routes that a namespace shall have. Others stay as they are. */
export interface NetDescription {
  /** Links in the order in which they are made. */
  links?: readonly WantedLink[] | undefined;
  routes?: readonly NewRoute[] | undefined;
  /** Remove other addresses of these links, and other static routes. Default: false. */
  exact?: boolean | undefined;
}
