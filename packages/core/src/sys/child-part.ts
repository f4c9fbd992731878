// Parts of a child, which tell errors apart.
import type { NamespaceType } from './namespace-types.js';

/**
 * The part of a child that a call belongs to: a type of namespace, or one of
 * - `namespaces`: the call that makes new namespaces of several types
 * - `limits`: resource limits
 * - `seccomp`: the filter of system calls
 * - `command`: its working directory and its exec
 */
export type ChildPart = NamespaceType | 'namespaces' | 'limits' | 'seccomp' | 'command';
