// --network and --forward of `ns sandbox`.
import type { SandboxOptions } from '@ns/sandbox';
import type { CommandLine } from '../../framework/command-line.js';
import { UsageError } from '../../framework/usage-error.js';

/** Returns the forwarded ports: OUTSIDE, or OUTSIDE:INSIDE. */
function forwards(commandLine: CommandLine) {
  return commandLine.values('forward').map((text) => {
    const [, host, inside] = /^(\d{1,5})(?::(\d{1,5}))?$/.exec(text) ?? [];
    if (host === undefined) throw new UsageError(`--forward must be PORT[:PORT], got '${text}'`);
    return { host: Number(host), ...(inside === undefined ? {} : { inside: Number(inside) }) };
  });
}

/** Returns the network of the options, or else that of the config file. */
export function networkOf(
  commandLine: CommandLine,
  configured: SandboxOptions['network'],
): Pick<SandboxOptions, 'network'> {
  const network = commandLine.word('network', ['none', 'host', 'private']) ?? configured;
  const forward = forwards(commandLine);
  if (forward.length === 0) return network === undefined ? {} : { network };
  if (network === 'private') return { network: { forward } };
  throw new UsageError('--forward needs --network private');
}
