// The types of a process's streams, by the options that it was spawned with.
import type { Readable, Writable } from 'node:stream';
import type { Terminal } from '../child/terminal.js';
import type { NamespaceProcess } from './namespace-process.js';

/** The item of one descriptor; undefined where none is given. */
type ItemOf<Stdio, Index extends number> = Stdio extends readonly unknown[]
  ? Index extends keyof Stdio
    ? Stdio[Index]
    : number extends Stdio['length']
      ? Stdio[number]
      : undefined
  : Stdio;

type StreamOf<Item, Stream> = Item extends 'pipe' | 'overlapped' | null | undefined ? Stream : null;

type WithoutTerminal<Tty, Stream> = Tty extends false | undefined ? Stream : null;

/** The process of a spawn with these options `stdio` and `terminal`. */
export type SpawnedProcess<Stdio, Tty> = NamespaceProcess<
  WithoutTerminal<Tty, StreamOf<ItemOf<Stdio, 0>, Writable>>,
  WithoutTerminal<Tty, StreamOf<ItemOf<Stdio, 1>, Readable>>,
  WithoutTerminal<Tty, StreamOf<ItemOf<Stdio, 2>, Readable>>,
  Tty extends false | undefined ? null : Terminal
>;
