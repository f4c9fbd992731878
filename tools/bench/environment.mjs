// The environment of the measuring processes and of their children: the same for every user of the
// benchmark. (npm alone adds some thirty variables.)

export const environment = { PATH: process.env.PATH ?? '/usr/bin:/bin' };
