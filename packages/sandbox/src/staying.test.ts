// What a sandbox that stays can do beyond running commands.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CgroupLimits, createJobGroup } from '@ns/cgroup';
import { isSystemError, run as runPlain } from '@ns/core';
import { user } from '@ns/user';
import { expect, type TestContext, test } from 'vitest';
import { createSandbox } from './create-sandbox.js';
import { box, outside, sh } from './sandbox.testing.js';

const module = new URL('../dist/index.js', import.meta.url).href;

async function skipWithoutGroup(skip: TestContext['skip'], limits: CgroupLimits = {}) {
  const controller = Object.keys(limits)[0] ?? '';
  const error = await createJobGroup(limits).then(
    (group) => group.remove(),
    (refused: unknown) => refused,
  );
  if (error !== undefined && !isSystemError(error)) throw error;
  skip(error !== undefined, `no cgroup ${controller && `with ${controller} `}can be had here`);
}

test('Node modules are run inside, with a channel', async () => {
  const directory = outside();
  const path = join(directory, 'child.cjs');
  const source = `process.on('message', (n) => { process.send([n + 1, process.pid > 1, process.env.HOME]); process.disconnect(); });`;
  writeFileSync(path, source);
  const made = await box({ readable: [directory] });
  const child = await made.fork(path);
  const answer = new Promise((resolve) => child.once('message', resolve));
  child.send(41);
  expect(await answer).toEqual([42, true, '/tmp']);
  expect((await child.exited).code).toBe(0);
});

test('functions are run inside, with what they throw', async () => {
  const made = await box();
  const look = () => process.getBuiltinModule('node:fs').readdirSync('/tmp');
  await made.files.write('/tmp/a', 'a');
  expect(await made.clone(look)).toEqual(['a']);
  const fail = () => {
    throw new TypeError('from inside');
  };
  await expect(made.clone(fail)).rejects.toThrow('from inside');
});

test('processes are frozen, and go on', async ({ skip }) => {
  await skipWithoutGroup(skip);
  const made = await box({ cgroup: true });
  const child = await made.spawn('sh', ['-c', 'while :; do echo tick; sleep 0.01; done']);
  const lines = child.lines[Symbol.asyncIterator]();
  await lines.next();
  await made.freeze();
  const events = () => readFileSync(join(made.cgroup?.directory ?? '', 'cgroup.events'), 'utf8');
  expect(events()).toContain('frozen 1');
  await made.thaw();
  expect(events()).toContain('frozen 0');
  // More than a pipe could have held back.
  for (let i = 0; i < 50; i++) expect((await lines.next()).value).toBe('tick');
  // A frozen sandbox can be stopped, with a grace too.
  await made.freeze();
  await made.stop({ grace: 200 });
  expect((await child.exited).signal).toMatch(/^SIG(KILL|TERM)$/);
});

test('freeze and thaw reject without a cgroup, and name the option', async () => {
  const made = await box({ cgroup: false });
  await expect(made.freeze()).rejects.toThrow('cannot freeze the sandbox: it has no cgroup');
  await expect(made.thaw()).rejects.toThrow('cannot thaw the sandbox: it has no cgroup');
});

test('usage is that of all processes', async () => {
  const made = await box();
  const before = made.usage();
  const burn =
    'my @x = (1) x 1_000_000; my $end = time + 60; print "up\\n"; 1 while times < 0.3; print "done\\n"; sleep 60';
  const child = await made.spawn('perl', ['-e', `$| = 1; ${burn}`]);
  for await (const line of child.lines) if (line === 'done') break;
  const after = made.usage();
  expect(after.processes).toBe(before.processes + 1);
  expect(after.memory).toBeGreaterThan(before.memory + 5_000_000);
  expect(after.cpuTime).toBeGreaterThan(before.cpuTime + 0.2);
  await made.stop();
  expect(() => made.usage()).toThrow();
});

test('a limit that has been reached is an event', async ({ skip }) => {
  await skipWithoutGroup(skip, { pids: { max: 10 } });
  const made = await box({ cgroup: true, limits: { pids: 5 } });
  expect(made.report.limits).toEqual({ pids: { keeper: 'cgroup', scope: 'sandbox' } });
  const limit = new Promise((resolve) => made.events.once('limit', resolve));
  await sh(made, 'for i in 1 2 3 4 5 6 7 8 9; do sleep 5 & done');
  expect(await limit).toBe('pids');
});

test('a memory bomb is ended for all of its processes together', async ({ skip }) => {
  await skipWithoutGroup(skip, { memory: { max: '64M' } });
  const made = await box({ cgroup: true, limits: { memory: '64M' } });
  const limit = new Promise((resolve) => made.events.once('limit', resolve));
  // Each of them alone would be below the limit.
  const bomb =
    'for (1..6) { fork or do { my $x = "x" x 20_000_000; sleep 5; exit } } wait for 1..6; print "survived"';
  await made.run('perl', ['-e', bomb], { reject: false }).then(
    ({ stdout }) => expect(stdout).toBe(''),
    () => {},
  );
  expect(await limit).toBe('memory');
});

test('parts that the kernel refuses are an error, or reported if they are optional', async () => {
  // In a user namespace of its own, in which no more namespaces of these types can be made.
  const source = `
    import { readFileSync, writeFileSync } from 'node:fs';
    import { sandbox } from ${JSON.stringify(module)};
    for (const type of ['time', 'ipc']) writeFileSync('/proc/sys/user/max_' + type + '_namespaces', '0');
    const refused = await sandbox.run('true', [], { user: 'current' }).catch((error) => error);
    const half = await sandbox.create({ user: 'current', optional: ['time'] }).catch((error) => error);
    const { report } = await sandbox.run('true', [], { user: 'current', optional: ['time', 'ipc', 'uts'] });
    const box = await sandbox.create({ user: 'current', optional: ['ipc', 'time'] });
    const types = Object.keys(box.namespaces);
    console.log(JSON.stringify([refused.part, half.part, report.missing.map((one) => one.part).sort(), types.sort()]));
    await box.stop();`;
  const { stdout } = await runPlain(process.execPath, ['--input-type=module', '-e', source], {
    namespaces: [user({ map: 'root' })],
  });
  expect(JSON.parse(stdout)).toEqual([
    expect.stringMatching(/^(time|ipc)$/),
    'ipc',
    ['ipc', 'time'],
    ['cgroup', 'mount', 'net', 'pid', 'user', 'uts'],
  ]);
});

test('many sandboxes one after the other leave nothing behind', async () => {
  for (let i = 0; i < 40; i++) {
    const made = await createSandbox();
    await made.run('true');
    await made.stop();
  }
}, 120_000);

test('many sandboxes at the same time do not get into each other’s way', async () => {
  const names = Array.from({ length: 12 }, (_, i) => `box${i}`);
  const answers = await Promise.all(
    names.map(async (hostname) => {
      await using made = await createSandbox({ hostname });
      return (await made.run('cat', ['/proc/sys/kernel/hostname'])).stdout.trim();
    }),
  );
  expect(answers).toEqual(names);
}, 120_000);
