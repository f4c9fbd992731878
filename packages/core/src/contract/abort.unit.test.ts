import { describe, expect, test } from 'vitest';
import { abortError, onAbort, throwIfAborted } from './abort.js';

const reason = new Error('enough');

describe('abortError', () => {
  test('has the name and code of errors of Node.js, and the reason as its cause', () => {
    const error = abortError(AbortSignal.abort(reason));
    expect(error).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR', cause: reason });
  });
});

describe('throwIfAborted', () => {
  test('throws only once the signal has fired', () => {
    const controller = new AbortController();
    throwIfAborted(undefined);
    throwIfAborted(controller.signal);
    controller.abort(reason);
    expect(() => throwIfAborted(controller.signal)).toThrow('The operation was aborted');
  });
});

describe('onAbort', () => {
  test('calls back once, and stops when asked', () => {
    const seen: unknown[] = [];
    const first = new AbortController();
    onAbort(first.signal, (error) => seen.push(error.cause));
    first.abort(1);
    onAbort(first.signal, (error) => seen.push(error.cause));
    const second = new AbortController();
    onAbort(second.signal, (error) => seen.push(error.cause))();
    second.abort(2);
    expect(seen).toEqual([1, 1]);
  });
});
