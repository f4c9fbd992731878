/**
 * `@ns/uts`: host name and NIS domain name of a UTS namespace.
 *
 * @module @ns/uts
 */
export type { InOptions } from './names.js';
export { getDomainname, getHostname, setDomainname, setHostname } from './names.js';
export type { UtsOptions } from './spec.js';
export { uts } from './spec.js';
export type { Name, NameEncoding } from './text.js';
export { UTS_NAME_MAX } from './text.js';
export type { ReadOptions, Uname } from './uname.js';
export { uname } from './uname.js';
export type { WatchOptions } from './watch.js';
export { watchDomainname, watchHostname } from './watch.js';
