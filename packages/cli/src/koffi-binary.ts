// koffi without its loader, which takes four times as long as the binary that it loads: in the bundle
// that starts a command, this stands for koffi. What is unusual is left to the loader.
import { closeSync, existsSync, openSync, readSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

type Koffi = typeof import('koffi');

/** Where koffi is installed, for this file; to have Node resolve the name takes longer than the rest. */
function koffiDirectory(): string | undefined {
  for (let directory = __dirname; ; directory = dirname(directory)) {
    const koffi = join(directory, 'node_modules/koffi');
    if (existsSync(koffi)) return realpathSync(koffi);
    if (directory === '/') return undefined;
  }
}

/** The C library of this Node, told by the loader that its program file names near its beginning. */
function libc(): 'linux' | 'musl' {
  const head = Buffer.alloc(1024);
  const fd = openSync(process.execPath, 'r');
  readSync(fd, head);
  closeSync(fd);
  return head.includes('/ld-musl-') ? 'musl' : 'linux';
}

function loadBinary(): Koffi {
  const koffi = koffiDirectory();
  const { arch } = process;
  const path = join(koffi ?? '', '../@koromix', `koffi-linux-${arch}/${libc()}_${arch}/koffi.node`);
  if (koffi === undefined || !existsSync(path)) {
    const { createRequire } = process.getBuiltinModule('node:module');
    return createRequire(__filename)('koffi') as Koffi;
  }
  const module = { exports: {} };
  process.dlopen(module, path);
  return module.exports as Koffi;
}

export const { address, load, node, view } = loadBinary();
