// clone(2) in JavaScript's terms: a function runs as a process in new namespaces, and its result, or
// its error, comes back.
import { clone, mount, pid, user, uts } from '@ns/all';

const namespaces = [user({ map: 'root' }), mount(), pid(), uts({ hostname: 'box' })];

// It takes nothing along from here: what it needs are its arguments.
const result = await clone(
  async (greeting: string) => {
    const { hostname } = await import('node:os');
    const { readdirSync } = await import('node:fs');
    const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    return { greeting: `${greeting} from ${hostname()}`, pid: process.pid, processes };
  },
  { args: ['hello'], namespaces },
);
console.log(JSON.stringify(result));

const failing = () => {
  throw new RangeError('of the function');
};
await clone(failing, { namespaces }).catch((error: unknown) => console.log(String(error)));
