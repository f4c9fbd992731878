// Every step of making a child fails in turn: the error names it, nothing is left, and the next
// child starts: SECURITY.md S8.
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, launchSync } from '../child/launch.js';
import type { SpawnOptions } from '../child/options.js';
import { parseSpawn } from '../child/parse.js';
import { type ChildPlan, planChild } from '../child/plan.js';
import { childProgram } from '../child/program/child-program.js';
import { Namespace } from '../namespaces/namespace.js';
import { NamespaceProcess } from '../process/namespace-process.js';
import { Call } from '../program/call.js';
import type { NamespaceSpec } from '../program/spec.js';
import { allNamespaceTypes } from '../sys/namespace-types.js';
import { syscallNumber } from '../sys/numbers.js';
import { syscall } from '../sys/syscall.js';
import { isSystemError } from '../sys/system-error.js';
import { eightNamespaces, rootMap, withInit } from '../testing/eight-namespaces.js';
import { fdCount } from '../testing/index.js';
import { runSync } from './run-sync.js';
import { spawn } from './spawn.js';

const RLIMIT_NOFILE = 7;

let container: NamespaceProcess;
let handles: Namespace[];
beforeAll(async () => {
  runSync('true', [], { namespaces: [rootMap, withInit] }); // opens the runner, for good
  container = await spawn('sleep', ['1000'], { stdio: 'ignore', namespaces: eightNamespaces });
  handles = allNamespaceTypes.map((type) => Namespace.of(container.pid, type));
});
afterAll(async () => {
  for (const handle of handles) handle.close();
  await container[Symbol.asyncDispose]();
});

/** A meeting in each of two phases, beside what the others contribute. */
const meeting: NamespaceSpec = {
  type: 'uts',
  prepare(child) {
    child.program('settings').meet(() => {}, { step: 'the first meeting' });
    child.program('settings').call('sethostname', 'box', 3);
    child.program('mounts').meet(async () => {}, { step: 'the second meeting' });
  },
};
const withMeetings = eightNamespaces.map((spec) => (spec.type === 'uts' ? meeting : spec));

const attributes = { killWithParent: true, nice: 19, umask: 0o22, cwd: '/', detached: true };
const ways: Record<string, () => SpawnOptions> = {
  directly: () => ({ ...attributes, namespaces: [rootMap, { type: 'uts' }, { type: 'net' }] }),
  'in eight new namespaces': () => ({ ...attributes, namespaces: withMeetings }),
  'in eight joined namespaces': () => ({ ...attributes, namespaces: handles }),
  'in joined and new namespaces below our init': () => ({
    ...attributes,
    init: true,
    namespaces: [...handles.filter(({ type }) => type !== 'uts'), meeting],
  }),
  'with a terminal': () => ({ terminal: true, namespaces: [rootMap, { type: 'pid' }] }),
};

const children = () =>
  readdirSync('/proc/self/task')
    .map((task) => readFileSync(`/proc/self/task/${task}/children`, 'utf8'))
    .join('');

function state() {
  return {
    fds: fdCount(),
    children: children(),
    mounts: readFileSync('/proc/self/mountinfo', 'utf8'),
    cgroup: readFileSync('/proc/self/cgroup', 'utf8'),
  };
}

const planOf = (options: SpawnOptions, edit?: ChildPlan['edit']): ChildPlan => ({
  ...planChild(parseSpawn('/bin/true', [], options)),
  ...(edit && { edit }),
});

/** A child's calls, as they will be made but for some numbers. */
function entriesOf(options: SpawnOptions): readonly Call[] {
  // Numbers that no handle has.
  const stdio = [0, 1, 2].map((fd) => ({ target: fd, source: 900 + fd }));
  const runner = { fd: 911, job: 910, status: 912, go: 913 };
  return childProgram(planOf(options), { stdio, runner, parent: 914 }).entries;
}

/** Puts a call that fails right before this one, under its name. */
const failingAt =
  (index: number): ChildPlan['edit'] =>
  (entries) => {
    const { name, options } = entries[index] as Call;
    const { step } = options;
    const call = new Call(name, syscallNumber('close'), [-1], step === undefined ? {} : { step });
    return entries.toSpliced(index, 0, call);
  };

async function succeeds(options: SpawnOptions): Promise<void> {
  const checked = parseSpawn('/bin/true', [], options);
  const child = new NamespaceProcess(await launch(planChild(checked)), checked);
  const closed = new Promise((resolve) => child.once('close', resolve));
  const exit = await child.exited;
  await closed;
  expect(exit.code).toBe(0);
}

const caught = async (run: () => unknown): Promise<unknown> => {
  try {
    return await run();
  } catch (error) {
    return error;
  }
};

test.each(Object.keys(ways))('%s: each call of the child fails in turn', async (way) => {
  const options = (ways[way] as () => SpawnOptions)();
  await succeeds(options);
  const before = state();
  const entries = entriesOf(options);
  expect(entries.length).toBeGreaterThan(15);
  for (const [index, { name, options: called }] of entries.entries()) {
    const error = await caught(() => launch(planOf(options, failingAt(index))));
    expect(isSystemError(error, 'EBADF'), `${index}: ${name}: ${error}`).toBe(true);
    const step = called.step === undefined ? 'the child' : `the child, ${called.step}`;
    expect(error).toMatchObject({ syscall: name, step });
    expect(state(), `after ${index}: ${name}`).toEqual(before);
    if (index % 5 === 0) await succeeds(options);
  }
  await succeeds(options);
  await expect.poll(state).toEqual(before);
});

test.each(['directly', 'in eight joined namespaces'])(
  '%s: each call fails in turn while the thread is blocked',
  (way) => {
    const options = (ways[way] as () => SpawnOptions)();
    const before = state();
    for (const [index, { name }] of entriesOf(options).entries()) {
      let error: unknown;
      try {
        launchSync(planOf(options, failingAt(index)));
      } catch (thrown) {
        error = thrown;
      }
      expect(error, `${index}: ${name}`).toMatchObject({ code: 'EBADF', syscall: name });
      expect(state(), `after ${index}: ${name}`).toEqual(before);
    }
    runSync('true', [], options);
  },
);

/** Calls while descriptors must have numbers below this one. */
function withFds<Result>(limit: number, fn: () => Result): Result {
  const old = new BigUint64Array(2);
  syscall('prlimit64', 0, RLIMIT_NOFILE, null, old);
  const lowered = BigUint64Array.of(BigInt(limit), old[1] as bigint);
  syscall('prlimit64', 0, RLIMIT_NOFILE, lowered, null);
  try {
    return fn();
  } finally {
    syscall('prlimit64', 0, RLIMIT_NOFILE, old, null);
  }
}

const synchronous = ['directly', 'in eight joined namespaces', 'with a terminal'];

test.each(synchronous)(
  'launchSync leaves nothing behind when it runs out of descriptors: %s',
  (way) => {
    const options = (ways[way] as () => SpawnOptions)();
    const before = state();
    const failed = new Set<string>();
    let started: ReturnType<typeof launchSync> | undefined;
    for (let limit = 3; !started; limit++) {
      expect(limit).toBeLessThan(500);
      const wanted = planOf(options);
      const result = withFds(limit, () => {
        try {
          return launchSync(wanted);
        } catch (error) {
          return error;
        }
      });
      if (isSystemError(result)) {
        // EBADF is dup3's word for a number beyond the limit.
        expect(['EMFILE', 'EBADF', 'EINVAL'], String(result)).toContain(result.code);
        failed.add(result.syscall);
        expect(state(), `${limit}: ${result}`).toEqual(before);
      } else {
        expect(result).not.toBeInstanceOf(Error);
        started = result as ReturnType<typeof launchSync>;
      }
    }
    const checked = parseSpawn('/bin/true', [], options);
    const child = new NamespaceProcess(started, checked);
    expect([...failed].length).toBeGreaterThan(1);
    return new Promise((resolve) => child.once('close', resolve));
  },
);

const throwing: Record<string, () => void | Promise<void>> = {
  'throws at once': () => {
    throw new RangeError('of the action');
  },
  'throws later': async () => {
    await new Promise((resolve) => setImmediate(resolve));
    throw new RangeError('of the action');
  },
};

test.each(Object.keys(throwing))('the action of a meeting %s', async (how) => {
  const before = state();
  let undone = 0;
  const spec: NamespaceSpec = {
    type: 'uts',
    prepare(child) {
      child.program('mounts').meet(throwing[how] as () => void);
      child.onFailure(() => undone++);
    },
  };
  const namespaces = [rootMap, spec, withInit];
  await expect(spawn('true', [], { namespaces })).rejects.toThrow(new RangeError('of the action'));
  expect(undone).toBe(1);
  expect(state()).toEqual(before);
});

test('a child that is killed before its command runs is an error, however it is made', async () => {
  const before = state();
  const dying: NamespaceSpec = {
    type: 'uts',
    prepare(child) {
      const pid = child.program('mounts').call('getpid');
      child.program('mounts').call('kill', pid, 9);
      child.program('root').call('getpid');
    },
  };
  const direct: NamespaceSpec = { ...dying };
  const isolated: NamespaceSpec = {
    ...dying,
    prepare(child) {
      child.isolate();
      dying.prepare?.(child);
    },
  };
  for (const spec of [direct, isolated]) {
    await expect(spawn('true', [], { namespaces: [rootMap, spec] })).rejects.toThrow(
      'the child was ended by SIGKILL before it could run its command',
    );
    expect(state()).toEqual(before);
  }
});

test('spawn undoes preparations if another one fails, and prepares nothing if it was aborted before', async () => {
  const undone: string[] = [];
  const first: NamespaceSpec = {
    type: 'uts',
    prepare: (child) => {
      child.onFailure(() => undone.push('first'));
      child.onFailure(() => {
        throw new Error('undoing fails');
      });
      child.onFailure(() => undone.push('last'));
    },
  };
  const failing: NamespaceSpec = {
    type: 'ipc',
    prepare: () => {
      throw new RangeError('cannot be prepared');
    },
  };
  const warned = new Promise<Error>((resolve) => process.once('warning', resolve));
  await expect(spawn('true', [], { namespaces: [first, failing] })).rejects.toThrow(RangeError);
  expect(undone).toEqual(['last', 'first']);
  expect((await warned).message).toBe('undoing fails');
  let isPrepared = false;
  const prepare = () => {
    isPrepared = true;
  };
  const signal = AbortSignal.abort('enough');
  const start = spawn('true', [], { prepare, signal });
  await expect(start).rejects.toMatchObject({ name: 'AbortError', cause: 'enough' });
  expect(isPrepared).toBe(false);
});

test('a start that is aborted at any moment leaves nothing', async () => {
  const before = state();
  for (let i = 0; i < 40; i++) {
    const abort = new AbortController();
    const start = spawn('sleep', ['1000'], {
      stdio: 'ignore',
      namespaces: [...withMeetings],
      signal: abort.signal,
    });
    const ended = start.then(
      (child) => new Promise((resolve) => child.once('error', () => child.exited.then(resolve))),
      (error) => expect(error).toMatchObject({ name: 'AbortError' }),
    );
    const moment = process.hrtime.bigint() + BigInt(i) * 150_000n;
    while (process.hrtime.bigint() < moment) await new Promise((resolve) => setImmediate(resolve));
    abort.abort();
    await ended;
  }
  await expect.poll(state).toEqual(before);
});
