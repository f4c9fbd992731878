// nft(8) and its JSON. Each change is one transaction.
import { isSystemError, runSync } from '@ns/core';
import { helperEnvironment } from './helper-environment.js';

/** Milliseconds after which nft(8) is ended, and bytes that it may print. */
const LIMITS = { timeout: 60_000, killSignal: 'SIGKILL', maxBuffer: 64 * 1024 * 1024 } as const;

/** Its standard input. `-f -` would open /dev/stdin, which small containers do not have. */
const INPUT = '/proc/self/fd/0';

/** Runs nft(8) where the calling thread is; its input is a pipe, as it wants a file. */
function nft(args: readonly string[], input = ''): string {
  try {
    return runSync('nft', ['-j', ...args], { input, env: helperEnvironment(), ...LIMITS }).stdout;
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error;
    throw Object.assign(
      new Error('cannot run nft: it is not installed; install nftables', { cause: error }),
      {
        code: 'ENOENT',
      },
    );
  }
}

/** Makes changes, all of them or none. */
export function transact(commands: readonly object[]): void {
  if (commands.length > 0) nft(['-f', INPUT], JSON.stringify({ nftables: commands }));
}

/** A chain that nft(8) lists. */
export interface ListedChain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  /** The hook of the kernel that runs it, if one does, and the verdict at its end. */
  readonly hook?: string;
  readonly policy?: string;
}

/** Objects that nft(8) lists, as far as they are used here. */
export interface Listed {
  readonly table?: { readonly family: string; readonly name: string };
  readonly chain?: ListedChain;
  readonly rule?: {
    readonly chain: string;
    readonly handle: number;
    readonly comment?: string;
    readonly expr: readonly object[];
  };
  readonly set?: { readonly name: string; readonly elem?: readonly string[] };
}

const list = (...what: string[]) =>
  (JSON.parse(nft(['list', ...what])) as { nftables: Listed[] }).nftables;

/** Lists the chains of all tables. */
export const listChains = (): ListedChain[] => list('chains').flatMap(({ chain }) => chain ?? []);

/** Lists a table; undefined if it is not there. */
export function listTable(family: string, name: string): readonly Listed[] | undefined {
  const isThere = list('tables', family).some(({ table }) => table?.name === name);
  return isThere ? list('table', family, name) : undefined;
}

/** An expression that compares. */
export const match = (left: object, right: unknown, op = '==') => ({ match: { op, left, right } });

/** Properties of a packet to compare. */
export const by = {
  iifname: { meta: { key: 'iifname' } },
  oifname: { meta: { key: 'oifname' } },
  l4proto: { meta: { key: 'l4proto' } },
  ctState: { ct: { key: 'state' } },
  ctStatus: { ct: { key: 'status' } },
  field: (protocol: string, field: string) => ({ payload: { protocol, field } }),
};

/** Answers that the administrator forbids it, so that a connection fails at once. */
export const REJECT = { reject: { type: 'icmp', expr: 'admin-prohibited' } };
export const ACCEPT = { accept: null };
