import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseMessageQueues, parseSemaphoreSets, parseSharedMemory } from './list-objects.js';
import { parseEntries } from './list-queues.js';

const int = fc.nat(0x7fff_ffff);
const id = fc.nat(0xffff_fffe);
const when = fc.option(fc.integer({ min: 1, max: 4e9 }), { nil: undefined });
const permissions = {
  id: int,
  key: fc.nat(0xffff_ffff),
  mode: fc.nat(0o777),
  uid: id,
  gid: id,
  cuid: id,
  cgid: id,
};

/** A file of /proc/sysvipc: a header, and rows with numbers under the names, in any widths. */
function table(
  columns: readonly string[],
  rows: readonly Record<string, string | number>[],
): string {
  const lines = rows.map((row) => columns.map((name) => String(row[name]).padStart(10)).join(' '));
  return `${[columns.map((name) => name.padStart(10)).join(' '), ...lines].join('\n')}\n`;
}

const seconds = (date: number | undefined) => date ?? 0;
const dated = (date: number | undefined) =>
  date === undefined ? undefined : new Date(date * 1000);
const signed = (key: number) => key | 0;
const octal = (mode: number) => mode.toString(8);

test('parseSharedMemory reads any list', () => {
  const row = fc.record({ ...permissions, size: fc.nat(2 ** 40), n: int, a: int, b: int, t: when });
  const columns =
    'key shmid perms size cpid lpid nattch uid gid cuid cgid atime dtime ctime rss swap';
  fc.assert(
    fc.property(fc.array(row), (rows) => {
      const text = table(
        columns.split(' '),
        rows.map((r) => ({
          ...{ key: signed(r.key), shmid: r.id, perms: octal(r.mode), size: r.size, nattch: r.n },
          ...{ cpid: r.a, lpid: r.b, uid: r.uid, gid: r.gid, cuid: r.cuid, cgid: r.cgid },
          ...{ atime: seconds(r.t), dtime: 0, ctime: 1, rss: 0, swap: 0 },
        })),
      );
      expect(parseSharedMemory(text)).toEqual(
        rows.map(({ n, a, b, t, ...rest }) => ({
          ...{ ...rest, attachments: n, creatorPid: a, lastPid: b },
          ...{ attached: dated(t), detached: undefined, changed: new Date(1000) },
        })),
      );
    }),
  );
});

test('parseSemaphoreSets reads any list, also with unknown columns', () => {
  const row = fc.record({ ...permissions, count: int, t: when });
  const columns = 'key semid perms nsems uid gid cuid cgid otime ctime new'.split(' ');
  fc.assert(
    fc.property(fc.array(row), (rows) => {
      const text = table(
        columns,
        rows.map((r) => ({
          ...{ key: signed(r.key), semid: r.id, perms: octal(r.mode), nsems: r.count, new: 5 },
          ...{ uid: r.uid, gid: r.gid, cuid: r.cuid, cgid: r.cgid, otime: seconds(r.t), ctime: 0 },
        })),
      );
      expect(parseSemaphoreSets(text)).toEqual(
        rows.map(({ t, ...rest }) => ({ ...rest, operated: dated(t), changed: undefined })),
      );
    }),
  );
});

test('parseMessageQueues reads any list', () => {
  const row = fc.record({ ...permissions, messages: int, bytes: int, a: int, b: int, t: when });
  const columns = 'key msqid perms cbytes qnum lspid lrpid uid gid cuid cgid stime rtime ctime';
  fc.assert(
    fc.property(fc.array(row), (rows) => {
      const text = table(
        columns.split(' '),
        rows.map((r) => ({
          ...{ key: signed(r.key), msqid: r.id, perms: octal(r.mode), cbytes: r.bytes },
          ...{ qnum: r.messages, lspid: r.a, lrpid: r.b, uid: r.uid, gid: r.gid },
          ...{ cuid: r.cuid, cgid: r.cgid, stime: 0, rtime: seconds(r.t), ctime: 0 },
        })),
      );
      expect(parseMessageQueues(text)).toEqual(
        rows.map(({ a, b, t, ...rest }) => ({
          ...{ ...rest, lastSenderPid: a, lastReceiverPid: b },
          ...{ sent: undefined, received: dated(t), changed: undefined },
        })),
      );
    }),
  );
});

test('parseSharedMemory refuses a table without a needed column', () => {
  expect(() => parseSharedMemory('key shmid\n1 2\n')).toThrow('no column');
  expect(parseSharedMemory('')).toEqual([]);
});

test('parseEntries reads any directory entries', () => {
  const name = fc.stringMatching(/^[^/\0]{1,60}$/).filter((text) => !/^\.{1,2}$/.test(text));
  fc.assert(
    fc.property(fc.array(name), (names) => {
      const entries = ['.', '..', ...names].map((text) => {
        const bytes = Buffer.from(`${text}\0`);
        const entry = Buffer.alloc(Math.ceil((19 + bytes.length) / 8) * 8);
        entry.writeUInt16LE(entry.length, 16);
        bytes.copy(entry, 19);
        return entry;
      });
      expect(parseEntries(Buffer.concat(entries))).toEqual(names);
    }),
  );
});
