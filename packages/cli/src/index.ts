/**
 * `@ns/cli`: the `ns` command, as a program (`ns`) and as a function.
 *
 * @packageDocumentation
 */
export { main } from './ns.js';
