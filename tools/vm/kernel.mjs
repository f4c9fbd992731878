// Debian's kernel, downloaded and unpacked: it is neither installed nor started on this machine.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @typedef {object} Kernel
 * @property {string} image the file to boot
 * @property {string} release as `uname -r` will tell it
 * @property {string} modules the directory of its modules, /lib/modules/RELEASE of the machine
 */

/** The package that the meta package stands for today. */
function currentPackage() {
  const depends = execFileSync('apt-cache', ['depends', '--important', 'linux-image-amd64']);
  const name = /^ *Depends: (linux-image-\S+)$/m.exec(depends.toString())?.[1];
  if (name === undefined) throw new Error('apt knows no linux-image-amd64: run apt-get update');
  return name;
}

/**
 * The kernel of the Debian release that this machine runs; kept in `cache` once unpacked.
 *
 * @param {string} cache
 * @returns {Kernel}
 */
export function debianKernel(cache) {
  if (process.arch !== 'x64')
    throw new Error(`the virtual machine is an x64, this is ${process.arch}`);
  const name = currentPackage();
  const release = name.replace('linux-image-', '');
  const directory = join(cache, name);
  if (!existsSync(directory)) {
    mkdirSync(cache, { recursive: true });
    const fresh = mkdtempSync(join(cache, '.unpack-'));
    try {
      execFileSync('apt-get', ['download', '-q', name], { cwd: fresh, stdio: 'inherit' });
      const file = readdirSync(fresh).find((entry) => entry.endsWith('.deb')) ?? '';
      execFileSync('dpkg', ['-x', file, 'root'], { cwd: fresh });
      // Installing the package would do this.
      execFileSync('depmod', ['-b', join(fresh, 'root'), release]);
      renameSync(join(fresh, 'root'), directory);
    } finally {
      rmSync(fresh, { recursive: true });
    }
  }
  return {
    image: join(directory, 'boot', `vmlinuz-${release}`),
    release,
    modules: join(directory, 'lib/modules', release),
  };
}
