// The alternative name that marks links made by a topology. Only marked links are removed when a
// description has them no more.
import type { Link } from '../rtnetlink/link.js';

const PREFIX = 'topology.';

/** Returns the mark of a link with this name. */
export const markOf = (ifname: string): string => `${PREFIX}${ifname}`;

/** True if a topology has made the link, even if it was renamed. */
export const isMarked = ({ altnames = [] }: Link): boolean =>
  altnames.some((name) => name.startsWith(PREFIX));
