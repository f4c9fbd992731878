// Only what the caller wrote is an option (SECURITY.md S9): unknown options are refused, and properties
// of Object.prototype are ignored.

import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { ownMembers } from '../contract/values.js';
import { Program } from '../program/program.js';
import { authors, core } from '../testing/in-worker.js';
import { NamespaceWorker } from '../worker/namespace-worker.js';

test('ownMembers copies the own members of an object without its prototype', () => {
  const symbol = Symbol('own');
  const inherited = Object.create({ inherited: 1 });
  const given = Object.assign(inherited, { own: undefined, [symbol]: 2 });
  const copy = ownMembers(given, 'options');
  expect(Object.getPrototypeOf(copy)).toBe(null);
  expect(Reflect.ownKeys(copy)).toEqual(['own', symbol]);
  for (const wrong of [undefined, null, 'text', 1, []]) {
    expect(() => ownMembers(wrong, 'options')).toThrow(TypeError);
  }
});

test('NamespaceWorker and Program refuse unknown options', () => {
  const unknown = { namespace: ['net'] };
  expect(() => new NamespaceWorker('./worker.js', unknown as object)).toThrow(
    new TypeError('options.namespace is not known (did you mean namespaces?)'),
  );
  const program = new Program();
  expect(() => program.meet(() => {}, { tolerates: [] } as object)).toThrow('tolerates');
  const bytes = new Uint8Array(8);
  expect(() => program.store(program.descriptor(0), bytes, 0, 4, { steps: '' } as object)).toThrow(
    'steps',
  );
});

// What would be seen if a call took the option.
const options: Readonly<Record<string, string>> = {
  argv0: '"polluted"',
  cgroup: '"/polluted"',
  clone: '{ flags: 1 }',
  command: '{ file: "/bin/false", argv: ["false"], environment: [], searchPath: "" }',
  cwd: '"/proc"',
  detached: 'true',
  directory: '"/proc"',
  edit: '() => { throw new Error("edit") }',
  encoding: '"hex"',
  env: '{ POLLUTED: "1", PATH: "/usr/bin:/bin" }',
  execArgv: '["--polluted"]',
  execPath: '"/bin/false"',
  expect: '77',
  first: '[0]',
  gid: '12345',
  harvest: '() => { throw new Error("harvest") }',
  hold: 'true',
  init: 'true',
  input: '"polluted"',
  maxBuffer: '1',
  maxMessage: '1',
  namespaces: '[{ type: "nonsense" }]',
  onSpawn: '() => { throw new Error("onSpawn") }',
  passFds: '[77]',
  POLLUTED: '"1"',
  prepare: '() => { throw new Error("prepare") }',
  processGroup: '1',
  reject: 'false',
  rlimits: '{ nofile: 3 }',
  seccomp: 'new Uint8Array(8)',
  serialization: '"advanced"',
  setTid: '[2]',
  shell: 'true',
  signal: 'AbortSignal.abort()',
  silent: 'true',
  stdio: '"ignore"',
  duplicates: 'new Map([[1, 77]])',
  terminal: 'true',
  timeout: '1',
  tolerate: '["EPERM", "ENOENT", "EBADF"]',
  uid: '12345',
  umask: '0o777',
  user: '{ type: "user" }',
};

test('calls ignore options on a polluted prototype', () => {
  const script = `
    import { clone, createNamespace, fork, hold, isRunError, Namespace, run, runSync, spawn } from ${JSON.stringify(core)};
    import { Program, runProgram, runProgramSync } from ${JSON.stringify(authors)};
    const show = (result) => [result.stdout, result.exitCode];
    const see = 'id -u; id -g; pwd; umask; ulimit -n; env | grep POLLUTED; echo "$0"; cat';
    const failing = async (action) => {
      try { return ['no error', await action()]; } catch (error) { return [isRunError(error), error.code]; }
    };
    const calls = {
      runSync: () => show(runSync('sh', ['-c', see])),
      run: async () => show(await run('sh', ['-c', see])),
      withOptions: async () => show(await run('sh', ['-c', see], { cwd: '/', env: { PATH: '/usr/bin:/bin' } })),
      failingRun: () => failing(() => run('false')),
      failingProgram: () => failing(() => { const p = new Program(); p.call('close', 99); return runProgram(p); }),
      spawn: async () => {
        const child = await spawn('sh', ['-c', see], { stdio: ['ignore', 'pipe', 'ignore'] });
        let text = '';
        child.stdout.on('data', (chunk) => { text += chunk; });
        await new Promise((resolve) => child.once('close', resolve));
        return [text, (await child.exited).code, child.terminal, child.channel];
      },
      fork: async () => {
        const child = await fork(process.env.MODULE, [], { execArgv: [], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
        const message = await new Promise((resolve) => child.once('message', resolve));
        return [message, (await child.exited).code];
      },
      clone: () => clone(() => [process.getuid(), process.cwd()], {}),
      hold: async () => {
        const child = await hold({});
        child.kill('SIGKILL');
        return (await child.exited).signal;
      },
      runProgram: async () => {
        const program = new Program();
        const uid = program.call('getuid');
        const answers = [await runProgram(program), runProgramSync(program)];
        return answers.map((one) => one.resultOf(uid));
      },
      namespace: () => {
        const user = createNamespace({ type: 'user' });
        const type = user.type;
        user.close();
        return [type, Namespace.of('self', 'pid', {}).type];
      },
    };
    // A start of Node.js takes long, so these are made with all options at once.
    const slow = ['fork', 'clone'];
    const outcome = async (names) => {
      const list = {};
      for (const name of names) {
        const call = calls[name];
        try { list[name] = await call(); } catch (error) { list[name] = String(error); }
      }
      return JSON.stringify(list);
    };
    const fast = Object.keys(calls).filter((name) => !slow.includes(name));
    const clean = await outcome(fast);
    const cleanSlow = await outcome(slow);
    const found = [(clean + cleanSlow).includes('Error') ? clean + cleanSlow : 'clean'];
    const polluted = { ${Object.entries(options)
      .map(([name, value]) => `${JSON.stringify(name)}: ${value}`)
      .join(', ')} };
    for (const [name, value] of Object.entries(polluted)) {
      Object.prototype[name] = value;
      const now = await outcome(fast);
      delete Object.prototype[name];
      if (now !== clean) found.push(name + ': ' + now + ' instead of ' + clean);
    }
    const { signal: _signal, ...rest } = polluted; // Node's own streams would end by it
    Object.assign(Object.prototype, rest);
    const now = await outcome(slow);
    for (const name of Object.keys(rest)) delete Object.prototype[name];
    if (now !== cleanSlow) found.push('all: ' + now + ' instead of ' + cleanSlow);
    process.stdout.write(JSON.stringify(found));
    process.exit();
  `;
  const module = new URL('./echo.testing.cjs', import.meta.url).pathname;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    env: { ...process.env, MODULE: module },
    stdio: ['ignore', 'pipe', 'inherit'],
    // A call that takes the wrong options may wait for ever.
    timeout: 300_000,
    killSignal: 'SIGKILL',
  });
  expect(JSON.parse(output)).toEqual(['clean']);
}, 330_000);
