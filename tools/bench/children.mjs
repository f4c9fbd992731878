// Children of child_process, awaited.
import { spawn } from 'node:child_process';
import { environment as env } from './environment.mjs';

/**
 * Starts a command and waits until it has ended well.
 *
 * @param {readonly string[]} words
 * @param {'inherit' | 'ignore'} stdio
 * @returns {Promise<void>}
 */
export function command([file = '', ...args], stdio) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio, env });
    child.once('error', reject);
    child.once('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${file} ${args.join(' ')}: status ${code}`));
    });
  });
}
