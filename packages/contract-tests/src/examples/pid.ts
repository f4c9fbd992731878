import { Pidfd, watchProcesses } from '@ns/pid';
import { type PackageExamples, readAll } from '../example.js';

export const pid: PackageExamples = {
  examples: {
    'pid watchProcesses': { wait: (signal) => readAll(watchProcesses({ signal })) },
    'pid Pidfd#signal': { args: [0] },
    'pid signalAll': { args: ['self', 0] },
  },
  resources: {
    'pid ProcessWatch': () => watchProcesses(),
    'pid Pidfd': () => Pidfd.open(process.pid),
  },
};
