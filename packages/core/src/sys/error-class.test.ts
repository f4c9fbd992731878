import { execFileSync } from 'node:child_process';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { isRunError, isSystemError, RunError, SystemError } from '../index.js';
import { core } from '../testing/in-worker.js';

const usage = {
  ...{ userCPUTime: 0, systemCPUTime: 0, maxRSS: 0, minorPageFault: 0, majorPageFault: 0 },
  ...{ fsRead: 0, fsWrite: 0, voluntaryContextSwitches: 0, involuntaryContextSwitches: 0 },
};
const result = { stdout: '', stderr: '', exitCode: 1, signal: null, durationMs: 1 } as const;
const errors = {
  SystemError: new SystemError(1, 'unshare', [0]),
  RunError: new RunError('false', [], { ...result, resourceUsage: usage }),
} as const;

describe.each(Object.entries(errors))('%s', (name, error) => {
  test(`${name} prints its name in name, constructor, stack and inspect`, () => {
    expect(error.name).toBe(name);
    expect(error.constructor.name).toBe(name);
    expect(String(error)).toMatch(`${name}: `);
    expect(inspect(error)).toMatch(new RegExp(`^${name}: `));
  });

  test(`${name} has its name in the built package, whose copy is recognized`, async () => {
    const script = `
      import * as core from ${JSON.stringify(core)};
      process.stdout.write(core.${name}.name);
    `;
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
    });
    expect(output).toBe(name);
    const built = await import(core);
    expect([isSystemError(error), isRunError(error)]).toEqual([
      built.isSystemError(error),
      built.isRunError(error),
    ]);
  });
});
