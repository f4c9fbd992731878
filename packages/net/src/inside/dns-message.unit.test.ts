import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeAnswer, encodeQuestion, TYPE } from './dns-message.js';
import { parseHosts, parseResolvConf } from './resolver-config.js';

function answer(question: Buffer, type: number, data: Buffer, flags = 0x8180): Buffer {
  const head = Buffer.from(question);
  head.writeUInt16BE(flags, 2);
  head.writeUInt16BE(1, 6);
  const record = Buffer.alloc(12);
  record.writeUInt16BE(0xc00c, 0);
  record.writeUInt16BE(type, 2);
  record.writeUInt16BE(1, 4);
  record.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, record, data]);
}

test('an address is read from the answer to its question', () => {
  const question = encodeQuestion(7, 'Web.Example', TYPE.A);
  const bytes = answer(question, TYPE.A, Buffer.of(192, 0, 2, 1));
  expect(decodeAnswer(bytes, question, TYPE.A)).toEqual({
    code: 0,
    truncated: false,
    addresses: ['192.0.2.1'],
  });
});

test('answers to other questions are not taken', () => {
  const question = encodeQuestion(7, 'web.example', TYPE.A);
  const other = answer(encodeQuestion(7, 'bad.example', TYPE.A), TYPE.A, Buffer.of(1, 2, 3, 4));
  expect(decodeAnswer(other, question, TYPE.A)).toBeUndefined();
  const wrongId = answer(encodeQuestion(8, 'web.example', TYPE.A), TYPE.A, Buffer.of(1, 2, 3, 4));
  expect(decodeAnswer(wrongId, question, TYPE.A)).toBeUndefined();
  expect(decodeAnswer(question, question, TYPE.A)).toBeUndefined();
});

test('any bytes are read without harm', () => {
  const question = encodeQuestion(7, 'web.example', TYPE.A);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(255), (tail, count) => {
      const head = Buffer.from(question);
      head.writeUInt16BE(0x8180, 2);
      head.writeUInt16BE(count, 6);
      decodeAnswer(Buffer.concat([head, tail]), question, TYPE.A);
    }),
  );
});

test('names that are none are refused', () => {
  for (const name of ['', 'a..b', `${'a'.repeat(64)}.b`, 'a.'.repeat(130)]) {
    expect(() => encodeQuestion(1, name, TYPE.A)).toThrow(TypeError);
  }
});

test('resolv.conf and hosts are read as their man pages say', () => {
  expect(
    parseResolvConf(
      '# c\nnameserver 192.0.2.1\nnameserver x\nsearch a.b c.d\noptions ndots:3 timeout:1 rotate\n',
    ),
  ).toEqual({
    nameservers: ['192.0.2.1'],
    search: ['a.b', 'c.d'],
    ndots: 3,
    timeout: 1000,
    attempts: 2,
  });
  expect(parseResolvConf('').nameservers).toEqual(['127.0.0.1']);
  expect(parseHosts('192.0.2.1 web Web.example # x\n::1 other\n192.0.2.2 WEB\n', 'web')).toEqual([
    '192.0.2.1',
    '192.0.2.2',
  ]);
});
