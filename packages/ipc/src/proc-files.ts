// Files of /proc whose content depends on the IPC namespace of the process that opens them.
import { constants, readFileSync, writeFileSync } from 'node:fs';
import type { Namespace } from '@ns/core';
import { AT, type NamespaceTarget, Program, runProgramSync, workIn } from '@ns/core/authors';
import { O_CLOEXEC } from '@ns/core/sys';

// The most that one read of such a file returns.
const PAGE = 4096;

function readInChild(path: string, namespaces: readonly Namespace[], pages: number): string {
  const program = new Program();
  const flags = constants.O_RDONLY | O_CLOEXEC;
  const fd = program.call('openat', AT.FDCWD, path, flags, 0);
  const reads = Array.from({ length: pages }, () =>
    program.call('read', fd, new Uint8Array(PAGE), PAGE),
  );
  const results = runProgramSync(program, { namespaces });
  const parts = reads.map((read) =>
    Buffer.from(results.bytesOf(read, 1)).toString('latin1', 0, results.resultOf(read)),
  );
  return parts.at(-1) === '' ? parts.join('') : readInChild(path, namespaces, pages * 8);
}

/** Reads a file as a process in the namespace does. */
export function readFileIn(target: NamespaceTarget | undefined, path: string): string {
  return workIn('ipc', target, {
    entered: () => readFileSync(path, 'latin1'),
    joined: (handles) => readInChild(path, handles, 4),
  });
}

/** Adds the calls that write a file in a single write. */
export function writeCalls(program: Program, path: string, text: string, step?: string): void {
  const options = step === undefined ? {} : { step };
  const flags = constants.O_WRONLY | O_CLOEXEC;
  const fd = program.call('openat', AT.FDCWD, path, flags, 0, options);
  program.call('write', fd, text, text.length, { ...options, expect: text.length });
  program.call('close', fd);
}

/** Writes a file, as a process in the namespace does. */
export function writeFileIn(target: NamespaceTarget | undefined, path: string, text: string): void {
  workIn('ipc', target, {
    entered: () => writeFileSync(path, text, { flag: 'r+' }),
    joined: (namespaces) => {
      const program = new Program();
      writeCalls(program, path, text);
      runProgramSync(program, { namespaces });
    },
  });
}
