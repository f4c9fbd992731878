// A local package registry on loopback, for as long as the check takes.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const verdaccio = fileURLToPath(
  new URL('peers/node_modules/verdaccio/bin/verdaccio', import.meta.url),
);

// It holds our packages only: everything else comes from where the user's npm gets it.
/** @param {string} directory */
const configuration = (directory) => `storage: ${directory}/storage
packages:
  '@ns/*':
    access: $all
    publish: $anonymous
max_body_size: 50mb
log: { type: file, path: ${directory}/registry.log, level: warn }
`;

/** @returns {Promise<number>} a port of loopback that is free now */
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  server.close();
  await once(server, 'close');
  return port;
}

/** @param {string} url */
async function answers(url) {
  try {
    return (await fetch(`${url}-/ping`)).ok;
  } catch {
    return false; // not yet
  }
}

/**
 * Starts the registry; what it returns ends it.
 *
 * @param {string} directory for its storage
 */
export async function startRegistry(directory) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const file = join(directory, 'registry.yaml');
  writeFileSync(file, configuration(directory));
  const args = [verdaccio, '--config', file, '--listen', `127.0.0.1:${port}`];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const deadline = Date.now() + 60_000;
  while (!(await answers(url))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`the registry does not answer; see ${directory}/registry.log`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    url,
    async stop() {
      child.kill();
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}
