// Many children, at once and one after the other: nothing grows. What an ordinary user may do makes
// no difference here, so this runs once.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { core } from '../testing/in-worker.js';

interface State {
  readonly fds: number;
  readonly threads: number;
  readonly children: string;
  readonly rss: number;
  readonly external: number;
  readonly jobs: number;
}

const MIB = 1024 * 1024;
const timeout = 120_000 * Number(process.env.NS_TEST_SLOWNESS ?? 1);

/** Measures a separate process before and after `work`, which follows `warmUp`. */
async function measure(warmUp: string, work: string): Promise<{ before: State; after: State }> {
  const script = `
    import { readdirSync, readFileSync } from 'node:fs';
    import { spawn, run, runSync } from ${JSON.stringify(core)};
    const init = { type: 'pid', prepare: (child) => child.useInit() };
    const times = async (count, atOnce, one) => {
      let started = 0;
      await Promise.all(Array.from({ length: atOnce }, async () => {
        while (started < count) await one(started++);
      }));
    };
    const state = async () => {
      for (let i = 0; i < 5; i++) {
        gc();
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      const tasks = readdirSync('/proc/self/task');
      const { rss, external } = process.memoryUsage();
      return {
        fds: readdirSync('/proc/self/fd').length,
        threads: tasks.length,
        children: tasks.map((task) => readFileSync('/proc/self/task/' + task + '/children', 'utf8')).join(''),
        rss, external,
        jobs: readFileSync('/proc/self/maps', 'utf8').split('\\n').filter((line) => /^1[0-9a-f]{9}-/.test(line)).length,
      };
    };
    ${warmUp}
    const before = await state();
    ${work}
    console.log(JSON.stringify({ before, after: await state() }));
  `;
  // V8 lets its youngest generation grow for a while: that is not our memory.
  const options = ['--expose-gc', '--max-semi-space-size=1'];
  const args = [...options, '--input-type=module', '-e', script];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout);
}

function expectSame({ before, after }: { before: State; after: State }): void {
  const { fds, threads, children } = before;
  expect(after).toMatchObject({ fds, threads, children });
  expect(children).toBe('');
  expect(after.external - before.external).toBeLessThan(MIB);
  expect(after.rss - before.rss).toBeLessThan(64 * MIB);
  // Memory of jobs is pooled, and never more than the pool holds.
  expect(after.jobs - before.jobs).toBeLessThanOrEqual(64);
}

const one = `async (i) => {
  const namespaces = i % 10 === 0 ? [{ type: 'uts' }, init] : [];
  if (i % 2) await run('true', [], { namespaces });
  else { const child = await spawn('true', [], { stdio: 'ignore', namespaces }); await child.exited; }
}`;

test('5,000 children in a row', { timeout }, async () => {
  const sync = (count: number) => `for (let i = 0; i < ${count}; i++) {
    runSync('true', [], { stdio: 'ignore', namespaces: i % 10 ? [] : [{ type: 'uts' }, init] });
  }`;
  expectSame(
    await measure(
      `await times(300, 1, ${one}); ${sync(300)}`,
      `await times(2500, 1, ${one}); ${sync(2500)}`,
    ),
  );
});

test('5,000 children, 64 at a time', { timeout }, async () => {
  expectSame(await measure(`await times(400, 64, ${one})`, `await times(5000, 64, ${one})`));
});

test('1,000 children alive at once', { timeout }, async () => {
  const many = (count: number) => `{
    const children = await Promise.all(Array.from({ length: ${count} }, () => spawn('sleep', ['1000'], { stdio: 'ignore' })));
    const alive = children.filter((child) => child.kill(0)).length;
    if (alive !== ${count} || new Set(children.map(({ pid }) => pid)).size !== ${count}) throw new Error('alive: ' + alive);
    for (const child of children) child.kill('SIGKILL');
    const exits = await Promise.all(children.map(({ exited }) => exited));
    if (exits.some(({ signal }) => signal !== 'SIGKILL')) throw new Error('wrong exits');
  }`;
  expectSame(await measure(many(1000), many(1000)));
});
