// A syscall program as text, in the manner of strace(1).
import { formatCall } from '../sys/format-call.js';
import { Call, type ProgramArgument } from './call.js';

function withNames(entries: readonly Call[], argument: ProgramArgument): unknown {
  if (!(argument instanceof Call)) return argument;
  const index = entries.indexOf(argument);
  return { toString: () => (index < 0 ? `result of ${argument.name}` : `$${index}`) };
}

function remarks(entries: readonly Call[], { options }: Call): string {
  const { tolerate, expect, ifFailed, ifSucceeded } = options;
  const list: string[] = [];
  if (expect !== undefined) list.push(`must be ${expect}`);
  if (tolerate?.length) list.push(`may fail: ${tolerate.join(', ')}`);
  if (ifFailed) list.push(`if $${entries.indexOf(ifFailed)} failed`);
  if (ifSucceeded) list.push(`if $${entries.indexOf(ifSucceeded)} succeeded`);
  return list.length === 0 ? '' : `  # ${list.join('; ')}`;
}

/** Entries as text; `$3 = ` marks a result that a later call uses. */
export function explain(entries: readonly Call[]): string {
  const used = new Set(entries.flatMap(({ args }) => args.filter((a) => a instanceof Call)));
  for (const { options } of entries) {
    if (options.ifFailed) used.add(options.ifFailed);
    if (options.ifSucceeded) used.add(options.ifSucceeded);
  }
  return entries
    .map((entry, index) => {
      const text = formatCall(
        entry.name,
        entry.args.map((argument) => withNames(entries, argument)),
      );
      return `${used.has(entry) ? `$${index} = ` : ''}${text}${remarks(entries, entry)}`;
    })
    .join('\n');
}
