// Messages of a child are untrusted input (SECURITY.md S4): they cost work and memory in proportion to
// their bytes, a message has a limit, and a call ends although another process holds the channel
// (S5).
import { fork as nodeFork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Serialization } from '../child/options.js';
import { clone } from '../commands/clone.js';
import { fork } from '../commands/fork.js';
import { Frames } from '../process/frames.js';

const MiB = 1024 * 1024;
const kinds = ['json', 'advanced'] as const;

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'ns-channel-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

function module(name: string, source: string): string {
  const path = join(directory, `${name}.cjs`);
  writeFileSync(path, source);
  return path;
}

/** Writes bytes past Node's own end of the channel, for as long as they are read. */
const writer = (header: string) => `
  const fs = require('node:fs');
  const chunk = Buffer.alloc(65536, 'x');
  const fd = Number(process.argv[2]);
  const write = (bytes) => {
    for (let at = 0; at < bytes.length; ) {
      try {
        at += fs.writeSync(fd, bytes, at);
      } catch (error) {
        if (error.code !== 'EAGAIN') process.exit();
      }
    }
  };
  ${header}
  for (;;) write(chunk);
`;
const headers: Record<Serialization, string> = {
  json: '',
  advanced: 'write(Buffer.from([0xff, 0xff, 0xff, 0xff]));',
};
const CHANNEL = '3';

test.each(kinds)(
  'a message without an end is an error, and costs no more than its limit: %s',
  async (serialization) => {
    const path = module(`endless-${serialization}`, writer(headers[serialization]));
    const before = process.memoryUsage.rss();
    const options = { serialization, maxMessage: 8 * MiB, execArgv: [] };
    const child = await fork(path, [CHANNEL], options);
    const [error] = await once(child, 'error');
    expect(error).toMatchObject({ code: 'EMSGSIZE' });
    await once(child, 'close');
    expect(child.connected).toBe(false);
    expect(process.memoryUsage.rss() - before).toBeLessThan(96 * MiB);
  },
);

// Were each piece joined to all before it, half a terabyte would be copied, for minutes.
test.each(kinds)('a large message costs work in proportion to its bytes: %s', (serialization) => {
  const size = 128 * MiB;
  const header = Buffer.alloc(serialization === 'json' ? 0 : 4);
  if (header.length > 0) header.writeUInt32BE(size);
  const frames = new Frames(serialization, Number.POSITIVE_INFINITY);
  const bodies = [...frames.take(header)];
  const chunk = Buffer.alloc(16 * 1024, 'x');
  for (let sent = 0; sent < size; sent += chunk.length) bodies.push(...frames.take(chunk));
  if (serialization === 'json') bodies.push(...frames.take(Buffer.from('\n')));
  expect(bodies.map(({ length }) => length)).toEqual([size]);
});

test.each(kinds)('messages arrive whole, however they are cut: %s', (serialization) => {
  const texts = ['', 'a', 'bc', 'x'.repeat(300)];
  const encoded = texts.map((text) => {
    if (serialization === 'json') return Buffer.from(`${text}\n`);
    const bytes = Buffer.alloc(4 + text.length, text);
    bytes.writeUInt32BE(text.length);
    bytes.write(text, 4);
    return bytes;
  });
  const all = Buffer.concat([...encoded, ...encoded]);
  for (let size = 1; size <= all.length; size++) {
    const frames = new Frames(serialization, 300);
    const found: string[] = [];
    for (let at = 0; at < all.length; at += size) {
      for (const body of frames.take(all.subarray(at, at + size))) found.push(body.toString());
    }
    expect(found, `in pieces of ${size}`).toEqual([...texts, ...texts]);
  }
  const frames = new Frames(serialization, 299);
  expect(() => [...frames.take(all)]).toThrow('more than 299 bytes');
});

test('a message that is announced as longer than its limit is an error before it comes', () => {
  const header = Buffer.alloc(4);
  header.writeUInt32BE(301);
  const frames = new Frames('advanced', 300);
  expect(() => [...frames.take(header)]).toThrow('more than 300 bytes');
});

test('what is not a message is one error, and the channel is closed', async () => {
  const source = `require('node:fs').writeSync(3, '"first"\\nno message\\n"second"\\n'); setInterval(() => {}, 1000);`;
  const child = await fork(module('garbage', source), [], { execArgv: [] });
  const messages: unknown[] = [];
  const errors: unknown[] = [];
  child.on('message', (message) => messages.push(message));
  child.on('error', (error) => errors.push(error));
  await new Promise((resolve) => child.once('disconnect', resolve));
  child.kill('SIGKILL');
  await once(child, 'close');
  expect(messages).toEqual(['first']);
  expect(errors).toEqual([expect.any(SyntaxError)]);
});

test('an error of a listener is the listener’s, and not one of the channel', async () => {
  const echo = module(
    'one',
    'process.send(1); process.once("message", () => process.disconnect());',
  );
  const thrown = async (child: NodeJS.EventEmitter & { send(message: string): unknown }) => {
    const errors: unknown[] = [];
    child.on('error', (error) => errors.push(error));
    const before = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    const uncaught = once(process, 'uncaughtException');
    child.once('message', () => {
      throw new RangeError('of the listener');
    });
    const [error] = await uncaught;
    for (const listener of before) process.on('uncaughtException', listener);
    child.send('end');
    await once(child, 'exit');
    return [(error as Error).message, errors];
  };
  const ours = await thrown(await fork(echo, [], { execArgv: [] }));
  expect(ours).toEqual(await thrown(nodeFork(echo, { execArgv: [] })));
});

test('clone ends with its process although another one holds the channel', async () => {
  const leaving = () => {
    const { spawn } = process.getBuiltinModule('node:child_process');
    const stdio = ['ignore', 'ignore', 'ignore', 3] as const;
    const left = spawn('sleep', ['1000'], { stdio: [...stdio], detached: true });
    left.unref();
    return left.pid;
  };
  process.kill((await clone(leaving)) as number, 'SIGKILL');
  // Without an answer as well.
  const file = join(directory, 'left');
  const dying = (path: string) => {
    const { spawn } = process.getBuiltinModule('node:child_process');
    const stdio = ['ignore', 'ignore', 'ignore', 3] as const;
    const left = spawn('sleep', ['1000'], { stdio: [...stdio], detached: true });
    process.getBuiltinModule('node:fs').writeFileSync(path, String(left.pid));
    process.exit(7);
  };
  await expect(clone(dying, { args: [file] })).rejects.toThrow('with code 7');
  process.kill(Number(readFileSync(file, 'utf8')), 'SIGKILL');
});

test('clone rejects a message that is not its answer, and a message that is too long', async () => {
  const other = () => {
    process.send?.('something else');
    return new Promise(() => {});
  };
  await expect(clone(other, { timeout: 5000 })).rejects.toThrow('something else than');
  const long = () => 'x'.repeat(1_000_000);
  await expect(clone(long, { maxMessage: 100_000 })).rejects.toMatchObject({ code: 'EMSGSIZE' });
});
