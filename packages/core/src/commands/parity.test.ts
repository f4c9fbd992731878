// The same case through child_process.spawn and through ours gives the same observable result.
import {
  type ChildProcess,
  type SpawnOptions as NodeOptions,
  spawn as nodeSpawn,
} from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  createWriteStream,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SpawnOptions } from '../child/options.js';
import type { NamespaceProcess } from '../process/namespace-process.js';
import { spawn } from './spawn.js';

type Child = ChildProcess | NamespaceProcess;
type Start = (command: string, args?: string[], options?: object) => Promise<Child>;
type Observe = (start: Start) => Promise<unknown>;

const ours: Start = (command, args, options) => spawn(command, args, options as SpawnOptions);

/** Rejects if child_process emits 'error', so that both ways of starting fail alike. */
const theirs: Start = (command, args = [], options = {}) =>
  new Promise((resolve, reject) => {
    const child = nodeSpawn(command, args, options as NodeOptions);
    child.once('error', reject);
    child.once('spawn', () => {
      child.removeListener('error', reject);
      resolve(child);
    });
  });

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'ns-parity-'));
  writeFileSync(join(directory, 'data'), 'data');
  writeFileSync(join(directory, 'script'), '#!/bin/sh\necho "script $1"\n');
  writeFileSync(join(directory, 'orphan'), '#!/no/such/interpreter\n');
  chmodSync(join(directory, 'script'), 0o755);
  chmodSync(join(directory, 'orphan'), 0o755);
  chmodSync(directory, 0o755);
});
afterAll(() => rmSync(directory, { recursive: true }));

const read = async (stream: unknown) => {
  const chunks: Buffer[] = [];
  for await (const chunk of (stream ?? []) as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
};

async function result(child: Child) {
  const closed = once(child, 'close');
  const [out, err, [code, signal]] = await Promise.all([
    read(child.stdout),
    read(child.stderr),
    closed,
  ]);
  return { out, err, code, signal, exitCode: child.exitCode, signalCode: child.signalCode };
}

const output =
  (command: string, args: string[] = [], options: object = {}): Observe =>
  async (start) =>
    result(await start(command, args, options));

const failure =
  (command: string, options: () => object = () => ({})): Observe =>
  async (start) => {
    const error = (await start(command, [], options()).catch(
      (e: unknown) => e,
    )) as NodeJS.ErrnoException;
    return { code: error.code, errno: error.errno, isError: error instanceof Error };
  };

const input =
  (...pieces: (string | Uint8Array)[]): Observe =>
  async (start) => {
    const child = await start('cat');
    for (const piece of pieces) child.stdin?.write(piece);
    child.stdin?.end();
    return result(child);
  };

const events =
  (
    command: string,
    args: string[],
    options: object = {},
    act: (child: Child) => void = () => {},
  ): Observe =>
  async (start) => {
    const child = await start(command, args, options);
    const seen: unknown[] = [];
    for (const name of ['exit', 'close', 'error', 'disconnect', 'message']) {
      child.on(name, (...values: unknown[]) => {
        seen.push([name, ...values.map((value) => (value instanceof Error ? value.name : value))]);
      });
    }
    // Whether output or process ends first is the kernel's affair; 'close' comes after both.
    let ended = false;
    child.stdout?.on('end', () => {
      ended = true;
    });
    child.stdout?.resume();
    child.stderr?.resume();
    act(child);
    await once(child, 'close');
    return [...seen, ended];
  };

const killed =
  (signal?: NodeJS.Signals | number): Observe =>
  async (start) => {
    // Some signals leave a core file in the working directory.
    const child = await start('sleep', ['100'], { stdio: 'ignore', cwd: directory });
    const sent = child.kill(signal as NodeJS.Signals);
    const flag = child.killed;
    await once(child, 'exit');
    return {
      sent,
      flag,
      code: child.exitCode,
      signal: child.signalCode,
      after: child.kill(),
      still: child.killed,
    };
  };

const cases: Record<string, Observe> = {
  'output of both streams': output('sh', ['-c', 'echo out; echo err >&2']),
  'an argument with everything in it': output('printf', [
    '%s|',
    'a b',
    '"',
    "'",
    '$X',
    'ü',
    '',
    '*',
    '\n',
  ]),
  'an empty environment': output('/usr/bin/env', [], { env: {} }),
  'undefined in the environment': output('/usr/bin/env', [], {
    env: { A: '1', B: undefined, C: '' },
  }),
  'the environment that is inherited': output('sh', ['-c', 'echo "$PATH"']),
  argv0: output('sh', ['-c', 'cat /proc/$$/cmdline'], { argv0: 'other' }),
  'a working directory': output('pwd', [], { cwd: '/usr' }),
  'a working directory as URL': output('pwd', [], { cwd: new URL('file:///usr/lib') }),
  'a script with an interpreter': async (start) => output(join(directory, 'script'), ['x'])(start),
  'a command in a PATH of its own': async (start) =>
    output('script', ['y'], { env: { PATH: `/no:${directory}:/usr/bin:/bin` } })(start),
  'a missing command': failure('/no/such/command'),
  'a missing command in PATH': failure('no-such-command', () => ({
    env: { PATH: '/usr/bin:/bin' },
  })),
  'a command that is a directory': failure('/usr'),
  'a command that is not a program': async (start) => failure(join(directory, 'data'))(start),
  'a script without its interpreter': async (start) => failure(join(directory, 'orphan'))(start),
  'a path through a file': failure('/etc/passwd/x'),
  'a missing working directory': failure('true', () => ({ cwd: '/no/such/directory' })),
  'a working directory that is a file': failure('true', () => ({ cwd: '/etc/passwd' })),
  'a name that is too long': failure(`/${'x'.repeat(300)}`),
  'arguments that are too long': async (start) => {
    const error = (await start('true', ['x'.repeat(3_000_000)]).catch(
      (e: unknown) => e,
    )) as NodeJS.ErrnoException;
    return error.code;
  },
  'input in pieces': input('one ', 'two ', Buffer.from([0xc3, 0xbc])),
  'no input': input(),
  'a great deal of input': input('x'.repeat(300_000)),
  'huge output': async (start) => {
    const { out, ...rest } = await result(await start('head', ['-c', '3000000', '/dev/zero']));
    return { length: out.length, ...rest };
  },
  'input that the child does not read': async (start) => {
    const child = await start('true');
    const errors: unknown[] = [];
    child.stdin?.on('error', (error: NodeJS.ErrnoException) => errors.push(error.code));
    await once(child, 'exit');
    return child.exitCode;
  },
  'shape of stdio: default': async (start) => shape(await start('true')),
  'shape of stdio: ignore': async (start) => shape(await start('true', [], { stdio: 'ignore' })),
  'shape of stdio: mixed': async (start) =>
    shape(await start('true', [], { stdio: ['ignore', 'pipe', 'ignore', 'pipe', null] })),
  'stdio: short list': async (start) => shape(await start('true', [], { stdio: [null, 'ignore'] })),
  'a fourth descriptor, both ways': async (start) => {
    const child = await start('sh', ['-c', 'read line <&3; echo "back $line" >&3'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    });
    const extra = child.stdio[3] as unknown as NodeJS.ReadWriteStream;
    extra.write('there\n');
    return read(extra);
  },
  'a file as output': async (start) => {
    const path = join(directory, 'output');
    const fd = openSync(path, 'w');
    const child = await start('sh', ['-c', 'echo file; echo err >&2'], {
      stdio: ['ignore', fd, fd],
    });
    closeSync(fd);
    await once(child, 'close');
    return readFileSync(path, 'utf8');
  },
  'ignored output': output('sh', ['-c', 'echo lost; echo "$(readlink /proc/self/fd/0)" >&2'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  }),
  'order of events': events('sh', ['-c', 'echo x; exit 2']),
  'order of events, killed': events('sleep', ['100'], {}, (child) => child.kill('SIGINT')),
  'order of events, closed early': events('sh', ['-c', 'exec >&- 2>&-; exit 1']),
  'abort while it runs': async (start) => {
    const controller = new AbortController();
    return events('sleep', ['100'], { signal: controller.signal }, () => controller.abort())(start);
  },
  'abort after the end': async (start) => {
    const controller = new AbortController();
    const seen = await events('true', [], { signal: controller.signal })(start);
    controller.abort();
    return seen;
  },
  'killSignal of an abort': async (start) => {
    const controller = new AbortController();
    const options = { signal: controller.signal, killSignal: 'SIGUSR1' };
    return events('sleep', ['100'], options, () => controller.abort())(start);
  },
  timeout: events('sleep', ['100'], { timeout: 30 }),
  'timeout with killSignal': events('sleep', ['100'], { timeout: 30, killSignal: 'SIGKILL' }),
  'timeout that is not reached': events('true', [], { timeout: 10_000 }),
  'kill by default': killed(),
  'kill by number': killed(9),
  'kill that only asks': async (start) => {
    const child = await start('sleep', ['100'], { stdio: 'ignore' });
    const answer = [child.kill(0), child.killed];
    child.kill('SIGKILL');
    await once(child, 'exit');
    return [...answer, child.kill(0)];
  },
  'an unknown signal': async (start) => {
    const child = await start('sleep', ['100'], { stdio: 'ignore' });
    const error = attempt(() => child.kill('SIGNONE' as NodeJS.Signals));
    child.kill('SIGKILL');
    await once(child, 'exit');
    return error instanceof TypeError;
  },
  'a signal that is caught': events(
    'bash',
    ['-c', 'trap "exit 9" TERM; echo ready; while :; do sleep 0.01; done'],
    {},
    (child) => child.stdout?.once('data', () => child.kill()),
  ),
  'a detached group': async (start) => {
    const child = await start('sh', ['-c', 'sleep 100 & echo ready; wait'], { detached: true });
    await once(child.stdout as NodeJS.EventEmitter, 'data');
    process.kill(-(child.pid as number), 'SIGTERM');
    await once(child, 'close');
    return child.signalCode;
  },
  spawnargs: async (start) => {
    const child = await start('true', ['a', 'b'], { argv0: 'zero' });
    await once(child, 'close');
    return [child.spawnfile, child.spawnargs, child.exitCode];
  },
  'the event before the first output': async (start) => {
    const child = await start('echo', ['x']);
    const before = [child.exitCode, child.signalCode, child.killed, typeof child.pid];
    await result(child);
    return before;
  },
  setEncoding: async (start) => {
    const child = await start('printf', ['\\303\\274']);
    child.stdout?.setEncoding('hex');
    const [text] = await Promise.all([
      once(child.stdout as NodeJS.EventEmitter, 'data'),
      once(child, 'close'),
    ]);
    return text;
  },
  'a signal by its name in lower case': killed('sigint' as NodeJS.Signals),
  'a stop, and going on': async (start) => {
    // Some signals leave a core file in the working directory.
    const child = await start('sleep', ['100'], { stdio: 'ignore', cwd: directory });
    const sent = [child.kill('SIGSTOP'), child.exitCode, child.kill('SIGCONT'), child.killed];
    child.kill('SIGKILL');
    await once(child, 'exit');
    return [...sent, child.exitCode, child.signalCode];
  },
  'abort twice, and with a reason': async (start) => {
    const controller = new AbortController();
    const child = await start('sleep', ['100'], { signal: controller.signal });
    const errors: unknown[] = [];
    child.on('error', (error: Error) => errors.push(error.message, error.cause));
    controller.abort('first');
    controller.abort('second');
    await once(child, 'close');
    return [errors, child.signalCode];
  },
  'abort of a command that has been killed': async (start) => {
    const controller = new AbortController();
    return events('sleep', ['100'], { signal: controller.signal }, (child) => {
      child.kill('SIGKILL');
      child.once('exit', () => controller.abort());
    })(start);
  },
  'descriptors that are inherited': async (start) => {
    const script =
      'for fd in 0 1 2; do seen="$seen $(readlink /proc/$$/fd/$fd)"; done; echo $seen >&3';
    const child = await start('sh', ['-c', script], {
      stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
    });
    return read(child.stdio[3]);
  },
  'shape of stdio: inherit': async (start) => shape(await start('true', [], { stdio: 'inherit' })),
  'shape of stdio: overlapped': async (start) =>
    shape(await start('true', [], { stdio: 'overlapped' })),
  'a stream as output': async (start) => {
    const path = join(directory, 'stream');
    const stream = createWriteStream(path);
    await once(stream, 'open');
    const child = await start('echo', ['to the stream'], { stdio: ['ignore', stream, 'ignore'] });
    await once(child, 'close');
    stream.destroy();
    return readFileSync(path, 'utf8');
  },
  'a stream that has no descriptor yet': async (start) => {
    const stream = createWriteStream(join(directory, 'unopened'));
    const error = await start('true', [], { stdio: ['ignore', stream] }).catch((e: unknown) => e);
    await once(stream, 'open');
    stream.destroy();
    return error instanceof TypeError;
  },
  'input that is closed': async (start) => {
    const child = await start('cat');
    child.stdin?.destroy();
    return result(child);
  },
  'input for one that has ended': async (start) => {
    const child = await start('true');
    await once(child, 'close');
    const { stdin } = child;
    return new Promise((resolve) => {
      stdin?.on('error', () => {});
      stdin?.write('late', (error) =>
        resolve([(error as NodeJS.ErrnoException).code, stdin.destroyed]),
      );
    });
  },
  'output that a grandchild holds open': async (start) => {
    // It ends when its input does, which the end of the child brings about.
    const script = 'exec 3<&0; (read line <&3; echo late) & exit 4';
    const child = await start('sh', ['-c', script], { stdio: ['pipe', 'pipe', 'ignore'] });
    const seen: unknown[] = [];
    for (const name of ['exit', 'close']) child.on(name, (code) => seen.push([name, code]));
    child.stdout?.on('data', (chunk) => seen.push(String(chunk)));
    child.stdout?.on('end', () => seen.push('end'));
    await once(child, 'close');
    return seen;
  },
  'an empty directory': output('pwd', [], { cwd: '' }),
  'an environment with inherited variables': output('/usr/bin/env', [], {
    env: Object.assign(Object.create({ INHERITED: '1' }), { OWN: '2' }),
  }),
  'an environment with numbers': output('/usr/bin/env', [], { env: { A: 1, B: true, C: null } }),
  'a command that is looked up without PATH': output('sh', ['-c', 'echo found'], { env: {} }),
  'a directory and an environment of null': output('sh', ['-c', 'echo "$PWD"'], {
    cwd: null,
    env: null,
  }),
  'wrong arguments': async (start) => {
    const wrong: [string, string[]?, object?][] = [
      [''],
      ['a\0b'],
      ['true', ['a\0b']],
      ['true', [], { cwd: 5 }],
      ['true', [], { cwd: 'a\0b' }],
      ['true', [], { env: { A: 'x\0y' } }],
      ['true', [], { argv0: 5 }],
      ['true', [], { detached: 'yes' }],
      ['true', [], { stdio: 'loud' }],
      ['true', [], { stdio: ['pipe', 'pipe', {}] }],
      ['true', [], { killSignal: 'SIGNONE' }],
      ['true', [], { signal: {} }],
    ];
    const seen: unknown[] = [];
    for (const args of wrong) {
      const error = await (async () => start(...args))().catch((e: unknown) => e);
      seen.push([JSON.stringify(args), error instanceof TypeError]);
    }
    return seen;
  },
  'a limit that is negative': async (start) =>
    (await (async () => start('true', [], { timeout: -1 }))().catch((e: unknown) => e)) instanceof
    RangeError,
  'ref and unref of one that has ended': async (start) => {
    const child = await start('true');
    await once(child, 'close');
    return [attempt(() => child.ref()), attempt(() => child.unref())];
  },
  'dispose kills': async (start) => {
    const child = await start('sleep', ['100'], { stdio: 'ignore' });
    child[Symbol.dispose]();
    const { killed } = child;
    await once(child, 'exit');
    child[Symbol.dispose]();
    return [killed, child.exitCode];
  },
  'the session of a detached one': async (start) => {
    const child = await start('cut', ['-d', ' ', '-f', '5,6', '/proc/self/stat'], {
      detached: true,
    });
    const { pid } = child;
    const { out } = (await result(child)) as { out: string };
    return out
      .split(/\s+/)
      .slice(0, 2)
      .map((id) => Number(id) === pid);
  },
  'another identity': async (start) => {
    if (process.getuid?.() !== 0) return output('id', [], { uid: process.getuid?.() })(start);
    return output('sh', ['-c', 'id -u; id -g; id -G'], { uid: 1234, gid: 5678 })(start);
  },
  'an identity that is refused': async (start) => {
    if (process.getuid?.() === 0) return 'root may take any id';
    return failure('true', () => ({ uid: 0 }))(start);
  },
  'lines from a channel': async (start) => {
    const script = `process.send({ from: 'child', list: [1, null] }); process.on('message', (m) => {
      process.send(m); process.disconnect(); });`;
    return events(
      process.execPath,
      ['-e', script],
      { stdio: ['pipe', 'pipe', 'pipe', 'ipc'] },
      (child) => {
        child.send({ to: 'child' });
      },
    )(start);
  },
  'umask, group and session of this process': output('sh', [
    '-c',
    'umask; cut -d" " -f5,6 /proc/self/stat',
  ]),
  'blocked and ignored signals': output('sh', ['-c', 'grep ^Sig[BI] /proc/self/status']),
};

function shape(child: Child) {
  const { stdin, stdout, stderr, stdio } = child;
  const closed = once(child, 'close');
  stdin?.destroy();
  return closed.then(() => ({
    same: [stdin === stdio[0], stdout === stdio[1], stderr === stdio[2]],
    present: stdio.map((stream) => stream !== null),
  }));
}

function attempt(fn: () => unknown): unknown {
  try {
    return fn();
  } catch (error) {
    return error;
  }
}

test.each(Object.keys(cases))('as child_process: %s', async (name) => {
  const observe = cases[name] as Observe;
  expect(await observe(ours)).toEqual(await observe(theirs));
});

test('as child_process: every exit code', async () => {
  const codes = Array.from({ length: 256 }, (_, code) => code);
  for (const start of [ours, theirs]) {
    const found: unknown[] = [];
    // In groups: with all at once the machine could fail, which would look like an error of spawn.
    for (let from = 0; from < codes.length; from += 32) {
      const exits = codes.slice(from, from + 32).map(async (code) => {
        const child = await start('sh', ['-c', `exit ${code}`], { stdio: 'ignore' });
        await once(child, 'close');
        return [child.exitCode, child.signalCode];
      });
      found.push(...(await Promise.all(exits)));
    }
    expect(found).toEqual(codes.map((code) => [code, null]));
  }
}, 120_000);

const fatal = Object.entries(constants.signals).filter(
  ([name]) =>
    ![
      'SIGCHLD',
      'SIGCONT',
      'SIGSTOP',
      'SIGTSTP',
      'SIGTTIN',
      'SIGTTOU',
      'SIGURG',
      'SIGWINCH',
    ].includes(name),
);

test.each(fatal)('as child_process: ended by %s', async (_name, number) => {
  expect(await killed(number)(ours)).toEqual(await killed(number)(theirs));
});

test("as child_process: an unref'd child does not keep the process", async () => {
  const core = join(import.meta.dirname, '../../dist/index.js');
  for (const from of [core, 'node:child_process']) {
    const script = `
      const { spawn } = await import(${JSON.stringify(from)});
      const child = await spawn('sleep', ['2'], { stdio: 'ignore' });
      child.unref();
      console.log(child.pid);
    `;
    const parent = nodeSpawn(process.execPath, ['--input-type=module', '-e', script]);
    const { out } = (await result(parent)) as { out: string };
    expect(Number(out)).toBeGreaterThan(1); // 0 would mean the group of this process
    process.kill(Number(out), 'SIGKILL'); // it is still there: the parent did not wait
  }
});
