// The presets of `ns sandbox`.
import { build, host, node, type SandboxOptions, untrusted } from '@ns/sandbox';
import { UsageError } from '../../framework/usage-error.js';

/** Names of the presets. */
export const presets = ['untrusted', 'build', 'host', 'node'] as const;

/** Name of a preset. */
export type Preset = (typeof presets)[number];

/** Returns the preset of a name. */
export function parsePreset(name: string | undefined): Preset | undefined {
  const preset = presets.find((known) => known === name);
  if (name === undefined || preset !== undefined) return preset;
  throw new UsageError(`the preset must be one of ${presets.join(', ')}, got '${name}'`);
}

/**
 * Returns the options of a preset with further options.
 *
 * @param script the script of the preset `node`
 */
export function withPreset(
  preset: Preset | undefined,
  options: SandboxOptions,
  script?: string,
): SandboxOptions {
  switch (preset) {
    case undefined:
      return options;
    case 'untrusted':
      return untrusted(options);
    case 'build':
      return build(options.workdir ?? process.cwd(), options);
    case 'host':
      return host({}, options);
    case 'node':
      if (script === undefined) throw new UsageError('the preset node needs a script');
      return node(script, options);
  }
}
