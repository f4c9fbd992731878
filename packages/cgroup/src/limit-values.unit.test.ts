import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseFlat, parseNested, parsePressure } from './flat-keyed.js';
import { cgroupMounts, directoryOf, unifiedPath } from './hierarchy.js';
import {
  bytes,
  count,
  cpuMax,
  microseconds,
  numberList,
  parseCount,
  parseNumberList,
} from './limit-values.js';
import { type CgroupLimits, controllersOf, settingsOf } from './limits.js';

test.each([
  ['256M', 256 * 1024 ** 2],
  ['1.5G', 1.5 * 1024 ** 3],
  ['64k', 65_536],
  ['10 MiB', 10 * 1024 ** 2],
  ['512', 512],
  [4096, 4096],
])('bytes reads the size %s as %i bytes', (size, expected) => {
  expect(bytes(size, 'size')).toBe(String(expected));
});

test('bytes keeps every number of bytes', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (number) => {
      expect(parseCount(bytes(number, 'size'))).toBe(number);
    }),
  );
  expect(parseCount(bytes('max', 'size'))).toBe(Number.POSITIVE_INFINITY);
});

test.each([
  ['150%', '150000 100000'],
  [0.5, '50000 100000'],
  [2, '200000 100000'],
  ['10ms/100ms', '10000 100000'],
  ['max/50ms', 'max 50000'],
  ['max', 'max'],
])('cpuMax reads the processor time %s as "%s"', (time, expected) => {
  expect(cpuMax(time, 'cpu.max')).toBe(expected);
});

test('microseconds takes durations; a plain number is milliseconds', () => {
  expect(microseconds('150ms', 'd')).toBe('150000');
  expect(microseconds('1.5s', 'd')).toBe('1500000');
  expect(microseconds('20us', 'd')).toBe('20');
  expect(microseconds(7, 'd')).toBe('7000');
  expect(microseconds(7000n, 'd')).toBe('7');
  expect(() => microseconds(-1, 'd')).toThrow(RangeError);
});

test('numberList and parseNumberList are inverse', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(500)), (list) => {
      expect(parseNumberList(numberList(list, 'cpus'))).toEqual(list);
    }),
  );
  expect(parseNumberList('0-3,7\n')).toEqual([0, 1, 2, 3, 7]);
  expect(parseNumberList('\n')).toEqual([]);
});

test('bytes, cpuMax, numberList and count refuse wrong values', () => {
  for (const wrong of ['', 'M', '-1', '1X', '1e3', 'lots', '9999999P']) {
    expect(() => bytes(wrong, 'memory.max')).toThrow(/memory\.max/);
  }
  for (const wrong of [-1, 1.5, Number.NaN, 2 ** 60]) {
    expect(() => bytes(wrong, 'memory.max')).toThrow(RangeError);
  }
  for (const wrong of ['0%', '10ms', '10ms/2s', '1ms/1ms/1ms', '', 0]) {
    expect(() => cpuMax(wrong, 'cpu.max')).toThrow(/cpu\.max/);
  }
  for (const wrong of ['a', '1-', '1,,2', '3-x']) {
    expect(() => numberList(wrong, 'cpus')).toThrow(TypeError);
  }
  expect(() => count(1.5, 'pids.max')).toThrow(RangeError);
});

test('settingsOf returns the values of files', () => {
  const limits: CgroupLimits = {
    cpu: { max: '150%', weight: 200, idle: false, uclampMin: 12.5 },
    memory: { max: '1G', swapMax: 0, oomGroup: true },
    io: {
      max: [{ device: '8:0', readBytes: '1M', writeOperations: 100 }],
      latency: [{ device: '8:0', target: '10ms' }],
    },
    cpuset: { cpus: [0, 1], partition: 'member' },
    pids: { max: 50 },
    hugetlb: { '2MB': '64M' },
    misc: { sev: 3 },
    maxDepth: 4,
    maxDescendants: 'max',
  };
  const settings = settingsOf(limits);
  expect(settings.map(({ file, value }) => `${file}: ${value}`)).toEqual([
    'cpu.max: 150000 100000',
    'cpu.weight: 200',
    'cpu.idle: 0',
    'cpu.uclamp.min: 12.50',
    'memory.max: 1073741824',
    'memory.swap.max: 0',
    'memory.oom.group: 1',
    'io.max: 8:0 rbps=1048576 wiops=100',
    'io.latency: 8:0 target=10000',
    'cpuset.cpus: 0,1',
    'cpuset.cpus.partition: member',
    'pids.max: 50',
    'hugetlb.2MB.max: 67108864',
    'misc.max: sev 3',
    'cgroup.max.depth: 4',
    'cgroup.max.descendants: max',
  ]);
  expect(controllersOf(settings)).toEqual([
    'cpu',
    'memory',
    'io',
    'cpuset',
    'pids',
    'hugetlb',
    'misc',
  ]);
});

test.each<[string, unknown]>([
  ['an unknown controller', { disk: {} }],
  ['an unknown limit', { memory: { maximum: 1 } }],
  ['an inherited name', { memory: { constructor: 1 } }],
  ['a weight of 0', { cpu: { weight: 0 } }],
  ['a text for a flag', { memory: { oomGroup: 'yes' } }],
  ['a device by name', { io: { max: [{ device: 'sda', readBytes: 1 }] } }],
  ['a device without a limit', { io: { max: [{ device: '8:0' }] } }],
  ['a path as a size of pages', { hugetlb: { '../x': 1 } }],
])('settingsOf refuses %s', (_name, limits) => {
  expect(() => settingsOf(limits as CgroupLimits)).toThrow(/^(limits\.|a key of limits\.)/);
});

test('parseFlat, parseNested and parsePressure read the formats of the kernel', () => {
  expect(parseFlat('populated 1\nfrozen 0\n')).toEqual({ populated: 1, frozen: 0 });
  expect(parseNested('8:0 rbytes=10 wbytes=max\n253:1 rbytes=1\n')).toEqual({
    '8:0': { rbytes: 10, wbytes: Number.POSITIVE_INFINITY },
    '253:1': { rbytes: 1 },
  });
  expect(parsePressure('some avg10=0.12 avg60=0.00 avg300=0.00 total=42\n')).toEqual({
    some: { avg10: 0.12, avg60: 0, avg300: 0, total: 42 },
  });
  expect(parsePressure('')).toBeUndefined();
});

test('cgroupMounts, unifiedPath and directoryOf find mounts and groups', () => {
  const [mount] = cgroupMounts(
    '41 31 0:38 / /sys/fs/cgroup/my\\040tree rw,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate\n35 1 8:1 / / rw - ext4 /dev/sda rw\n',
  );
  expect(mount).toMatchObject({ point: '/sys/fs/cgroup/my tree', root: '/', type: 'cgroup2' });
  expect(unifiedPath('1:cpu:/a\n0::/user.slice/x\n')).toBe('/user.slice/x');
  expect(unifiedPath('1:cpu:/a\n')).toBeUndefined();
  expect(directoryOf('/', { point: '/m', root: '/' })).toBe('/m');
  expect(directoryOf('/a/b', { point: '/m', root: '/' })).toBe('/m/a/b');
  expect(directoryOf('/a/b', { point: '/m', root: '/a' })).toBe('/m/b');
  expect(directoryOf('/ab', { point: '/m', root: '/a' })).toBeUndefined();
});
