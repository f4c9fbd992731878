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

/** Expects a difference of clocks that were read one after the other, within a minute. */
function expectAbout(actual: bigint, expected: bigint) {
  expect(actual - expected).toBeGreaterThanOrEqual(-1_000_000n);
  expect(actual - expected).toBeLessThan(MINUTE);
}

test('formatOffsets writes what the kernel takes, and parseOffsets reads what it shows', () => {
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
    new TypeError("text must be lines of a clock, seconds and nanoseconds, got 'realtime 0 0'"),
  );
});

test('parseOffsets returns all offsets that formatOffsets has written', () => {
  const limit = 2n ** 62n;
  const offset = fc.bigInt({ min: -limit, max: limit });
  fc.assert(
    fc.property(offset, offset, (monotonic, boottime) => {
      const offsets: Offsets = { monotonic, boottime };
      expect(parseOffsets(formatOffsets(offsets))).toEqual(offsets);
    }),
  );
});

test('nanoseconds takes milliseconds, nanoseconds and texts, exact to the nanosecond', () => {
  expect(nanoseconds(1500, 'x')).toBe(1_500_000_000n);
  expect(nanoseconds(-0.25, 'x')).toBe(-250_000n);
  expect(nanoseconds(86_400_000.000001, 'x')).toBe(DAY + 1n);
  expect(nanoseconds(5n, 'x')).toBe(5n);
  expect(nanoseconds('1.5h', 'x')).toBe(90n * MINUTE);
  expect(nanoseconds('-1d', 'x')).toBe(-DAY);
  fc.assert(
    fc.property(fc.integer({ min: -1e9, max: 1e9 }), fc.nat(999_999), (whole, nano) => {
      const expected = BigInt(whole) * 1_000_000n + BigInt(nano);
      const actual = nanoseconds(whole + nano / 1e6, 'x');
      expect(actual - expected < 1000n && expected - actual < 1000n).toBe(true);
    }),
  );
});

test('time gives a command its offsets, exact to the nanosecond', async () => {
  const offsets = { monotonic: DAY + 1n, boottime: 2n * DAY + 999_999_999n };
  const { stdout } = await run('cat', ['/proc/self/timens_offsets'], {
    namespaces: namespaces(offsets),
  });
  expect(parseOffsets(stdout)).toEqual(offsets);
});

test('readClocks reads shifted clocks inside, and the same time of day', async () => {
  const child = await sleep({ monotonic: '1d', boottime: 2 * 86_400_000 });
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

test('readOffsets reads by pid, and through a handle after the last process has ended', async () => {
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

test('time keeps the offset of a clock that is left out', async () => {
  const here = readOffsets();
  const { stdout } = await run('cat', ['/proc/self/timens_offsets'], {
    namespaces: namespaces({ boottime: 7n }),
  });
  expect(parseOffsets(stdout)).toEqual({ ...here, boottime: 7n });
});

test('withUptime and bootedAt change the uptime of a command', async () => {
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

test('time, withUptime and bootedAt refuse offsets that the kernel would refuse', () => {
  const wrong: [unknown, string][] = [
    [{ monotonic: -(2n ** 62n) }, 'time.monotonic must not make the clock negative'],
    [{ boottime: -1e12 }, 'time.boottime must not make the clock negative'],
    [{ boottime: '-40000d' }, 'time.boottime must not make the clock negative'],
    [{ boottime: 2n ** 62n }, 'time.boottime must not move the clock beyond 146 years'],
    [{ boottime: 2n ** 70n }, 'time.boottime must be less than 2^63 nanoseconds'],
    [{ monotonic: Number.NaN }, 'time.monotonic must be milliseconds, nanoseconds as a bigint'],
    [{ monotonic: '5' }, 'time.monotonic must be milliseconds, nanoseconds as a bigint'],
  ];
  for (const [options, message] of wrong) {
    expect(() => time(options as object)).toThrow(
      expect.objectContaining({ message: expect.stringContaining(message) }),
    );
  }
  expect(() => withUptime(-1)).toThrow(
    new RangeError('uptime must be a duration that is not negative, got -1'),
  );
  expect(() => bootedAt(new Date(Date.now() + 1e9))).toThrow('date must be a Date in the past');
  expect(() => bootedAt(new Date('x'))).toThrow('date must be a valid Date');
});

test.each(Object.entries({ readClocks, readOffsets }))(
  '%s refuses an `in` that is not a time namespace',
  (_, read) => {
    using other = Namespace.current('ipc');
    expect(() => read({ in: other })).toThrow(
      new TypeError('options.in must be a time namespace, got one of type ipc'),
    );
    expect(() => read({ in: 0 })).toThrow(RangeError);
    expect(() => read({ in: 'other' as 'self' })).toThrow(TypeError);
  },
);

test.each(Object.entries({ time, readClocks, readOffsets, formatOffsets }))(
  '%s refuses an unknown option by its name',
  (name, call: (options: never) => unknown) => {
    const argument = { time: 'time', formatOffsets: 'offsets' }[name] ?? 'options';
    expect(() => call({ uptime: 1 } as never)).toThrow(TypeError);
    expect(() => call({ uptime: 1 } as never)).toThrow(`${argument}.uptime is not known`);
    expect(() => call(null as never)).toThrow(
      new TypeError(`${argument} must be an object, got null`),
    );
  },
);
