// Mount tables: a large one as a whole, and one mount of it.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Namespace, spawn } from '@ns/core';
import { listMountIds, listMounts, MountTable, mount, statMount } from '@ns/mount';
import { user } from '@ns/user';
import { command } from '../children.mjs';

const COUNT = 5000;

/** A process in a mount namespace with many mounts; it ends with this one. */
async function holder() {
  const top = mkdtempSync(join(tmpdir(), 'ns-bench-'));
  const targets = Array.from({ length: COUNT }, (_, i) => join(top, `mount${i}`));
  for (const target of targets) mkdirSync(target);
  const mounts = targets.map((target) => ({
    type: /** @type {const} */ ('bind'),
    source: '/usr',
    target,
  }));
  const specs = process.getuid?.() === 0 ? [] : [user({ map: 'root' })];
  const child = await spawn('sleep', ['infinity'], {
    namespaces: [...specs, mount({ mounts })],
    stdio: 'ignore',
  });
  process.once('exit', () => {
    child.kill('SIGKILL');
    rmSync(top, { recursive: true, force: true }); // the mounts are in the other namespace
  });
  return { pid: child.pid, target: /** @type {string} */ (targets[COUNT / 2]) };
}

/** Why single mounts of another namespace cannot be asked for. */
function obstacle(/** @type {Namespace} */ namespace) {
  try {
    listMounts({ in: namespace });
    return undefined;
  } catch (error) {
    return /** @type {Error} */ (error).message;
  }
}

/** @type {import('../suite.ts').Suite} */
export const suite = {
  title: 'Mount tables',
  about: `The table of another process's mount namespace, in which there are ${COUNT} mounts more than in ours.
findmnt is findmnt(8) with --json, waited for; its output goes nowhere.`,
  heaps: ['small'],
  tail: 90,
  burst: 1,
  async groups() {
    const { pid, target } = await holder();
    const place = { in: pid };
    const namespace = Namespace.of(pid, 'mount');
    const skip = obstacle(namespace);
    const find = () => MountTable.read(place).find(target);
    const id = skip
      ? 0n
      : /** @type {bigint} */ (
          listMountIds({ in: namespace }).findLast(
            (one) => statMount(one, { in: namespace })?.target === target,
          )
        );
    return [
      {
        name: `${COUNT} mounts`,
        contenders: [
          { name: 'listMounts', run: () => listMounts(place) },
          {
            name: 'findmnt',
            run: () => command(['findmnt', '--json', '--task', String(pid)], 'ignore'),
          },
        ],
        targets: [{ of: 'listMounts', against: 'findmnt', atMost: 0.5 }],
      },
      {
        name: `one of ${COUNT} mounts`,
        contenders: [
          { name: 'statMount', run: () => statMount(id, { in: namespace }), skip },
          { name: 'MountTable', run: find },
        ],
        targets: [{ of: 'statMount', against: 'MountTable', atMost: 0.2 }],
      },
    ];
  },
};
