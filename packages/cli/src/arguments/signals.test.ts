import { spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import { expect, test } from 'vitest';
import { UsageError } from '../framework/usage-error.js';
import { parseSignal } from './signals.js';

test('parseSignal takes names with and without SIG, in any case, and numbers', () => {
  for (const [name, number] of Object.entries(constants.signals)) {
    for (const text of [name, name.slice(3), name.toLowerCase(), String(number)]) {
      expect(parseSignal(text, 'signal'), text).toBe(number);
    }
  }
});

test('parseSignal takes the real-time signals that kill(1) of bash names', () => {
  const { stdout } = spawnSync('bash', ['-c', 'kill -l'], { encoding: 'utf8' });
  const named = [...stdout.matchAll(/(\d+)\) (SIGRT\S+)/g)];
  expect(named).toHaveLength(31);
  for (const [, number, name = ''] of named) {
    expect(parseSignal(name, 'signal'), name).toBe(Number(number));
    expect(parseSignal(name.slice(3), 'signal'), name).toBe(Number(number));
  }
});

test.each(['', '0', '65', 'SIG', 'SIGNONE', 'RTMIN+31', 'SIGRTMAX+1', '1.5', '-9', 'toString'])(
  'parseSignal refuses %j',
  (text) => {
    expect(() => parseSignal(text, 'kill-child')).toThrow(UsageError);
    expect(() => parseSignal(text, 'kill-child')).toThrow(
      `--kill-child must be the name or number of a signal, got '${text}'`,
    );
  },
);
