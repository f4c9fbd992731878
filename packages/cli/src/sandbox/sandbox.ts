// `ns sandbox`: a command that is confined, by presets, a config file and options.
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
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
import { attend } from '../attend.js';
import { type Command, done, type Outcome } from '../command.js';
import { type Given, UsageError } from '../options.js';
import { jsonText, printable, printJson } from '../output.js';
import { auditSandbox } from './audit.js';
import { ProgressLine } from './progress.js';
import { rootOf, rootOptions } from './root.js';
import { attendTerminal, isInteractive } from './terminal-session.js';

/** Signals of a terminal, which do not reach a session of its own by themselves. */
const typed = ['SIGINT', 'SIGQUIT'] as const;
const presets = ['untrusted', 'build', 'host', 'node'] as const;
type Preset = (typeof presets)[number];

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

/** Ports that lead inside: OUTSIDE, or OUTSIDE:INSIDE. */
function forwards(given: Given) {
  return given.values('forward').map((text) => {
    const [, host, inside] = /^(\d{1,5})(?::(\d{1,5}))?$/.exec(text) ?? [];
    if (host === undefined) throw new UsageError(`--forward must be PORT[:PORT]: '${text}'`);
    return { host: Number(host), ...(inside === undefined ? {} : { inside: Number(inside) }) };
  });
}

function networkOf(given: Given, configured: SandboxOptions['network']) {
  const network = given.word('network', ['none', 'host', 'private']) ?? configured;
  const forward = forwards(given);
  if (forward.length === 0) return network === undefined ? {} : { network };
  if (network === 'private') return { network: { forward } };
  throw new UsageError('--forward needs --network private');
}

function number(given: Given, name: string) {
  const value = given.number(name);
  return value === undefined ? {} : { [name]: value };
}

/** What the options on the command line say, over the config file. */
function described(given: Given, config: SandboxOptions): SandboxOptions {
  const memory = given.value('memory');
  const hostname = given.value('hostname');
  const root = rootOf(given, config.root);
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
    ...(root === undefined ? {} : { root }),
    ...networkOf(given, config.network),
    ...(user === undefined ? {} : { user }),
    ...(wd === undefined ? {} : { workdir: wd }),
    ...(timeout === undefined ? {} : { timeout: timeout * 1000 }),
    ...protectOf(given),
  };
}

/** What is protected instead of what the preset or the config file says: these paths, or none. */
function protectOf(given: Given): Pick<SandboxOptions, 'protect'> {
  const paths = given.values('protect');
  if (given.has('no-protect')) {
    if (paths.length > 0) throw new UsageError('--protect and --no-protect exclude each other');
    return { protect: [] };
  }
  if (paths.length === 0) return {};
  const withSlash = (path: string) => (path.endsWith('/') ? `${resolve(path)}/` : resolve(path));
  return { protect: paths.map(withSlash) };
}

function withPreset(
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

function presetOf(name: string | undefined): Preset | undefined {
  const preset = presets.find((one) => one === name);
  if (name === undefined || preset !== undefined) return preset;
  throw new UsageError(`a preset is one of ${presets.join(', ')}: '${name}'`);
}

/** The command and its sandbox, from the config file and the command line. */
function wanted(given: Given): {
  words: string[];
  options: SandboxOptions;
  preset: Preset | undefined;
} {
  const file = given.value('config');
  const {
    preset: configured,
    command = [],
    ...config
  } = file === undefined ? {} : readConfig(file);
  const preset = presetOf(given.value('preset') ?? configured);
  const words = given.operands.length > 0 ? [...given.operands] : [...command];
  const [script, ...args] = words;
  const options = withPreset(preset, described(given, config), script);
  if (preset === 'node' && script !== undefined) {
    return { words: [process.execPath, resolve(script), ...args], options, preset };
  }
  return { words: words.length > 0 ? words : ['/bin/sh'], options, preset };
}

type Box = Awaited<ReturnType<typeof sandboxes.create>>;

function makeBox(options: SandboxOptions): Promise<Box> {
  const line = new ProgressLine('unpacking');
  const onProgress = ({ bytes, total }: { bytes: number; total: number }) =>
    line.show(bytes, total);
  return sandboxes.create({ ...options, onProgress }).finally(() => line.clear());
}

/** The command has the terminal of ns, or one of its own that is connected with it. */
async function runShown(given: Given, box: Box, words: readonly string[]): Promise<Outcome> {
  const [command = '/bin/sh', ...args] = words;
  const when = given.word('terminal', ['auto', 'always', 'never']) ?? 'auto';
  if (when === 'always' || (when === 'auto' && isInteractive())) {
    return attendTerminal((terminal) =>
      box.spawn(command, args, { terminal, env: termOf(process.env.TERM) }),
    );
  }
  let child: NamespaceProcess | undefined;
  const pass = (signal: NodeJS.Signals) => child?.kill(signal);
  for (const signal of typed) process.on(signal, pass);
  try {
    return await attend(async () => {
      child = await box.spawn(command, args, { stdio: 'inherit' });
      return child;
    });
  } finally {
    for (const signal of typed) process.removeListener(signal, pass);
  }
}

const termOf = (term: string | undefined) => (term === undefined ? {} : { TERM: term });

/** The command's output is part of an object. */
async function runForProgram(box: Box, words: readonly string[]): Promise<Outcome> {
  const [command = '/bin/sh', ...args] = words;
  const { stdout, stderr, exitCode, signal, durationMs } = await box.run(command, args, {
    reject: false,
  });
  const result = { exitCode, signal, stdout, stderr, durationMs, report: box.report };
  printJson(result, { line: true });
  return { exitCode: exitCode ?? 128 + (constants.signals[signal as NodeJS.Signals] ?? 0) };
}

async function runConfined(given: Given): Promise<Outcome> {
  if (given.has('schema')) {
    printJson(sandboxes.schema);
    return done;
  }
  const { words, options, preset } = wanted(given);
  if (given.has('plan')) {
    printJson(sandboxes.plan(options));
    return done;
  }
  if (given.has('audit')) {
    return auditSandbox(options, preset ?? 'default', { json: given.has('json') });
  }
  const box = await makeBox(options);
  try {
    if (given.has('report')) process.stderr.write(`${jsonText(box.report)}\n`);
    const outcome = given.has('json')
      ? await runForProgram(box, words)
      : await runShown(given, box, words);
    if (given.has('changes')) {
      for (const { kind, path, unlisted } of await box.changes()) {
        const note = unlisted ? ' (content not listed)' : '';
        process.stderr.write(`${kind} ${printable(path)}${note}\n`);
      }
    }
    return outcome;
  } finally {
    await box.stop();
  }
}

export const sandbox: Command = {
  name: 'sandbox',
  summary: 'Run a command confined: no network, the files read-only, no privileges.',
  usage: '[options] [--] [command [argument...]]',
  runs: true,
  options: [
    {
      title: 'Where the description comes from',
      options: {
        preset: { short: 'p', value: 'NAME', help: `one of ${presets.join(', ')}` },
        config: { short: 'c', value: 'FILE', help: 'a sandbox.json: options, preset, command' },
      },
    },
    rootOptions,
    {
      title: 'What is changed in it',
      options: {
        readable: { short: 'r', value: 'PATH', help: 'show this path of the host, read-only' },
        writable: { short: 'w', value: 'PATH', help: 'show this path, to be changed' },
        protect: {
          value: 'PATH',
          help: 'a path inside of a writable one that is neither changed nor made; with / at the end, a directory',
        },
        'no-protect': { help: 'protect nothing in the work tree of the preset build' },
        network: { value: 'HOW', help: 'none (default), host, private' },
        forward: { value: 'PORT[:PORT]', help: 'lead a port of 127.0.0.1 inside; needs private' },
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
        audit: {
          help: 'try from inside what a stranger would try first, and list what is reachable',
        },
        schema: { help: 'print the JSON Schema of config files' },
        terminal: {
          value: 'WHEN',
          help: 'a terminal of its own: auto (default, if ns is at one), always, never',
        },
        report: { help: 'print to standard error which limits are kept how, and what is missing' },
      },
    },
  ],
  notes: [
    'Without a command, that of the config file is run, or /bin/sh. Options come on top of the config file.',
    'At a terminal the command has one of its own with job control, so that Ctrl-C and Ctrl-Z are for what runs in it; a command that is no shell cannot be stopped by Ctrl-Z.',
    'With --json, the output, the end and the report of the command are one object: { "exitCode", "signal", "stdout", "stderr", "durationMs", "report" }. The exit code is the same, or 128 + n for signal n.',
    'With --audit no command is run: what a stranger would try first is tried in a sandbox of these options, without a packet, a connection to a service or a change outside. REACHABLE in capitals is what the preset promises to block; limited is what an option names, or a limit allows. With --json it is an object: { "preset", "kept", "findings" }. Exit code: 0 if the promises of the preset are kept, 1 if not.',
    'Exit code: that of the command; death by a signal is passed on; 127 if it was not found, 126 if it could not be run, 125 for errors of ns sandbox itself.',
  ],
  examples: [
    'ns sandbox -- sh -c "id; touch /etc/x"',
    'ns sandbox --preset untrusted -- python3 script.py',
    'ns sandbox --preset build -- make test',
    'ns sandbox --preset node script.js',
    'ns sandbox --root alpine.tar.gz --changes -- sh -c "echo x >> /etc/motd"',
    'ns sandbox --network private --forward 8080:80 -- ./server',
    'ns sandbox --config sandbox.json --plan',
    'ns sandbox --audit --preset untrusted',
  ],
  failureCode: 125,
  run: runConfined,
};
