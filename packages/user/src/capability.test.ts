import { existsSync, readFileSync } from 'node:fs';
import { runSync } from '@ns/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromBits, toBits } from './capability.js';
import { parseSecurebits } from './capability-state.js';
import {
  capabilityName,
  capabilityNames,
  capabilitySet,
  formatCapabilities,
  parseCapabilities,
  parseCapabilityText,
  readCapabilities,
  readSecurebits,
} from './index.js';

const anySet = fc.subarray([...capabilityNames]).map((names) => new Set(names));
const anySets = fc.record({ effective: anySet, permitted: anySet, inheritable: anySet });

test('the names are those of libcap, in its order', ({ skip }) => {
  const all = `0x${(2n ** BigInt(capabilityNames.length) - 1n).toString(16)}`;
  const capsh = '/usr/sbin/capsh';
  skip(!existsSync(capsh), 'capsh is not installed (Debian: libcap2-bin)');
  const { stdout } = runSync(capsh, [`--decode=${all}`]);
  expect(stdout.trim().split('=')[1]).toBe(capabilityNames.join(','));
});

test('a name may be written in any way', () => {
  for (const text of ['net_admin', 'NET_ADMIN', 'CAP_NET_ADMIN', 'cap_net_admin']) {
    expect(capabilityName(text)).toBe('cap_net_admin');
  }
  expect(() => capabilityName('cap_everything')).toThrow(
    "capability must be the name of a capability, got 'cap_everything'",
  );
  expect(() => capabilityName(12 as unknown as string)).toThrow(TypeError);
  expect([...capabilitySet(['setuid', 'CHOWN'])]).toEqual(['cap_chown', 'cap_setuid']);
  expect(capabilitySet('all').size).toBe(41);
  expect(() => capabilitySet('chown' as 'all')).toThrow("must be 'all' or a list");
});

test('a set survives its bits', () => {
  fc.assert(
    fc.property(anySet, (set) => {
      expect(fromBits(toBits(set))).toEqual(set);
    }),
  );
  expect(fromBits(2n ** 63n).size).toBe(0);
});

test('any sets survive their text', () => {
  fc.assert(
    fc.property(anySets, (sets) => {
      expect(parseCapabilityText(formatCapabilities(sets))).toEqual(sets);
    }),
  );
});

test('the text is what libcap writes', () => {
  const same = [
    '=',
    '=ep',
    '=p cap_sys_resource-p',
    'cap_chown=ep',
    'cap_net_raw=i cap_chown+ep',
    'cap_net_raw=eip cap_net_admin+ep cap_chown,cap_kill+p',
    '=ep cap_chown-e cap_sys_resource-ep',
    '=p cap_chown+i cap_kill,cap_sys_resource-p',
    '=ip cap_chown+e cap_net_raw-p cap_kill,cap_sys_resource-ip',
    'cap_chown=i cap_kill+p',
  ];
  for (const text of same) expect(formatCapabilities(parseCapabilityText(text))).toBe(text);
});

test('the text is read as libcap reads it', () => {
  const read = (text: string) => formatCapabilities(parseCapabilityText(text));
  expect(read('all=ep CAP_CHOWN-e')).toBe('=ep cap_chown-e');
  expect(read('cap_chown+p-p=e')).toBe('cap_chown=e');
  expect(read('cap_chown,cap_kill=p cap_kill=')).toBe('cap_chown=p');
  for (const wrong of ['', 'cap_chown', 'cap_chown=x', '+p', 'cap_chown+', 'nonsense=p']) {
    expect(() => parseCapabilityText(wrong)).toThrow(TypeError);
  }
});

test('the capabilities of a process are those in its status', () => {
  const status = readFileSync('/proc/self/status', 'utf8');
  expect(readCapabilities(process.pid)).toEqual(parseCapabilities(status));
  const bits = BigInt(`0x${/^CapBnd:\s*(\S+)/m.exec(status)?.[1]}`);
  expect(toBits(readCapabilities().bounding)).toBe(bits & (2n ** 41n - 1n));
  expect(() => parseCapabilities('Name:\tx\n')).toThrow('it has no CapEff');
  expect(() => readCapabilities(-1)).toThrow(RangeError);
});

test('parseSecurebits returns the set and the locked bits', () => {
  expect(parseSecurebits(0b11_0001)).toEqual({
    set: new Set(['noroot', 'keepCaps']),
    locked: new Set(['keepCaps']),
  });
  expect(readSecurebits()).toEqual({ set: new Set(), locked: new Set() });
});
