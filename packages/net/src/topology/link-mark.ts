// Links that a topology has made carry an alternative name that says so: what a description no
// longer names is taken away only if it was made by one.
import type { Link } from '../route/link.js';

const PREFIX = 'topology.';

/** The mark of a link with this name. */
export const markOf = (ifname: string): string => `${PREFIX}${ifname}`;

/** Whether a topology has made the link, whatever it is called by now. */
export const isMarked = ({ altnames = [] }: Link): boolean =>
  altnames.some((name) => name.startsWith(PREFIX));
