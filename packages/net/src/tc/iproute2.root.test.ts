// What is sent for traffic control is what tc(8) sends: also for kinds that this kernel lacks.

import { createNamespace } from '@ns/core';
import { expect, test } from 'vitest';
import { isolatedNet } from '../isolated.js';
import { Recorder, sentBy } from '../testing/sent-messages.js';
import { TrafficClasses } from './classes.js';
import { Filters, type NewFilter } from './filters.js';
import { type NewQdisc, Qdiscs } from './qdiscs.js';
import { classBody, filterBody, qdiscBody } from './table.js';

type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

const qdiscs: [words: string, options: Without<NewQdisc, 'dev'>][] = [
  ['root netem delay 50ms', { kind: 'netem', options: { delay: '50ms' } }],
  [
    'root handle 1: netem delay 50ms 5ms 25% loss 10% duplicate 1% corrupt 2%',
    {
      handle: '1:',
      kind: 'netem',
      options: {
        delay: '50ms',
        jitter: '5ms',
        delayCorrelation: 0.25,
        loss: 0.1,
        duplicate: 0.01,
        corrupt: 0.02,
      },
    },
  ],
  [
    'root netem delay 10ms reorder 25% 50%',
    { kind: 'netem', options: { delay: 10, reorder: 0.25, reorderCorrelation: 0.5 } },
  ],
  ['root netem rate 10mbit limit 77', { kind: 'netem', options: { rate: '10mbit', limit: 77 } }],
  ['root netem rate 40gbit', { kind: 'netem', options: { rate: '40gbit' } }],
  [
    'root tbf rate 8mbit burst 32000 latency 50ms',
    { kind: 'tbf', options: { rate: '8mbit', burst: 32_000, latency: '50ms' } },
  ],
  ['root handle 1: htb default 16', { handle: '1:', kind: 'htb', options: { default: 0x16 } }],
  [
    'root fq_codel limit 99 target 6ms interval 90ms flows 32 quantum 1000 ecn',
    {
      kind: 'fq_codel',
      options: { limit: 99, target: 6000, interval: 90_000, flows: 32, quantum: 1000, ecn: 1 },
    },
  ],
  ['ingress', { kind: 'ingress' }],
  ['clsact', { kind: 'clsact' }],
];

function decode(body: typeof qdiscBody, bytes: Buffer): object {
  const decoded = body.decode(bytes, 0, bytes.length) ?? {};
  expect(JSON.stringify(decoded)).not.toContain('malformed');
  return decoded;
}

test.each(qdiscs)('tc qdisc add dev lo %s', (words, options) => {
  using lab = createNamespace(isolatedNet());
  using recorder = new Recorder();
  const args = `qdisc add dev lo ${words}`.split(' ');
  const theirs = lab.enter(() => sentBy('tc', ...args)).at(-1) as Buffer;
  new Qdiscs(recorder).add({ ...options, dev: 'lo' } as NewQdisc);
  expect(decode(qdiscBody, recorder.bodies[0] as Buffer)).toEqual(decode(qdiscBody, theirs));
});

test('tc class add dev lo parent 1: classid 1:10 htb ...', () => {
  using lab = createNamespace(isolatedNet());
  using recorder = new Recorder();
  const words =
    'class add dev lo parent 1: classid 1:10 htb rate 1mbit ceil 2mbit burst 15k cburst 16k prio 3';
  const theirs = lab.enter(() => sentBy('tc', ...words.split(' '))).at(-1) as Buffer;
  new TrafficClasses(recorder).add({
    dev: 'lo',
    parent: '1:',
    handle: '1:10',
    kind: 'htb',
    options: { rate: '1mbit', ceil: '2mbit', burst: '15k', cburst: '16k', prio: 3 },
  });
  expect(decode(classBody, recorder.bodies[0] as Buffer)).toEqual(decode(classBody, theirs));
});

const filters: [words: string, options: Without<NewFilter, 'dev'>][] = [
  [
    'ingress matchall action drop',
    {
      parent: 'ingress',
      kind: 'matchall',
      options: { actions: [{ kind: 'gact', options: { control: 'drop' } }] },
    },
  ],
  [
    'ingress matchall action mirred egress redirect dev lo',
    {
      parent: 'ingress',
      kind: 'matchall',
      options: { actions: [{ kind: 'mirred', options: { to: 'egress redirect', ifindex: 1 } }] },
    },
  ],
  [
    'egress protocol all pref 3 matchall action mirred egress mirror dev lo',
    {
      parent: 'egress',
      pref: 3,
      kind: 'matchall',
      options: { actions: [{ kind: 'mirred', options: { to: 'egress mirror', ifindex: 1 } }] },
    },
  ],
  [
    'ingress protocol ip pref 1 flower ip_proto tcp dst_port 80 src_ip 10.0.0.0/8 classid 1:1',
    {
      parent: 'ingress',
      pref: 1,
      protocol: 'ip',
      kind: 'flower',
      options: {
        classid: '1:1',
        eth_type: 0x0800,
        ip_proto: 6,
        tcp_dst: 80,
        flags: 0,
        src_ip: '10.0.0.0',
        src_ip_mask: '255.0.0.0',
      },
    },
  ],
  [
    'parent 1: protocol ip pref 2 u32 match ip dst 10.0.0.1/32 match ip dport 80 0xffff flowid 1:10',
    {
      parent: '1:',
      pref: 2,
      protocol: 'ip',
      kind: 'u32',
      options: {
        classid: '1:10',
        match: [
          { val: 0x0a000001, mask: 0xffffffff, off: 16 },
          { val: 80, mask: 0xffff, off: 20 },
        ],
      },
    },
  ],
];

test.each(filters)('tc filter add dev lo %s', (words, options) => {
  using lab = createNamespace(isolatedNet());
  using recorder = new Recorder();
  const args = `filter add dev lo ${words}`.split(' ');
  const theirs = lab.enter(() => sentBy('tc', ...args)).at(-1) as Buffer;
  new Filters(recorder).add({ ...options, dev: 'lo' } as NewFilter);
  expect(decode(filterBody, recorder.bodies[0] as Buffer)).toEqual(decode(filterBody, theirs));
});
