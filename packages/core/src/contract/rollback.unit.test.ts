import { describe, expect, onTestFinished, test } from 'vitest';
import { Rollback, runEach } from './rollback.js';

const later = <Value>(value: () => Value) =>
  new Promise<void>((resolve, reject) => {
    setImmediate(() => {
      try {
        value();
        resolve();
      } catch (error) {
        reject(error);
      }
    });
  });

/** Collects warnings until the end of the test. */
function warnings(): string[] {
  const seen: string[] = [];
  const listener = (warning: Error) => void seen.push(warning.message);
  process.on('warning', listener);
  onTestFinished(() => void process.off('warning', listener));
  return seen;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('Rollback', () => {
  test('undo runs the latest step first, and waits for each', async () => {
    const order: string[] = [];
    const rollback = new Rollback();
    rollback.always(() => order.push('always'));
    rollback.add(() => order.push('first'));
    rollback.add(() => later(() => order.push('second')));
    rollback.add(() => order.push('third'));
    await rollback.undo();
    expect(order).toEqual(['third', 'second', 'first', 'always']);
  });

  test('undoFailed has run steps without promises when it returns', () => {
    const order: string[] = [];
    const rollback = new Rollback();
    rollback.add(() => order.push('first'));
    rollback.add(() => order.push('second'));
    rollback.always(() => order.push('always'));
    rollback.undoFailed();
    expect(order).toEqual(['second', 'first', 'always']);
  });

  test('undo throws the first error after the last step', async () => {
    const order: string[] = [];
    const rollback = new Rollback();
    rollback.add(() => order.push('first'));
    rollback.add(() => {
      throw new Error('second fails');
    });
    rollback.add(() =>
      later(() => {
        throw new Error('third fails');
      }),
    );
    rollback.always(() => order.push('always'));
    await expect(rollback.undo()).rejects.toThrow('third fails');
    expect(order).toEqual(['first', 'always']);
  });

  test('undoFailed reports errors of steps as warnings', async () => {
    const seen = warnings();
    const rollback = new Rollback();
    rollback.add(() => {
      throw new Error('a step fails');
    });
    await rollback.undoFailed();
    await turn();
    expect(seen).toEqual(['a step fails']);
  });

  test('finish keeps what was made, and runs the steps of the end', async () => {
    const order: string[] = [];
    const rollback = new Rollback();
    rollback.add(() => order.push('undone'));
    rollback.always(() => order.push('always'));
    rollback.finish();
    rollback.finish();
    await rollback.undo();
    expect(order).toEqual(['always']);
  });

  test('a step that was run by hand does not run a second time', async () => {
    const order: string[] = [];
    const rollback = new Rollback();
    const close = rollback.add(() => order.push('closed'));
    rollback.add(() => order.push('removed'));
    close();
    close();
    await rollback.undo();
    expect(order).toEqual(['closed', 'removed']);
  });
});

describe('runEach', () => {
  test('runs every step in order, and throws the first error', async () => {
    const order: number[] = [];
    const steps = [
      () => order.push(1),
      () =>
        later(() => {
          order.push(2);
          throw new Error('two');
        }),
      () => {
        order.push(3);
        throw new Error('three');
      },
      () => order.push(4),
    ];
    await expect(runEach(steps)).rejects.toThrow('two');
    expect(order).toEqual([1, 2, 3, 4]);
  });
});
