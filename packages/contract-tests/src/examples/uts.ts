import { watchDomainname, watchHostname } from '@ns/uts';
import { type PackageExamples, readAll } from '../example.js';

export const uts: PackageExamples = {
  examples: {
    'uts watchDomainname': { wait: (signal) => readAll(watchDomainname({ signal })) },
    'uts watchHostname': { wait: (signal) => readAll(watchHostname({ signal })) },
  },
};
