/**
 * Helpers for tests that work on the real kernel. They do not depend on a test runner: a test is
 * whatever has `skip(reason)`.
 *
 * @packageDocumentation
 */
export { kernelAtLeast, skipUnlessFeature, skipUnlessKernel } from './kernel.js';
export { fdCount, threadCount, threadNamespaces } from './process-state.js';
export { type FailableTest, seededRandom } from './random.js';
export { isRoot, type SkippableTest, skipIfRoot, skipUnlessRoot } from './skip.js';
