import { readdirSync } from 'node:fs';
import { spawn } from '@ns/core';
import { expect, test } from 'vitest';
import { pid } from './spec.js';

test.each([true, 'none'] as const)(
  'PID 1 has the chosen number outside (init: %s)',
  async (init) => {
    const taken = new Set(readdirSync('/proc'));
    let setTid = 20_011;
    while (taken.has(String(setTid))) setTid++;
    const child = await spawn('sleep', ['1000'], { namespaces: [pid({ init, setTid })] });
    await using _ = child;
    expect(child.pid).toBe(setTid);
  },
);

test('a number that is taken is refused', async () => {
  const options = { namespaces: [pid({ setTid: process.pid })] };
  await expect(spawn('true', [], options)).rejects.toThrow('EEXIST');
});
