// How the parent's descriptors come into the runner.
import { CLOSE_RANGE_CLOEXEC } from '../../flags.js';
import { Program } from '../../program/program.js';
import { EVERY_FD } from './descriptors.js';

/**
 * Numbers that the parent's descriptors have in the runner: above everything else, so that no
 * copy overwrites a source.
 */
export class Crossing {
  readonly program = new Program();
  readonly copies = new Map<number, number>();
  readonly #first: number;

  constructor(sources: readonly number[], targets: readonly number[]) {
    this.#first = Math.max(2, ...sources, ...targets) + 1;
    // All others end when the runner is exec'ed.
    this.program.call('close_range', 0, EVERY_FD, CLOSE_RANGE_CLOEXEC);
  }

  carry(fd: number): number {
    const known = this.copies.get(fd);
    if (known !== undefined) return known;
    const copy = this.#first + this.copies.size;
    this.copies.set(fd, copy);
    this.program.call('dup3', fd, copy, 0);
    return copy;
  }
}
