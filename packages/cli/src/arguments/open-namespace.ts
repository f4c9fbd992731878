// Namespaces on the command line: that of a process, or the one behind a file.
import { Namespace, type NamespaceType } from '@ns/core';
import type { CommandLine } from '../framework/command-line.js';
import type { OptionDescription } from '../framework/option-table.js';
import { UsageError } from '../framework/usage-error.js';

/** The option that says in which namespace a command works. */
export const inOption: OptionDescription = {
  value: 'NAMESPACE',
  help: 'a pid in the namespace, or the path of its file (default: the namespace of ns)',
};

/** True for the number of a process. */
export const isPid = (text: string): boolean => /^[1-9]\d{0,9}$/.test(text);

/** Opens the namespace that a text means: a pid, or the path of a file. */
export function openNamespace(text: string, type: NamespaceType): Namespace {
  if (isPid(text)) return Namespace.of(Number(text), type);
  if (text.includes('/')) return Namespace.fromPath(text, type);
  throw new UsageError(`a namespace must be a pid or the path of a file, got '${text}'`);
}

/** Calls back with the namespace that --in means, or with undefined without that option. */
export function withNamespaceOption<Result>(
  commandLine: CommandLine,
  type: NamespaceType,
  use: (namespace: Namespace | undefined) => Result,
): Result {
  const text = commandLine.value('in');
  if (text === undefined) return use(undefined);
  const namespace = openNamespace(text, type);
  try {
    return use(namespace);
  } finally {
    namespace.close();
  }
}
