import { describe, expect, test } from 'vitest';
import { Watch, type WatchSource } from './watch.js';

/** A source whose events a test adds. */
function queue(): {
  watch: (signal?: AbortSignal) => Watch<number>;
  add: (...events: number[]) => void;
  end: () => void;
  fail: (error: unknown) => void;
  readonly closed: number;
  readonly referenced: boolean;
} {
  let events: number[] | undefined = [];
  let failure: { error: unknown } | undefined;
  let wake = () => {};
  const state = { closed: 0, referenced: true };
  const source: WatchSource<number> = {
    take: () => {
      if (failure) throw failure.error;
      const taken = events;
      if (events) events = [];
      return taken;
    },
    close: () => {
      state.closed++;
    },
    ref: () => {
      state.referenced = true;
    },
    unref: () => {
      state.referenced = false;
    },
  };
  return {
    watch: (signal) =>
      new Watch<number>((callback) => {
        wake = callback;
        return source;
      }, signal),
    add: (...more) => {
      events?.push(...more);
      wake();
    },
    end: () => {
      events = undefined;
      wake();
    },
    fail: (error) => {
      failure = { error };
      wake();
    },
    get closed() {
      return state.closed;
    },
    get referenced() {
      return state.referenced;
    },
  };
}

const done = { done: true, value: undefined };
const event = (value: number) => ({ done: false, value });

describe('Watch', () => {
  test('returns events in the order in which they happened', async () => {
    const source = queue();
    using watch = source.watch();
    source.add(1, 2);
    source.add(3);
    const seen: number[] = [];
    for await (const one of watch) {
      seen.push(one);
      if (one === 3) source.add(4, 5);
      if (one === 5) break;
    }
    expect(seen).toEqual([1, 2, 3, 4, 5]);
    expect(source.closed).toBe(1);
  });

  test('serves concurrent calls of next in their order', async () => {
    const source = queue();
    using watch = source.watch();
    const readers = [watch.next(), watch.next(), watch.next()];
    source.add(1, 2);
    source.add(3);
    expect(await Promise.all(readers)).toEqual([event(1), event(2), event(3)]);
  });

  test('ends with the watched thing', async () => {
    const source = queue();
    const watch = source.watch();
    const reader = watch.next();
    source.end();
    expect(await reader).toEqual(done);
    expect(await watch.next()).toEqual(done);
    expect(source.closed).toBe(1);
  });

  test('close ends waiting readers, and does nothing the second time', async () => {
    const source = queue();
    const watch = source.watch();
    const readers = [watch.next(), watch.next()];
    watch.close();
    watch.close();
    expect(await Promise.all(readers)).toEqual([done, done]);
    expect(source.closed).toBe(1);
  });

  test('close drops the events that were not read', async () => {
    const source = queue();
    const watch = source.watch();
    const first = watch.next();
    source.add(1, 2);
    expect(await first).toEqual(event(1));
    watch.close();
    expect(await watch.next()).toEqual(done);
  });

  test('both dispose symbols close', async () => {
    const sources = [queue(), queue()] as const;
    {
      using _watch = sources[0].watch();
    }
    {
      await using _watch = sources[1].watch();
    }
    expect(sources.map(({ closed }) => closed)).toEqual([1, 1]);
  });

  test('a signal that has fired throws an AbortError, and opens no source', () => {
    const source = queue();
    const reason = new Error('enough');
    let error: unknown;
    try {
      source.watch(AbortSignal.abort(reason));
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR', cause: reason });
    expect(source.closed).toBe(0);
  });

  test('a signal that fires rejects the reader once, and ends the watch', async () => {
    const source = queue();
    const controller = new AbortController();
    const watch = source.watch(controller.signal);
    const reader = watch.next();
    controller.abort('enough');
    await expect(reader).rejects.toMatchObject({
      name: 'AbortError',
      code: 'ABORT_ERR',
      cause: 'enough',
    });
    expect(await watch.next()).toEqual(done);
    expect(source.closed).toBe(1);
  });

  test('a signal that fires between two reads rejects the next one', async () => {
    const source = queue();
    const controller = new AbortController();
    const watch = source.watch(controller.signal);
    controller.abort();
    await expect(watch.next()).rejects.toMatchObject({ name: 'AbortError' });
    expect(await watch.next()).toEqual(done);
  });

  test('an error of the source rejects the reader, closes the source and ends the watch', async () => {
    const source = queue();
    const watch = source.watch();
    const reader = watch.next();
    source.fail(new Error('netlink is gone'));
    await expect(reader).rejects.toThrow('netlink is gone');
    expect(await watch.next()).toEqual(done);
    expect(source.closed).toBe(1);
  });

  test('keeps the event loop alive only while a reader waits', async () => {
    const source = queue();
    using watch = source.watch();
    expect(source.referenced).toBe(false);
    const reader = watch.next();
    expect(source.referenced).toBe(true);
    source.add(1);
    await reader;
    expect(source.referenced).toBe(false);
  });

  test('is its own asynchronous iterator', () => {
    using watch = queue().watch();
    expect(watch[Symbol.asyncIterator]()).toBe(watch);
  });
});
