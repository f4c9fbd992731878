// A host of the test's own: a root in which Node and the built packages run, with whatever else is said.
import { existsSync, realpathSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type NamespaceSpec, run } from '@ns/core';
import { AT } from '@ns/core/authors';
import { isRoot } from '@ns/core/testing';
import { MOVE_MOUNT, OPEN_TREE, type RootEntry, rootfs } from '@ns/mount';
import { pid } from '@ns/pid';
import { user } from '@ns/user';

const repository = resolve(dirname(fileURLToPath(import.meta.url)), '../../../..');
const module = `${repository}/packages/sandbox/dist/index.js`;
const programs = [
  '/usr',
  '/bin',
  '/lib',
  '/lib64',
  '/sbin',
  dirname(realpathSync(process.execPath)),
];

/** Options of {@link onHost}. */
interface Host {
  /** Files of the host, besides programs. */
  readonly entries?: readonly RootEntry[];
  readonly env?: Readonly<Record<string, string>>;
  /** Directories of it that it shows elsewhere as well. */
  readonly binds?: readonly (readonly [source: string, target: string])[];
  /** The caller is the kernel's root, as it is on a real host. */
  readonly kernelRoot?: boolean;
}

/** Binds directories of the new root; rootfs() itself binds those of the old one. */
function bound(binds: NonNullable<Host['binds']>): NamespaceSpec {
  return {
    type: 'uts',
    prepare(child) {
      const program = child.program('credentials');
      for (const [source, target] of binds) {
        const tree = program.call('open_tree', AT.FDCWD, source, OPEN_TREE.CLONE);
        program.call('move_mount', tree, '', AT.FDCWD, target, MOVE_MOUNT.F_EMPTY_PATH);
        program.call('close', tree);
      }
    },
  };
}

/** Runs the body of a module there, as the present user, and returns what it prints. */
export async function onHost(
  body: string,
  { entries = [], binds = [], env, kernelRoot }: Host,
): Promise<string> {
  const shown = [...programs, repository].filter((path) => existsSync(path));
  const root = rootfs({
    tmp: false,
    mask: [], // or no sandbox in there could have a /proc
    readonlyPaths: [],
    mounts: [
      ...shown.map(
        (path): RootEntry => ({ type: 'bind', source: path, target: path, readonly: true }),
      ),
      { type: 'directory', target: '/tmp', mode: 0o777 },
      { type: 'directory', target: '/var/tmp', mode: 0o777 },
      { type: 'file', target: '/etc/group', content: 'users:x:100:\n' },
      ...entries,
    ],
  });
  const namespaces: NamespaceSpec[] = [pid(), root, bound(binds)];
  if (!(isRoot && kernelRoot)) namespaces.unshift(user({ map: 'current' }));
  const source = `
    import { readFileSync, statSync, writeFileSync, existsSync, readdirSync } from 'node:fs';
    import { build, sandbox, untrusted } from ${JSON.stringify(module)};
    // Groups of other tests would be those of processes that are gone, by pids of another namespace.
    const sh = async (script, options) =>
      (await sandbox.run('sh', ['-c', '{ ' + script + '\\n} 2>&1'], {
        reject: false, cgroup: false, ...options,
      })).stdout;
    ${body}
    process.exit();`;
  const args = ['--input-type=module', '-e', source];
  const { stdout } = await run(process.execPath, args, { namespaces, cwd: '/', env: { ...env } });
  return stdout;
}

/** /etc/passwd with the present user as alice. */
export function passwd(home: string): RootEntry {
  const line = `alice:x:${process.geteuid?.()}:${process.getegid?.()}::${home}:/bin/sh\n`;
  return { type: 'file', target: '/etc/passwd', content: line };
}
