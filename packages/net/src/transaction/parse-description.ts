// The checks of a description, before anything is compared or changed.
import { checked } from '../options.js';
import { checkedLink } from '../route/link-options.js';
import { checkedRoute } from '../route/routes.js';
import type { NetDescription } from './compare.js';

/**
 * Returns a description without prototypes, if all that it has is known.
 *
 * @throws {TypeError} that names the option
 */
export function checkedDescription(description: NetDescription): NetDescription {
  const own = checked(description, ['links', 'routes', 'exact'], 'description');
  const { links, routes, exact = false } = own;
  if (typeof exact !== 'boolean') {
    throw new TypeError(`exact must be a boolean: ${String(exact)}`);
  }
  return {
    exact,
    ...(links && {
      links: links.map((link, i) => checkedLink(link, `links[${i}]`, ['addresses'])),
    }),
    ...(routes && { routes: routes.map((route, i) => checkedRoute(route, `routes[${i}]`)) }),
  };
}
