// Types of commands in a sandbox, inferred from their options.
import type { Readable, Writable } from 'node:stream';
import type {
  CloneFunctionOptions,
  ForkOptions,
  NamespaceProcess,
  RunOptions,
  SpawnOptions,
  StdioOptions,
  Terminal,
  TerminalSize,
} from '@ns/core';

/** Options that the sandbox sets for all of its commands. */
export const decided = [
  'namespaces',
  'cgroup',
  'prepare',
  'noNewPrivileges',
  'seccomp',
  'uid',
  'gid',
  'init',
  'trustMounts',
  'detached',
  'sessionLeader',
  'processGroup',
  'killWithParent',
  'parentDeathSignal',
] as const;
type Decided = (typeof decided)[number];

/**
 * Options of a command in a sandbox: those of spawn of `@ns/core`. `env` comes on top of the sandbox's,
 * `cwd` is a path inside. Default of `killSignal`: SIGKILL.
 */
export type SandboxSpawnOptions = Omit<SpawnOptions, Decided>;
/** Options of a command that is run to its end. */
export type SandboxRunOptions = Omit<RunOptions, Decided>;
/** Options of a Node module in a sandbox. */
export type SandboxForkOptions = Omit<ForkOptions, Decided>;
/** Options of a function in a sandbox. */
export type SandboxCloneOptions<Args extends readonly unknown[]> = Omit<
  CloneFunctionOptions<Args>,
  Decided
>;

/** The option `encoding` of a command that is run to its end. */
export type OutputEncoding = BufferEncoding | 'buffer';

/** The type of outputs by the option `encoding`. */
export type OutputOf<Encoding extends OutputEncoding> =
  | ('buffer' extends Encoding ? Buffer : never)
  | (Exclude<Encoding, 'buffer'> extends never ? never : string);

/** The item of the option `stdio` for a descriptor. */
type ItemAt<Stdio, Fd extends 0 | 1 | 2> = Stdio extends readonly unknown[]
  ? Stdio extends readonly []
    ? 'pipe'
    : Stdio[Fd]
  : Stdio;

/** The stream of an item: there for a pipe, null for everything else, both if the type does not say. */
type StreamOf<Item, Stream> = Item extends 'pipe' | 'overlapped' | undefined | null ? Stream : null;

/** True if the option `terminal` asks for one; boolean if its type does not say. */
type HasTerminal<Asked> = Asked extends false | undefined
  ? false
  : Asked extends true | TerminalSize
    ? true
    : boolean;

type Streams<Stdio, Asked> =
  HasTerminal<Asked> extends true
    ? {
        readonly stdin: null;
        readonly stdout: null;
        readonly stderr: null;
        readonly terminal: Terminal;
      }
    : HasTerminal<Asked> extends false
      ? {
          readonly stdin: StreamOf<ItemAt<Stdio, 0>, Writable>;
          readonly stdout: StreamOf<ItemAt<Stdio, 1>, Readable>;
          readonly stderr: StreamOf<ItemAt<Stdio, 2>, Readable>;
          readonly terminal: null;
        }
      : unknown;

/** The process of a command, with the streams that `stdio` and `terminal` ask for. */
export type SandboxProcess<
  Stdio extends StdioOptions = StdioOptions,
  Asked extends boolean | TerminalSize = boolean | TerminalSize,
> = NamespaceProcess & Streams<Stdio, Asked>;
