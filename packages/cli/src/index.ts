/**
 * `@ns/cli`: the `ns` command, as a program (`ns`) and as a function.
 *
 * @module @ns/cli
 */
export { main } from './main.js';
