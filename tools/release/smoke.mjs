// A program for each package that uses it, and nothing else, as an ordinary user can. Each prints "ok".

/** @type {Readonly<Record<string, string>>} */
export const smoke = {
  core: `
import { Namespace, runSync } from '@ns/core';
using here = Namespace.current('net');
const { stdout } = runSync('readlink', ['/proc/self/ns/net'], { namespaces: [{ type: 'user' }, { type: 'net' }] });
if (stdout.trim() !== String(here)) console.log('ok');`,
  uts: `
import { readHostname, uname } from '@ns/uts';
if (readHostname() === uname().nodename) console.log('ok');`,
  ipc: `
import { listObjects } from '@ns/ipc';
if (Array.isArray(listObjects().sharedMemory)) console.log('ok');`,
  pid: `
import { Pidfd } from '@ns/pid';
using self = Pidfd.open(process.pid);
if (self.info().ppid === process.ppid) console.log('ok');`,
  mount: `
import { listMounts } from '@ns/mount';
if (listMounts().some(({ target }) => target === '/')) console.log('ok');`,
  net: `
import { Rtnetlink } from '@ns/net';
using rtnetlink = Rtnetlink.open();
if (rtnetlink.links.list().some(({ ifname }) => ifname === 'lo')) console.log('ok');`,
  user: `
import { readIdMaps } from '@ns/user';
if (readIdMaps({ in: process.pid }).uid.length > 0) console.log('ok');`,
  cgroup: `
import { readHierarchy } from '@ns/cgroup';
if (readHierarchy()) console.log('ok');`,
  time: `
import { readOffsets } from '@ns/time';
if (readOffsets()) console.log('ok');`,
  sandbox: `
import { sandbox } from '@ns/sandbox';
(async () => {
  const { stdout } = await sandbox.run('hostname', [], { hostname: 'box' });
  if (stdout.trim() === 'box') console.log('ok');
})();`,
  all: `
import { runSync, user, uts } from '@ns/all';
const { stdout } = runSync('hostname', [], { namespaces: [user(), uts({ hostname: 'box' })] });
if (stdout.trim() === 'box') console.log('ok');`,
  // It ends as the command does.
  cli: `
import { main } from '@ns/cli';
main(['run', '--', 'echo', 'ok']);`,
};
