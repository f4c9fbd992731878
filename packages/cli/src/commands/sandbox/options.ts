// The options of `ns sandbox`.
import type { OptionGroup } from '../../framework/option-table.js';
import { presets } from './presets.js';
import { rootOptions } from './root.js';

/** All options of `ns sandbox`. */
export const sandboxOptions: readonly OptionGroup[] = [
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
      writable: { short: 'w', value: 'PATH', help: 'show this path of the host, writable' },
      protect: {
        value: 'PATH',
        help: 'keep a path inside of a writable one from being changed or created; with / at the end, a directory',
      },
      'no-protect': { help: 'protect nothing in the work tree of the preset build' },
      network: { value: 'HOW', help: 'none (default), host, private' },
      forward: {
        value: 'PORT[:PORT]',
        help: 'forward a port of 127.0.0.1 to the sandbox; needs --network private',
      },
      user: { value: 'USER', help: 'current, root, nobody, ranges' },
      hostname: { value: 'NAME', help: 'host name inside' },
      wd: { value: 'DIR', help: 'working directory, inside' },
      env: {
        short: 'e',
        value: 'NAME=VALUE',
        help: 'set a variable; variables of ns are not passed on',
      },
      memory: { value: 'SIZE', help: 'memory limit: 256M' },
      pids: { value: 'N', help: 'limit of processes' },
      timeout: { value: 'TIME', help: 'time limit of the command: seconds, 500ms, 2m' },
      optional: { value: 'PART', help: 'continue without this part if it is refused' },
    },
  },
  {
    title: 'Instead of running it, or in addition',
    options: {
      plan: { help: 'print what would be done, as JSON' },
      audit: { help: 'probe from inside what a stranger would, and list what is reachable' },
      schema: { help: 'print the JSON Schema of config files' },
      terminal: {
        value: 'WHEN',
        help: 'a terminal of its own: auto (default, if ns is at a terminal), always, never',
      },
      report: { help: 'print to standard error how each limit is kept, and what is missing' },
    },
  },
];
