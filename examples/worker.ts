// A Worker whose thread lives in another network namespace. Its server listens in there, and only
// there: the process outside can use the same port once more. Needs root.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createNamespace, Namespace, NamespaceWorker, net } from '@ns/all';

const PORT = 8080;
const code = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { connect, createServer } = require('node:net');
  const server = createServer((socket) => socket.end('hello from inside'));
  server.listen(workerData, '127.0.0.1', () => {
    connect(workerData, '127.0.0.1').on('data', (data) => {
      parentPort.postMessage(String(data));
      server.close();
    });
  });
`;

using inside = createNamespace(net());
const worker = new NamespaceWorker(code, { eval: true, namespaces: [inside], workerData: PORT });
const [[message]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
console.log(message);

// The main thread has stayed at home; for a moment it can be there as well.
const server = inside.enter(() => createServer().listen(PORT, '127.0.0.1'));
await once(server, 'listening');
console.log(`${inside.enter(() => Namespace.current('net')).equals(inside)}: the same namespace`);
server.close();
