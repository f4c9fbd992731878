import { Namespace, run, spawn } from '@ns/core';
import { watchMounts } from '@ns/mount';
import type { PackageExamples } from '../example.js';

const plan = 'plans only: the signal is one of the child that would be';
const started =
  'the promise is that of the start; a later abort ends the child, as in child_process';
const ofError = 'the details of an error are data of the package that throws it';

export const core: PackageExamples = {
  examples: {
    'core explainHold': { ignoresSignal: plan, wait: plan },
    'core explainSpawn': { ignoresSignal: plan, wait: plan },
    'core fork': { wait: started },
    'core hold': { wait: started },
    'core spawn': { wait: started },
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
