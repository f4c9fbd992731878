// Runs code of a test in a Worker: on the built package, since a Worker knows nothing of vitest.
import { join } from 'node:path';
import { Worker, type WorkerOptions } from 'node:worker_threads';

const dist = join(import.meta.dirname, '../../dist');

/** The built package. */
export const core = join(dist, 'index.js');
/** Its entry for authors of packages. */
export const authors = join(dist, 'authors.js');
/** Its system calls. */
export const sys = join(dist, 'sys.js');

/** Makes the Worker of {@link inWorker}. */
export type MakeWorker = (source: string, options: WorkerOptions) => Worker;

const script = (body: string) => `
  const { parentPort, workerData } = require('node:worker_threads');
  const fs = require('node:fs');
  const scope = {
    fs, workerData,
    os: require('node:os'),
    execFileSync: require('node:child_process').execFileSync,
    link: (file) => fs.readlinkSync('/proc/thread-self/ns/' + file),
    failure: (fn) => {
      try { fn(); return 'none'; } catch (error) { return error.code + ': ' + error.hint; }
    },
  };
  const paths = ${JSON.stringify([core, authors, sys])};
  Promise.all(paths.map((path) => import(path))).then((modules) => {
    const all = Object.assign(scope, ...modules);
    const run = new Function(...Object.keys(all), ${JSON.stringify(`return (async () => { ${body} })();`)});
    return run(...Object.values(all));
  }).then((result) => parentPort.postMessage(result), (error) => { throw error; });
`;

/**
 * Runs the body of an async function in a Worker and gives what it returns, once the Worker has
 * ended. At hand in there: all of this package, `fs`, `os`, `execFileSync`, `workerData`,
 * `link(file)` of the thread in /proc, and `failure(fn)` as a text.
 */
export function inWorker(
  body: string,
  workerData?: unknown,
  make: MakeWorker = (source, options) => new Worker(source, options),
): Promise<unknown> {
  const worker = make(script(body), { eval: true, workerData });
  return new Promise((resolve, reject) => {
    let result: unknown;
    worker.once('error', reject);
    worker.once('message', (message) => {
      result = message;
    });
    worker.once('exit', () => resolve(result));
  });
}
