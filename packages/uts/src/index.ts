/**
 * `@ns/uts`: host name and NIS domain name of a UTS namespace.
 *
 * @module @ns/uts
 */
export type { Name, NameEncoding } from './name.js';
export { UTS_NAME_MAX } from './name.js';
export { readDomainname, readHostname, writeDomainname, writeHostname } from './names.js';
export type { UtsOptions } from './spec.js';
export { uts } from './spec.js';
export type { ReadOptions, Uname } from './uname.js';
export { uname } from './uname.js';
export type { WatchOptions } from './watch.js';
export { watchDomainname, watchHostname } from './watch.js';
