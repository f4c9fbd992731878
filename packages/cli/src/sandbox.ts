// `ns sandbox`: a command that is confined, by presets, a config file and options.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { NamespaceProcess } from '@ns/core';
import {
  build,
  host,
  node,
  type SandboxOptions,
  sandbox as sandboxes,
  untrusted,
} from '@ns/sandbox';
import { attend } from './attend.js';
import type { Command, Outcome } from './command.js';
import { type Given, UsageError } from './options.js';

/** Signals of a terminal, which do not reach a session of its own by themselves. */
const typed = ['SIGINT', 'SIGQUIT'] as const;
const presets = ['untrusted', 'build', 'host', 'node'] as const;

/** A config file: the options of a sandbox, and what to do in it. */
interface Config extends SandboxOptions {
  preset?: string;
  command?: string[];
}

function readConfig(path: string): Config {
  const text = readFileSync(path, 'utf8');
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${path}: ${(error as Error).message}`);
  }
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw new UsageError(`${path} must have an object`);
  }
  const { $schema: _schema, ...options } = config as Config & { $schema?: string };
  const { command } = options;
  if (
    command !== undefined &&
    !(Array.isArray(command) && command.every((w) => typeof w === 'string'))
  ) {
    throw new UsageError(`${path}: command must be a list of words`);
  }
  return options;
}

function number(given: Given, name: string) {
  const value = given.number(name);
  return value === undefined ? {} : { [name]: value };
}

/** What the options on the command line say, over the config file. */
function described(given: Given, config: SandboxOptions): SandboxOptions {
  const memory = given.value('memory');
  const hostname = given.value('hostname');
  const network = given.word('network', ['none', 'host', 'private']);
  const user = given.word('user', ['current', 'root', 'nobody', 'ranges']);
  const wd = given.value('wd');
  const timeout = given.number('timeout');
  const environment = given.values('env').map((pair) => {
    const at = pair.indexOf('=');
    if (at < 1) throw new UsageError(`--env must be NAME=VALUE: '${pair}'`);
    return [pair.slice(0, at), pair.slice(at + 1)];
  });
  const paths = (name: 'readable' | 'writable') => [
    ...(config[name] ?? []),
    ...given.values(name).map((path) => resolve(path)),
  ];
  return {
    ...config,
    readable: paths('readable'),
    writable: paths('writable'),
    env: { ...config.env, ...Object.fromEntries(environment) },
    limits: { ...config.limits, ...(memory ? { memory } : {}), ...number(given, 'pids') },
    optional: [...(config.optional ?? []), ...given.values('optional')] as NonNullable<
      SandboxOptions['optional']
    >,
    ...(hostname === undefined ? {} : { hostname }),
    ...(network === undefined ? {} : { network }),
    ...(user === undefined ? {} : { user }),
    ...(wd === undefined ? {} : { workdir: wd }),
    ...(timeout === undefined ? {} : { timeout: timeout * 1000 }),
  };
}

function withPreset(preset: string | undefined, options: SandboxOptions, script?: string) {
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
    default:
      throw new UsageError(`a preset is one of ${presets.join(', ')}: '${preset}'`);
  }
}

/** The command and its sandbox, from the config file and the command line. */
function wanted(given: Given): { words: string[]; options: SandboxOptions } {
  const file = given.value('config');
  const {
    preset: configured,
    command = [],
    ...config
  } = file === undefined ? {} : readConfig(file);
  const preset = given.value('preset') ?? configured;
  const words = given.operands.length > 0 ? [...given.operands] : [...command];
  const [script, ...args] = words;
  const options = withPreset(preset, described(given, config), script);
  if (preset === 'node' && script !== undefined) {
    return { words: [process.execPath, resolve(script), ...args], options };
  }
  return { words: words.length > 0 ? words : ['/bin/sh'], options };
}

async function runConfined(given: Given): Promise<Outcome> {
  const { words, options } = wanted(given);
  if (given.has('plan')) {
    process.stdout.write(`${JSON.stringify(sandboxes.plan(options), null, 2)}\n`);
    return { exitCode: 0 };
  }
  if (given.has('schema')) {
    process.stdout.write(`${JSON.stringify(sandboxes.schema, null, 2)}\n`);
    return { exitCode: 0 };
  }
  const [command = '/bin/sh', ...args] = words;
  const box = await sandboxes.create(options);
  let child: NamespaceProcess | undefined;
  const pass = (signal: NodeJS.Signals) => child?.kill(signal);
  for (const signal of typed) process.on(signal, pass);
  try {
    if (given.has('report')) process.stderr.write(`${JSON.stringify(box.report)}\n`);
    return await attend(async () => {
      child = await box.spawn(command, args, { stdio: 'inherit' });
      return child;
    });
  } finally {
    for (const signal of typed) process.removeListener(signal, pass);
    await box.stop();
  }
}

export const sandbox: Command = {
  name: 'sandbox',
  summary: 'Run a command confined: no network, the files read-only, no privileges.',
  usage: '[options] [--] [command [argument...]]',
  options: [
    {
      title: 'Where the description comes from',
      options: {
        preset: { short: 'p', value: 'NAME', help: `one of ${presets.join(', ')}` },
        config: { short: 'c', value: 'FILE', help: 'a sandbox.json: options, preset, command' },
      },
    },
    {
      title: 'What is changed in it',
      options: {
        readable: { short: 'r', value: 'PATH', help: 'show this path of the host, read-only' },
        writable: { short: 'w', value: 'PATH', help: 'show this path, to be changed' },
        network: { value: 'HOW', help: 'none (default), host, private' },
        user: { value: 'WHO', help: 'current, root, nobody, ranges' },
        hostname: { value: 'NAME', help: 'host name inside' },
        wd: { value: 'DIR', help: 'working directory, inside' },
        env: { short: 'e', value: 'NAME=VALUE', help: 'a variable; none is passed on by itself' },
        memory: { value: 'SIZE', help: 'limit of memory: 256M' },
        pids: { value: 'N', help: 'limit of processes' },
        timeout: { value: 'SECONDS', help: 'time that the command has' },
        optional: { value: 'PART', help: 'go without this part if it is refused' },
      },
    },
    {
      title: 'Instead of, or beside, running it',
      options: {
        plan: { help: 'print what would be done, as JSON' },
        schema: { help: 'print the JSON Schema of config files' },
        report: { help: 'print to standard error which limits are kept how, and what is missing' },
      },
    },
  ],
  notes: [
    'Without a command, that of the config file is run, or /bin/sh. Options come on top of the config file.',
    'Exit code: that of the command; death by a signal is passed on; 127 if it was not found, 126 if it could not be run, 125 for errors of ns sandbox itself.',
  ],
  examples: [
    'ns sandbox -- sh -c "id; touch /etc/x"',
    'ns sandbox --preset untrusted -- python3 script.py',
    'ns sandbox --preset build -- make test',
    'ns sandbox --preset node script.js',
    'ns sandbox --config sandbox.json --plan',
  ],
  failureCode: 125,
  run: runConfined,
};
