// The first root file system of the machine: busybox, the modules that the real one takes, and init.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const wanted = ['virtio_pci', '9pnet_virtio', '9p', 'overlay'];

/**
 * Modules with what they need, in the order in which they can be loaded.
 *
 * @param {string} dependencies the text of modules.dep
 * @param {readonly string[]} names
 * @returns {string[]} paths below the directory of modules
 */
export function loadOrder(dependencies, names) {
  /** @type {Map<string, string[]>} */
  const needs = new Map();
  for (const line of dependencies.trim().split('\n')) {
    const [file = '', rest = ''] = line.split(':');
    // The line names all of them, the deepest last.
    needs.set(basename(file).replace(/\.ko.*/, ''), [file, ...rest.split(' ').filter(Boolean)]);
  }
  const order = names.flatMap((name) => {
    const files = needs.get(name);
    if (files === undefined) throw new Error(`the kernel has no module ${name}`);
    return files.toReversed();
  });
  return [...new Set(order)];
}

/**
 * @param {import('./kernel.mjs').Kernel} kernel
 * @param {string} target the file to write
 */
export function buildInitramfs(kernel, target) {
  const root = mkdtempSync(join(tmpdir(), 'ns-vm-initramfs-'));
  try {
    for (const directory of ['bin', 'modules']) mkdirSync(join(root, directory));
    copyFileSync('/bin/busybox', join(root, 'bin/busybox'));
    copyFileSync(fileURLToPath(new URL('guest/init', import.meta.url)), join(root, 'init'));
    const files = loadOrder(readFileSync(join(kernel.modules, 'modules.dep'), 'utf8'), wanted);
    for (const file of files) {
      copyFileSync(join(kernel.modules, file), join(root, 'modules', basename(file)));
    }
    writeFileSync(
      join(root, 'modules/order'),
      `${files.map((file) => basename(file)).join('\n')}\n`,
    );
    const list = execFileSync('find', ['.', '-print0'], { cwd: root });
    const cpio = ['--create', '--quiet', '--null', '--format=newc', '--owner=0:0'];
    const image = execFileSync('cpio', cpio, { cwd: root, input: list, maxBuffer: 2 ** 28 });
    writeFileSync(target, image);
  } finally {
    rmSync(root, { recursive: true });
  }
}
