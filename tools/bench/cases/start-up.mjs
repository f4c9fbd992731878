// How long a user waits for `ns run true`.
import { fileURLToPath } from 'node:url';
import { command } from '../children.mjs';

const ns = fileURLToPath(
  new URL('start/ns.cjs', import.meta.resolve('@ns/cli')), // beside its index
);
const node = process.execPath;

/** @type {import('../suite.ts').Suite} */
export const suite = {
  title: 'The start of the command line',
  about: `From the start of a process to its end. \`ns run true\` makes all eight namespaces; \`node -e 0\` is the least that a
program of Node's takes. unshare is unshare(1), which has no Node to start.`,
  heaps: ['small'],
  tail: 90,
  burst: 3,
  groups: () => [
    {
      name: 'a command in new namespaces',
      contenders: [
        { name: 'ns run true', run: () => command([node, ns, 'run', 'true'], 'ignore') },
        { name: 'ns run -r true', run: () => command([node, ns, 'run', '-r', 'true'], 'ignore') },
        { name: 'node -e 0', run: () => command([node, '-e', '0'], 'ignore') },
        { name: 'unshare -r true', run: () => command(['unshare', '-r', 'true'], 'ignore') },
      ],
      targets: [{ of: 'ns run true', against: 'node -e 0', atMost: 1.6 }],
    },
  ],
};
