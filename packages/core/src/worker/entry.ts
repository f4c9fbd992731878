// Entry of a NamespaceWorker's thread: enters the namespaces, and only then loads the user's code, as
// worker_threads would. Built as a separate file.
//
// All modules that this needs are imported before: code of this package is never loaded from the
// mounts of a joined namespace.
import Module, { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import workerThreads from 'node:worker_threads';
import { setns, unshare, unshareDirectories } from '../namespaces/thread.js';
import { MS } from '../sys/flags.js';
import { syscall } from '../sys/syscall.js';
import type { Code, Orders } from './orders.js';

const EVAL = '[worker eval]';

function enter({ joins, creates }: Orders): void {
  if (joins.some(({ type }) => type === 'mount')) unshareDirectories();
  for (const { fd, type } of joins) setns(fd, type);
  if (creates.length > 0) unshare(creates);
  // As unshare(1): what is mounted here shall not appear outside.
  if (creates.includes('mount')) syscall('mount', null, '/', null, MS.REC | MS.PRIVATE, null);
}

/** Gives the user's code the data that it was sent, for `import` and `require` alike. */
function handOver(workerData: unknown): void {
  (workerThreads as { workerData: unknown }).workerData = workerData;
  syncBuiltinESMExports();
}

/**
 * Source text, as a CommonJS module of the working directory. By the loader's own method, since
 * `import()` in a script of node:vm is still experimental.
 */
function evaluate(source: string): void {
  const module = new Module(EVAL) as Module & { _compile(code: string, filename: string): void };
  module._compile(source, join(process.cwd(), EVAL));
}

async function load(code: Code): Promise<void> {
  switch (code.kind) {
    case 'file':
      process.argv[1] = code.path;
      Module.runMain(code.path); // what a Worker itself calls: it knows how to load which file
      break;
    case 'source':
      process.argv[1] = EVAL;
      evaluate(code.source);
      break;
    case 'data':
      process.argv.splice(1, 1);
      await import(code.url);
      break;
  }
}

const orders = workerThreads.workerData as Orders;
enter(orders);
handOver(orders.workerData);
await load(orders.code);
