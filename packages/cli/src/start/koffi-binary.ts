// koffi without its loader, which takes four times as long as the binary that it loads. In the bundles
// this module takes the place of koffi. Unusual installations are left to the loader.
import { closeSync, existsSync, openSync, readSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

type Koffi = typeof import('koffi');

/** Returns the directory of koffi for this file. Node's resolution of the name would take longer than the rest. */
function koffiDirectory(): string | undefined {
  for (let directory = __dirname; ; directory = dirname(directory)) {
    const koffi = join(directory, 'node_modules/koffi');
    if (existsSync(koffi)) return realpathSync(koffi);
    if (directory === '/') return undefined;
  }
}

/** Returns the beginning of Node's program file; undefined if it cannot be read, as during an upgrade. */
function headOfNode(): Buffer | undefined {
  let fd: number;
  try {
    fd = openSync(process.execPath, 'r');
  } catch {
    return undefined;
  }
  const head = Buffer.alloc(1024);
  readSync(fd, head);
  closeSync(fd);
  return head;
}

/** Returns the path of koffi's binary for this Node. The ELF interpreter of Node tells the C library. */
function binaryPath(): string | undefined {
  const koffi = koffiDirectory();
  const head = headOfNode();
  if (koffi === undefined || head === undefined) return undefined;
  const { arch } = process;
  const libc = head.includes('/ld-musl-') ? 'musl' : 'linux';
  return join(koffi, '../@koromix', `koffi-linux-${arch}`, `${libc}_${arch}`, 'koffi.node');
}

function loadBinary(): Koffi {
  const path = binaryPath();
  if (path === undefined || !existsSync(path)) {
    const { createRequire } = process.getBuiltinModule('node:module');
    return createRequire(__filename)('koffi') as Koffi;
  }
  const module = { exports: {} };
  process.dlopen(module, path);
  return module.exports as Koffi;
}

export const { address, load, node, view } = loadBinary();
