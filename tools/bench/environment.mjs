// The environment of the measuring processes and of all that they start: the same for everybody who
// runs the benchmark. (npm alone adds some thirty variables.)

export const environment = { PATH: process.env.PATH ?? '/usr/bin:/bin' };
