// Plans the command and the sandbox of `ns sandbox`, from the config file and the options over it.
import { resolve } from 'node:path';
import { parse } from '@ns/core/authors';
import type { SandboxOptions } from '@ns/sandbox';
import { parseTimeout } from '../../arguments/durations.js';
import type { CommandLine } from '../../framework/command-line.js';
import { UsageError } from '../../framework/usage-error.js';
import { readConfig } from './config-file.js';
import { networkOf } from './network.js';
import { type Preset, parsePreset, withPreset } from './presets.js';
import { rootOf } from './root.js';

/** A command and its sandbox. */
export interface SandboxPlan {
  readonly words: readonly string[];
  readonly options: SandboxOptions;
  readonly preset: Preset | undefined;
}

function environmentOf(commandLine: CommandLine): Record<string, string> {
  const pairs = commandLine.values('env').map((pair) => {
    const at = pair.indexOf('=');
    if (at < 1) throw new UsageError(`--env must be NAME=VALUE, got '${pair}'`);
    return [pair.slice(0, at), pair.slice(at + 1)];
  });
  return Object.fromEntries(pairs);
}

function limitsOf(commandLine: CommandLine): NonNullable<SandboxOptions['limits']> {
  const memory = commandLine.value('memory');
  const pids = commandLine.number('pids');
  return {
    ...(memory === undefined ? {} : { memory: parse.size(memory, '--memory') }),
    ...(pids === undefined ? {} : { pids }),
  };
}

/** Returns the protected paths of the options. They replace those of the preset and the config file. */
function protectOf(commandLine: CommandLine): Pick<SandboxOptions, 'protect'> {
  const paths = commandLine.values('protect');
  if (commandLine.has('no-protect')) {
    if (paths.length > 0) throw new UsageError('--protect and --no-protect exclude each other');
    return { protect: [] };
  }
  if (paths.length === 0) return {};
  const withSlash = (path: string) => (path.endsWith('/') ? `${resolve(path)}/` : resolve(path));
  return { protect: paths.map(withSlash) };
}

/** Returns the options of the command line over those of the config file. */
function optionsOf(commandLine: CommandLine, config: SandboxOptions): SandboxOptions {
  const hostname = commandLine.value('hostname');
  const root = rootOf(commandLine, config.root);
  const user = commandLine.word('user', ['current', 'root', 'nobody', 'ranges']);
  const workdir = commandLine.value('wd');
  const timeout = commandLine.value('timeout');
  const optional = commandLine.values('optional') as NonNullable<SandboxOptions['optional']>;
  const paths = (name: 'readable' | 'writable') => [
    ...(config[name] ?? []),
    ...commandLine.values(name).map((path) => resolve(path)),
  ];
  return {
    ...config,
    readable: paths('readable'),
    writable: paths('writable'),
    env: { ...config.env, ...environmentOf(commandLine) },
    limits: { ...config.limits, ...limitsOf(commandLine) },
    optional: [...(config.optional ?? []), ...optional],
    ...(hostname === undefined ? {} : { hostname }),
    ...(root === undefined ? {} : { root }),
    ...networkOf(commandLine, config.network),
    ...(user === undefined ? {} : { user }),
    ...(workdir === undefined ? {} : { workdir }),
    ...(timeout === undefined ? {} : { timeout: parseTimeout(timeout, 'timeout') }),
    ...protectOf(commandLine),
  };
}

/** Returns the command and its sandbox. Without a command it is /bin/sh. */
export function planSandbox(commandLine: CommandLine): SandboxPlan {
  const file = commandLine.value('config');
  const { preset: named, command = [], ...config } = file === undefined ? {} : readConfig(file);
  const preset = parsePreset(commandLine.value('preset') ?? named);
  const words = commandLine.operands.length > 0 ? commandLine.operands : command;
  const [script, ...args] = words;
  const options = withPreset(preset, optionsOf(commandLine, config), script);
  if (preset === 'node' && script !== undefined) {
    return { words: [process.execPath, resolve(script), ...args], options, preset };
  }
  return { words: words.length > 0 ? words : ['/bin/sh'], options, preset };
}
