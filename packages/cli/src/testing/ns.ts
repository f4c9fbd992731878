// The built `ns` command, for tests.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

// Not the PATH of the tests: by execvp(3), a command that is not found counts as refused if a directory
// of PATH cannot be searched.
process.env.PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const program = fileURLToPath(new URL('../../dist/start/ns.cjs', import.meta.url));

/** Returns the words that run `ns` with these arguments. */
export function words(...args: string[]): [file: string, ...args: string[]] {
  return [process.execPath, program, ...args];
}

/** Milliseconds after which a command counts as hanging. */
const patience = 20_000 * Number(process.env.NS_TEST_SLOWNESS ?? 1);

/** Runs `ns` to its end. */
export function ns(...args: string[]) {
  return nsWith({}, ...args);
}

/** Runs `ns` to its end, with options of spawnSync. */
export function nsWith(options: { input?: string; env?: NodeJS.ProcessEnv }, ...args: string[]) {
  const [file, ...rest] = words(...args);
  const { status, signal, stdout, stderr, error } = spawnSync(file, rest, {
    encoding: 'utf8',
    timeout: patience,
    ...options,
  });
  if (error) throw error;
  return { status, signal, stdout, stderr };
}

/** A running command, and its output. */
export interface Started {
  readonly child: ChildProcess;
  /** Waits until it has written a text. */
  written(text: string): Promise<void>;
  /** Waits for its end. */
  ended(): Promise<{ status: number | null; signal: NodeJS.Signals | null; stdout: string }>;
}

/** Starts a command. */
export function start(file: string, ...args: string[]): Started {
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
  });
  return {
    child,
    async written(text) {
      while (!stdout.includes(text)) {
        if (child.exitCode !== null) throw new Error(`ended without ${text}: ${stdout}`);
        await Promise.race([once(child.stdout, 'data'), closed]);
      }
    },
    async ended() {
      await closed;
      return { status: child.exitCode, signal: child.signalCode, stdout };
    },
  };
}
