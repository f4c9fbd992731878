import { expect, test } from 'vitest';
import {
  createNamespace,
  getSysctl,
  inside,
  named,
  natUplink,
  net,
  openTun,
  Route,
  setSysctl,
  sockets,
  userUplink,
  watch,
} from './index.js';

const own = process.pid;

const takers: readonly (readonly [name: string, take: (options: never) => unknown])[] = [
  ['options', (options) => Route.open(options)],
  ['options', createNamespace],
  ['options', (options) => named.create('never-made', options)],
  ['options', watch],
  ['options', sockets],
  ['options', openTun],
  ['options', (options) => getSysctl('net.core.somaxconn', options)],
  ['options', (options) => setSysctl('net.core.somaxconn', 1, options)],
  ['options', (options) => inside(own, options)],
  ['uplink', (options) => natUplink(own, options)],
  ['uplink', (options) => userUplink(own, options)],
  ['uplink', (uplink) => net({ uplink })],
  ['uplink', (uplink: object) => net({ uplink: { nat: true, ...uplink } })],
];

test.each(takers.map(([name, take], i) => ({ i, name, take })))(
  'a mistyped option is refused by its name: $i, $name',
  async ({ name, take }) => {
    const attempt = async () => take({ ni: 1 } as never);
    await expect(attempt()).rejects.toThrow(`${name} has no option ni; it has `);
  },
);
