import { Namespace, run, spawn } from '@ns/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  bootedAt,
  formatOffsets,
  type Offsets,
  parseOffsets,
  readClocks,
  readOffsets,
  time,
  withUptime,
} from './index.js';
import { nanoseconds } from './nanoseconds.js';

// A user namespace gives its first process every privilege inside, for root and others alike.
const rootless = { type: 'user' } as const;
const DAY = 86_400_000_000_000n;
const MINUTE = 60_000_000_000n;

const namespaces = (options = {}) => [rootless, time(options)];
const sleep = (options = {}) =>
  spawn('sleep', ['60'], { namespaces: namespaces(options), stdio: 'ignore' });

/** Differences of clocks that were read one after the other, within a minute. */
function expectAbout(actual: bigint, expected: bigint) {
  expect(actual - expected).toBeGreaterThanOrEqual(-1_000_000n);
  expect(actual - expected).toBeLessThan(MINUTE);
}

test('offsets are written as the kernel takes them, and read as it shows them', () => {
  expect(formatOffsets({ monotonic: -1_500_000_000n })).toBe('monotonic -2 500000000\n');
  expect(formatOffsets({ boottime: 1n })).toBe('boottime 0 1\n');
  expect(formatOffsets({})).toBe('');
  expect(
    parseOffsets('monotonic           -2 500000000\nboottime             0         1\n'),
  ).toEqual({
    monotonic: -1_500_000_000n,
    boottime: 1n,
  });
  expect(() => parseOffsets('realtime 0 0')).toThrow(
    'not a line of timens_offsets: "realtime 0 0"',
  );
});

test('any offsets survive their text', () => {
  const limit = 2n ** 62n;
  const offset = fc.bigInt({ min: -limit, max: limit });
  fc.assert(
    fc.property(offset, offset, (monotonic, boottime) => {
      const offsets: Offsets = { monotonic, boottime };
      expect(parseOffsets(formatOffsets(offsets))).toEqual(offsets);
    }),
  );
});

test('seconds become nanoseconds to the nanosecond', () => {
  expect(nanoseconds(1.5, 'x')).toBe(1_500_000_000n);
  expect(nanoseconds(-0.25, 'x')).toBe(-250_000_000n);
  expect(nanoseconds(86400.000000001, 'x')).toBe(DAY + 1n);
  fc.assert(
    fc.property(fc.integer({ min: -1e6, max: 1e6 }), fc.nat(999_999), (whole, micro) => {
      const expected = BigInt(whole) * 1_000_000_000n + BigInt(micro) * 1000n;
      const actual = nanoseconds(whole + micro / 1e6, 'x');
      expect(actual - expected < 1000n && expected - actual < 1000n).toBe(true);
    }),
  );
});

test('a command has the offsets, to the nanosecond', async () => {
  const offsets = { monotonic: DAY + 1n, boottime: 2n * DAY + 999_999_999n };
  const { stdout } = await run('cat', ['/proc/self/timens_offsets'], {
    namespaces: namespaces(offsets),
  });
  expect(parseOffsets(stdout)).toEqual(offsets);
});

test('the clocks inside are shifted, the time of day is not', async () => {
  const child = await sleep({ monotonic: 86400, boottime: 2 * 86400 });
  try {
    const here = readClocks();
    const inside = readClocks({ in: child.pid });
    expectAbout(inside.monotonic - here.monotonic, DAY);
    expectAbout(inside.boottime - here.boottime, 2n * DAY);
    expectAbout(inside.realtime - here.realtime, 0n);
  } finally {
    child.kill('SIGKILL');
    await child.exited;
  }
});

test('offsets are read by pid, and through a handle when no process is left', async () => {
  const offsets = { monotonic: 5n, boottime: DAY };
  const child = await sleep(offsets);
  const namespace = Namespace.of(child.pid, 'time');
  try {
    expect(readOffsets({ in: child.pid })).toEqual(offsets);
    child.kill('SIGKILL');
    await child.exited;
    expect(readOffsets({ in: namespace })).toEqual(offsets);
  } finally {
    namespace.close();
  }
});

test('a clock that is not named keeps the offset that it has', async () => {
  const here = readOffsets();
  const { stdout } = await run('cat', ['/proc/self/timens_offsets'], {
    namespaces: namespaces({ boottime: 7n }),
  });
  expect(parseOffsets(stdout)).toEqual({ ...here, boottime: 7n });
});

test('a machine can look just booted, or booted at some time', async () => {
  const uptime = async (offsets: Offsets) =>
    Number(
      (await run('cat', ['/proc/uptime'], { namespaces: namespaces(offsets) })).stdout.split(
        ' ',
      )[0],
    );
  expect(await uptime(withUptime(0))).toBeLessThan(60);
  const weekAgo = new Date(Date.now() - 7 * 86_400_000);
  const week = await uptime(bootedAt(weekAgo));
  expect(week).toBeGreaterThanOrEqual(7 * 86400 - 1);
  expect(week).toBeLessThan(7 * 86400 + 60);
});

test('what the kernel would refuse is refused before any child is made', () => {
  const wrong: [unknown, string][] = [
    [{ monotonic: -(2n ** 62n) }, 'monotonic: the clock would be negative'],
    [{ boottime: -1e9 }, 'boottime: the clock would be negative'],
    [{ boottime: 2n ** 62n }, 'boottime: the clock would go beyond 146 years'],
    [{ boottime: 2n ** 70n }, 'boottime must be less than 2^63 nanoseconds'],
    [{ monotonic: Number.NaN }, 'monotonic must be finite'],
    [{ monotonic: '5' }, 'monotonic must be seconds as a number or nanoseconds as a bigint'],
  ];
  for (const [options, message] of wrong) {
    expect(() => time(options as object)).toThrow(
      expect.objectContaining({ message: expect.stringContaining(message) }),
    );
  }
  expect(() => withUptime(-1)).toThrow('uptime must not be negative');
  expect(() => bootedAt(new Date(Date.now() + 1e9))).toThrow('date must not be in the future');
  expect(() => bootedAt(new Date('x'))).toThrow('date must be a valid Date');
  expect(() => readOffsets({ in: 0 })).toThrow(TypeError);
});

test.each(Object.entries({ time, readClocks, readOffsets }))(
  '%s refuses a mistyped option by its name',
  (taker, take: (options: never) => unknown) => {
    const argument = taker === 'time' ? 'time' : 'options';
    expect(() => take({ uptime: 1 } as never)).toThrow(TypeError);
    expect(() => take({ uptime: 1 } as never)).toThrow(`${argument} has no option uptime; it has`);
    expect(() => take(null as never)).toThrow(new TypeError(`${argument} must be an object: null`));
  },
);
