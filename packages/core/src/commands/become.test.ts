import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { become } from './become.js';

const core = new URL('../../dist/index.js', import.meta.url).href;

/** A Node program that becomes the stand-in of a shell script; in a new pid namespace with an init. */
function program(script: string, { init = false, options = '' } = {}): string[] {
  const namespaces = init
    ? `{ type: 'user', prepare: (child) => child.isolate() }, { type: 'pid', prepare: (child) => child.useInit() }`
    : '';
  return [
    '--input-type=module',
    '-e',
    `import { become } from ${JSON.stringify(core)};
     process.once('exit', (code) => console.log('exit handler', code));
     await become('sh', ['-c', ${JSON.stringify(script)}], { namespaces: [${namespaces}], ${options} });
     console.log('not reached');`,
  ];
}

/** Starts the program, and waits until the command has written a line. */
async function started(...args: Parameters<typeof program>) {
  const child = spawn(process.execPath, program(...args), { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const [line] = await once(child.stdout.setEncoding('utf8'), 'data');
  const status = (pid = child.pid) => readFileSync(`/proc/${pid}/status`, 'latin1');
  const until = async (state: RegExp) => {
    while (!state.test(status())) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  await until(/^Name:\tns$/m);
  return { child, line: String(line).trim(), status, until, ended: once(child, 'exit') };
}

for (const init of [false, true]) {
  describe(init ? 'with an init between' : 'the command as its child', () => {
    const end = (script: string) => {
      const { status, signal, stdout } = spawnSync(process.execPath, program(script, { init }), {
        encoding: 'utf8',
      });
      return { status, signal, stdout };
    };

    test('it ends as the command does, and nothing of the program runs any more', () => {
      expect(end('echo hello; exit 7')).toEqual({ status: 7, signal: null, stdout: 'hello\n' });
      expect(end('kill -TERM $$')).toEqual({ status: null, signal: 'SIGTERM', stdout: '' });
      expect(end('kill -PIPE $$')).toMatchObject({ signal: 'SIGPIPE' });
    });

    test('what waits is small, has one thread, and no descriptor of the program', async () => {
      const { child, status } = await started('echo up; read line', { init });
      expect(Number(/^VmRSS:\s+(\d+)/m.exec(status())?.[1])).toBeLessThan(2048);
      expect(status()).toMatch(/^Threads:\t1$/m);
      expect(readdirSync(`/proc/${child.pid}/fd`)).toEqual(init ? ['0'] : []);
      expect(readFileSync(`/proc/${child.pid}/cmdline`, 'utf8')).toBe('ns\0');
    });

    test('it passes signals on', async () => {
      const trap = 'trap "exit 9" USR2; echo up; while :; do sleep 0.05; done';
      const { child, ended } = await started(trap, { init });
      child.kill('SIGUSR2');
      expect(await ended).toEqual([9, null]);
    });

    test('it passes only those on that are chosen, and lives through the others', async () => {
      const trap = 'trap "exit 9" USR2; trap "exit 8" TERM; echo up; while :; do sleep 0.05; done';
      const options = `forwardSignals: ['SIGUSR2']`;
      const { child, ended } = await started(trap, { init, options });
      child.kill('SIGTERM');
      child.kill('SIGUSR2');
      expect(await ended).toEqual([9, null]);
    });
  });
}

test('it stops when the command stops itself, and continues it', async () => {
  const { child, until, ended } = await started('echo up; kill -STOP $$; exit 5');
  await until(/^State:\tT/m);
  child.kill('SIGCONT');
  expect(await ended).toEqual([5, null]);
});

test('SIGCONT to a stopped stand-in continues the command, too', async () => {
  const { child, line, status, until, ended } = await started('echo $$; read line; exit 6');
  const command = Number(line);
  expect(command).toBeGreaterThan(1); // 0 would mean the group of this process
  process.kill(command, 'SIGSTOP');
  await until(/^State:\tT/m);
  expect(status(command)).toMatch(/^State:\tT/m);
  child.kill('SIGCONT');
  child.stdin.end('\n');
  expect(await ended).toEqual([6, null]);
});

test('killed, it takes the command along if that is wanted', async () => {
  const options = 'killWithParent: true';
  const { child, line, ended } = await started('echo $$; exec sleep 60', { options });
  child.kill('SIGKILL');
  await ended;
  const gone = () => {
    try {
      return /^State:\t[ZX]/m.test(readFileSync(`/proc/${line}/status`, 'latin1'));
    } catch {
      return true;
    }
  };
  while (!gone()) await new Promise((resolve) => setTimeout(resolve, 5));
});

test('no signal is lost, and none ends it alone, whenever it comes', async () => {
  const before = performance.now();
  spawnSync(process.execPath, program('true'));
  const usual = performance.now() - before;
  for (let share = 0.2; share < 1.2; share += 0.05) {
    const child = spawn(process.execPath, program('exec sleep 60'), {
      stdio: ['ignore', 'ignore', 'inherit'],
      detached: true,
    });
    await once(child, 'spawn');
    await new Promise((resolve) => setTimeout(resolve, share * usual));
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([null, 'SIGTERM']);
    // Its group is empty: the command is gone as well.
    expect(() => process.kill(-(child.pid as number), 0)).toThrow('ESRCH');
  }
});

test('onLeave is the last that the program does, and knows the command', async () => {
  const options = `onLeave: (pid) => console.log('left', pid)`;
  const { child, line, status, ended } = await started('read line', { options });
  const [, pid] = line.split(' ');
  expect(status(Number(pid))).toMatch(new RegExp(`^PPid:\t${child.pid}$`, 'm'));
  child.stdin.end('\n');
  expect(await ended).toEqual([0, null]);
});

test('if onLeave throws, the command is killed and the program goes on', async () => {
  const script = `import { become } from ${JSON.stringify(core)};
    import { existsSync } from 'node:fs';
    let command;
    const onLeave = (pid) => { command = pid; throw new RangeError('no'); };
    await become('sleep', ['60'], { onLeave }).catch((error) => {
      console.log(error.name, existsSync('/proc/' + command));
    });`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script]);
  expect(String(stdout)).toBe('RangeError false\n');
});

test('what cannot outlive the program is refused', async () => {
  for (const wrong of [{ timeout: 5 }, { stdio: 'pipe' }, { terminal: true }, { signal: null }]) {
    await expect(become('true', [], wrong as object)).rejects.toThrow(TypeError);
  }
  await expect(become('true', [], { forwardSignals: [65] })).rejects.toThrow(RangeError);
  await expect(become('true', [], { title: ['a\0b'] })).rejects.toThrow(TypeError);
  await expect(become('true', [], { onLeave: 1 } as object)).rejects.toThrow('onLeave');
});

test('a command that is not there leaves the program as it was', () => {
  const script = `import { become } from ${JSON.stringify(core)};
    process.on('SIGUSR2', () => { console.log('mine'); process.exit(3); });
    try { await become('/nowhere'); } catch ({ code }) { console.log(code); }
    process.kill(process.pid, 'SIGUSR2'); setTimeout(() => {}, 60_000);`;
  const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  });
  expect({ stdout, status }).toEqual({ stdout: 'ENOENT\nmine\n', status: 3 });
});
