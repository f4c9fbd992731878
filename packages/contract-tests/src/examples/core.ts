import { Namespace, run, spawn } from '@ns/core';
import { watchMounts } from '@ns/mount';
import { ofError, ofStart, type PackageExamples } from '../example.js';

const plan = 'plans only: the signal is one of the child that would be';

export const core: PackageExamples = {
  examples: {
    'core explainHold': { ignoresSignal: plan, wait: plan },
    'core explainSpawn': { ignoresSignal: plan, wait: plan },
    'core fork': { wait: ofStart },
    'core hold': { wait: ofStart },
    'core spawn': { wait: ofStart },
    'core run': { wait: (signal) => run('sleep', ['60'], { signal }) },
    'core Terminal#resize': { base: { columns: 80 } },
    'core new RunError': { data: ofError },
    'core new SystemError': { data: ofError },
    'core new NamespaceGraph': {
      data: 'the parts of a graph are data that discover() has returned',
    },
  },
  resources: {
    'core Namespace': () => Namespace.current('uts'),
    'core Watch': () => watchMounts(),
    'core NamespaceProcess': () => spawn('sleep', ['60'], { stdio: 'ignore' }),
    'core Terminal': 'belongs to a NamespaceProcess, which closes it',
  },
};
