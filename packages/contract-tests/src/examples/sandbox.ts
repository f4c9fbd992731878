import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Sandbox, sandbox as sandboxes, unpack } from '@ns/sandbox';
import { ofError, ofStart, type PackageExamples } from '../example.js';
import { closeAfterTests } from '../owned.js';

let made: Promise<Sandbox> | undefined;

/** Returns the sandbox that the tests of the file share. */
function sharedBox(): Promise<Sandbox> {
  made ??= sandboxes.create({ cgroup: false }).then(closeAfterTests);
  return made;
}

/** Writes a tar archive with a file of zeros that is too large to be unpacked within a second. */
function writeLargeArchive(path: string): void {
  const size = 2 ** 32;
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`;
  const header = Buffer.alloc(512);
  header.write('large');
  header.write(octal(0o644, 7) + octal(0, 7) + octal(0, 7) + octal(size, 11) + octal(0, 11), 100);
  header.write('        0', 148);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${octal(sum, 6)} `, 148);
  const fd = openSync(path, 'w');
  try {
    writeSync(fd, header);
    ftruncateSync(fd, header.length + size + 1024);
  } finally {
    closeSync(fd);
  }
}

/** Calls a function with a large archive, and a directory for what it makes. */
async function withLargeArchive(
  use: (tar: string, directory: string) => Promise<unknown>,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'ns-contract-'));
  try {
    const tar = join(directory, 'large.tar');
    writeLargeArchive(tar);
    await use(tar, directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Creates a sandbox from a large archive. */
function createFromArchive(signal: AbortSignal): Promise<void> {
  return withLargeArchive((tar) => sandboxes.create({ root: { tar, maxSize: '1T' }, signal }));
}

export const sandbox: PackageExamples = {
  examples: {
    'sandbox new RunError': { data: ofError },
    'sandbox new SystemError': { data: ofError },
    'sandbox sandbox': { wait: createFromArchive },
    'sandbox sandbox.create': { wait: createFromArchive },
    'sandbox sandbox.attach': { base: { user: { uid: 0, gid: 0 } } },
    'sandbox sandbox.run': { wait: (signal) => sandboxes.run('sleep', ['60'], { signal }) },
    'sandbox unpack': {
      args: [{ tar: '/nonexistent/contract.tar' }, '/nonexistent/contract'],
      base: { owner: { uid: 0, gid: 0 } },
      wait: (signal) =>
        withLargeArchive((tar, directory) =>
          unpack({ tar }, join(directory, 'root'), { maxSize: '1T', signal }),
        ),
    },
    'sandbox Sandbox#run': {
      wait: async (signal) => (await sharedBox()).run('sleep', ['60'], { signal }),
    },
    'sandbox Sandbox#spawn': { wait: ofStart },
    'sandbox Sandbox#fork': { wait: ofStart },
  },
  instances: {
    'sandbox Sandbox': sharedBox,
    'sandbox SandboxFiles': async () => (await sharedBox()).files,
  },
  resources: {
    'sandbox Sandbox': () => sandboxes.create(),
  },
};
