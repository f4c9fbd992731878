import { existsSync } from 'node:fs';
import { spawn } from '@ns/core';
import { expect, test } from 'vitest';
import { pid } from './spec.js';

test.each([true, 'none'] as const)(
  'setTid gives PID 1 its pid outside (init: %s)',
  async (init) => {
    let setTid = 20_011;
    while (existsSync(`/proc/${setTid}`)) setTid++; // which shows threads too, unlike a listing
    const child = await spawn('sleep', ['1000'], { namespaces: [pid({ init, setTid })] });
    await using _ = child;
    expect(child.pid).toBe(setTid);
  },
);

test('setTid with a pid in use fails with EEXIST', async () => {
  const options = { namespaces: [pid({ setTid: process.pid })] };
  await expect(spawn('true', [], options)).rejects.toThrow('EEXIST');
});
