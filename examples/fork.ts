// A Node module as a child in namespaces of its own, and messages there and back. This file is both:
// the parent, and the module that it forks.
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { fork, user, uts } from '@ns/all';

if (process.send) {
  process.once('message', (question) => {
    process.send?.({ question, hostname: hostname(), uid: process.getuid?.() });
  });
} else {
  const child = await fork(fileURLToPath(import.meta.url), [], {
    namespaces: [user({ map: 'root' }), uts({ hostname: 'box' })],
  });
  child.once('message', (answer) => {
    console.log(JSON.stringify(answer));
    child.disconnect(); // nothing keeps the module from ending any more
  });
  child.send('who are you?');
  await child.exited;
}
