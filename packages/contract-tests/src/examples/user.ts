import type { PackageExamples } from '../example.js';

export const user: PackageExamples = {
  examples: {
    'user resolveMaps': { base: { uid: 0, gid: 0 } },
    'user user': { base: { owner: { uid: 0, gid: 0 } } },
    'user formatCapabilities': {
      data: 'sets of capabilities are data that the package has returned',
    },
  },
};
