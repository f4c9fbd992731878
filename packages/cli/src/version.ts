import manifest from '../package.json' with { type: 'json' };

/** The version of the package, as of the build. */
export const { version } = manifest;
