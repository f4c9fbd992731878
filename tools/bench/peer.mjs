// Peers in C: compiled on the spot, then asked for one run after another over a pair of pipes.
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pipe } from '@ns/core/sys';

const directory = mkdtempSync(join(tmpdir(), 'ns-bench-'));
process.once('exit', () => rmSync(directory, { recursive: true }));

/** @type {Map<string, string>} */
const compiled = new Map();

/**
 * Compiles c/NAME.c, once.
 *
 * @param {string} name
 */
function compile(name) {
  const known = compiled.get(name);
  if (known !== undefined) return known;
  const source = fileURLToPath(new URL(`c/${name}.c`, import.meta.url));
  const program = join(directory, name);
  execFileSync('cc', ['-O2', '-Wall', '-Wextra', '-Werror', '-o', program, source], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  compiled.set(name, program);
  return program;
}

/**
 * Starts the peer of c/NAME.c with these arguments, and gives a function that has it do its work
 * once and tells the nanoseconds, as the peer itself has measured them. It ends with this process.
 *
 * @param {string} name
 * @param {readonly string[]} args
 * @returns {() => number}
 */
export function peer(name, args) {
  return peerOf(compile(name), args);
}

/**
 * The same for a program that is there.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @returns {() => number}
 */
export function peerOf(program, args) {
  const requests = pipe();
  const answers = pipe();
  const child = spawn(program, args, { stdio: [requests.read, answers.write, 'inherit'] });
  child.unref();
  closeSync(requests.read);
  closeSync(answers.write);
  const request = Buffer.from('.');
  const answer = Buffer.alloc(8);
  return () => {
    writeSync(requests.write, request);
    if (readSync(answers.read, answer) !== answer.length) {
      throw new Error(`a peer has ended: ${program} ${args.join(' ')}`);
    }
    return Number(answer.readBigUInt64LE());
  };
}
