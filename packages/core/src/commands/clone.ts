// clone(): a function as a process in namespaces: clone(2)'s call, in JavaScript's terms.
import { commandChild } from '../child/parse.js';
import { type Members, options as parseOptions, withDefault } from '../contract/options.js';
import { type Parser, refuse } from '../contract/parser.js';
import { boolean, withoutPrototype } from '../contract/values.js';
import type { NamespaceProcess } from '../process/namespace-process.js';
import { type ForkOptions, forkMembers } from './fork.js';
import { start } from './spawn.js';

const turn = () => new Promise((resolve) => setImmediate(resolve));

type NotForFunctions = 'stdio' | 'silent' | 'terminal' | 'serialization' | 'argv0';

/** Options of {@link clone}. */
export interface CloneFunctionOptions<Args extends readonly unknown[]>
  extends Omit<ForkOptions, NotForFunctions> {
  /** Arguments of the function, copied by structured clone. Required if it has parameters. */
  args?: Args | undefined;
}

/** The options of {@link clone}: required if the function has parameters. */
export type CloneArguments<Args extends readonly unknown[]> = [] extends Args
  ? [options?: CloneFunctionOptions<Args>]
  : [options: CloneFunctionOptions<Args> & { args: Args }];

const parseArguments: Parser<readonly unknown[]> = (value, name) =>
  Array.isArray(value) ? value : refuse(name, 'an array', value);

const { stdio: _stdio, silent: _silent, terminal: _terminal, ...members } = forkMembers;
const { serialization: _serialization, argv0: _argv0, ...others } = members;

const parseClone = parseOptions({
  ...others,
  killWithParent: withDefault(boolean, true),
  args: parseArguments,
} satisfies Members<CloneFunctionOptions<readonly unknown[]>>);

// Runs in the new process. Errors lose their own properties in structured clone, so they go along.
const CHILD = `
process.once('message', async ({ source, args }) => {
  let answer;
  try {
    answer = { value: await (0, eval)(source)(...args) };
  } catch (error) {
    answer = { error, own: error instanceof Error ? { name: error.name, ...error } : {} };
  }
  const done = () => process.disconnect();
  try {
    process.send(answer, done);
  } catch (error) {
    process.send({ error, own: { name: error.name } }, done);
  }
});
`;

interface Answer {
  value?: unknown;
  error?: unknown;
  own?: Record<string, unknown>;
}

function parses(source: string): boolean {
  try {
    new (process.getBuiltinModule('node:vm').Script)(source);
    return true;
  } catch {
    return false;
  }
}

/** The function's text as an expression. */
function sourceOf(fn: unknown): string {
  if (typeof fn !== 'function') return refuse('fn', 'a function', fn);
  const text = Function.prototype.toString.call(fn);
  if (/^class\b/.test(text)) throw new TypeError('fn must be a function, not a class');
  const name = fn.name || 'the function';
  if (text.endsWith('{ [native code] }')) {
    throw new TypeError(`fn: ${name} is native or bound and has no source to carry over`);
  }
  const expression = `(${text})`;
  if (parses(expression)) return expression;
  const method = `Object.values({ ${text} })[0]`;
  if (parses(method)) return method;
  throw new TypeError(`fn: the source of ${name} does not stand alone`);
}

function revive(answer: Answer): unknown {
  const { error, own = {} } = withoutPrototype(answer);
  if (!(error instanceof Error)) return error;
  const { name, ...rest } = own;
  if (error.name !== name)
    Object.defineProperty(error, 'name', { value: name, configurable: true });
  if (error instanceof ReferenceError) {
    error.message += ' (a cloned function takes nothing along: give it what it needs as args)';
  }
  return Object.assign(error, rest);
}

const NO_ANSWER = 'the clone sent something else than what its function returned';

function isAnswer(message: unknown): message is Answer {
  return typeof message === 'object' && message !== null && !Array.isArray(message);
}

/**
 * Closes the channel of a process that has ended, when all that it sent has come. A process that it
 * has left behind may hold the other end for ever (SECURITY.md S5).
 */
async function allRead(child: NamespaceProcess, isDone: () => boolean): Promise<void> {
  const { channel } = child;
  if (!channel) return;
  for (let before = -1; !isDone() && before !== channel.bytesRead; ) {
    before = channel.bytesRead;
    await turn();
    await turn(); // the event loop has looked at the channel in between
  }
  channel.destroy();
}

/**
 * Runs a function in a new Node process in namespaces and gives its result. The function is
 * carried over as source: it must stand alone. What it needs comes as `args`, what it finds
 * goes back by structured clone, and so does what it throws. It may be async, and may
 * `require()` or `import()`.
 *
 * @throws what the function throws; a ReferenceError if it uses something from around it
 * @throws {TypeError} if the function has no source of its own (native, bound, a class)
 * @throws {SystemError} if the process could not be made
 * @see clone(2)
 * @example await clone(() => process.pid, { namespaces: [user(), pid()] }); // 2
 */
export async function clone<Args extends readonly unknown[], Result>(
  fn: (...args: Args) => Result,
  ...[options = {}]: CloneArguments<Args>
): Promise<Awaited<Result>> {
  const parsed = parseClone(options);
  const { args, execPath = process.execPath, execArgv = [] } = parsed;
  const source = sourceOf(fn);
  const spawned = {
    ...parsed,
    argv0: undefined,
    terminal: undefined,
    serialization: 'advanced' as const,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'] as const,
  };
  const child = await start(commandChild(execPath, [...execArgv, '-e', CHILD], spawned));
  let answer: Answer | undefined;
  let failure: Error | undefined;
  child.once('message', (message) => {
    answer = isAnswer(message)
      ? message
      : { error: new TypeError(NO_ANSWER), own: { name: 'TypeError' } };
  });
  child.on('error', (error) => {
    failure ??= error;
    child.kill('SIGKILL'); // nothing more can come of it
  });
  const closed = new Promise((resolve) => {
    child.once('close', resolve);
  });
  try {
    child.send({ source, args: args ?? [] });
  } catch (error) {
    child.kill('SIGKILL'); // arguments that cannot be copied
    await closed;
    throw error;
  }
  const { code, signal } = await child.exited;
  await allRead(child, () => answer !== undefined);
  await closed;
  if (failure) throw failure;
  if (!answer) {
    throw new Error(
      `the clone ended ${signal ? `by ${signal}` : `with code ${code}`} before the function returned`,
    );
  }
  if (Object.hasOwn(answer, 'own')) throw revive(answer);
  return withoutPrototype(answer).value as Awaited<Result>;
}
