import { expect, test } from 'vitest';
import { ns, start, words } from '../../testing/ns.js';

test('--forward-signals passes on only the named signals', async () => {
  const script =
    "trap 'echo one' USR1; trap 'echo two; exit 0' USR2; echo ready; while :; do sleep 0.01; done";
  const options = ['--forward-signals=USR2', 'sh', '-c', script];
  const { child, written, ended } = start(...words('run', ...options));
  await written('ready');
  child.kill('SIGUSR1');
  child.kill('SIGUSR2');
  expect(await ended()).toMatchObject({ status: 0, stdout: 'ready\ntwo\n' });
});

test('--forward-signals takes rare signals, and none', async () => {
  const script = "trap 'echo fault; exit 0' SYS; echo ready; while :; do sleep 0.01; done";
  for (const types of [[], ['-U', '-r'], ['-r', '--init']]) {
    const options = [...types, '--forward-signals=SIGSYS,TERM', 'sh', '-c', script];
    const { child, written, ended } = start(...words('run', ...options));
    await written('ready');
    child.kill('SIGSYS');
    expect(await ended()).toMatchObject({ status: 0, stdout: 'ready\nfault\n' });
  }
  const deaf = "trap 'echo no' TERM HUP; echo ready; read x; echo end";
  const { child, written, ended } = start(
    ...words('run', '--forward-signals=none', 'sh', '-c', deaf),
  );
  await written('ready');
  child.kill('SIGTERM');
  child.kill('SIGHUP');
  child.stdin?.end('\n');
  expect(await ended()).toMatchObject({ status: 0, stdout: 'ready\nend\n' });
});

test('--init runs an init without a pid namespace', () => {
  const { stdout } = ns('run', '-r', '--init', 'sh', '-c', 'cat /proc/$PPID/comm');
  expect(stdout).toBe('ns-runner\n');
});

test('--explain prints limits and calls, and runs nothing', () => {
  const limits = ['--memory', '64M', '--cpus', '1.5', '--cpuset', '0', '--pids-limit', '5'];
  const io = ['--io-max', '8:0,rbps=1M,wiops=10'];
  const { stdout } = ns('run', '--explain', ...limits, ...io, 'true');
  for (const line of [
    'memory.max = 67108864',
    'cpu.max = 150000 100000',
    'pids.max = 5',
    'io.max = 8:0 rbps=1048576 wiops=10',
    'cpuset.cpus = 0',
  ]) {
    expect(stdout).toContain(`${line}\n`);
  }
  expect(stdout).toContain('execve(');
});

test.each([
  [
    ['--forward-signals=NONE,X'],
    "--forward-signals must be the name or number of a signal, got 'NONE'",
  ],
  [['--forward-signals=KILL'], 'SIGKILL cannot be forwarded'],
  [['--init', '--no-init'], '--init and --no-init exclude each other'],
  [['--memory', 'lots'], '--memory must be a number of bytes'],
])('ns run refuses %j', (args, message) => {
  const { status, stderr } = ns('run', ...args, 'true');
  expect(status).toBe(125);
  expect(stderr).toContain(message);
});
