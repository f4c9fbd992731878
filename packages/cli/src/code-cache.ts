// Loads a CommonJS bundle with the code that V8 made of it at an earlier start: to compile it takes
// longer than all that it does. Node's own cache (module.enableCompileCache) is not in Node 20, and
// it lies where others may write.
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Script } from 'node:vm';

/** A bundle that was loaded. */
export interface Loaded<Exports> {
  readonly exports: Exports;
  /** Keeps what has been compiled by now for the next start, if there was nothing to begin with. */
  keep(): void;
}

type Wrapper = (
  exports: object,
  require: NodeJS.Require,
  module: { readonly exports: object },
  filename: string,
  dirname: string,
) => void;

const OTHERS_WRITE = 0o022;
const euid = process.geteuid?.() ?? 0;

/** Where code may lie: beside the bundle, or else in the user's own cache. */
function directoriesFor(bundle: string): readonly string[] {
  const { HOME, NODE_DISABLE_COMPILE_CACHE, XDG_CACHE_HOME } = process.env;
  if (NODE_DISABLE_COMPILE_CACHE) return [];
  const cache = XDG_CACHE_HOME || (HOME && join(HOME, '.cache'));
  // Root may have been left with somebody else's HOME.
  return euid === 0 || !cache ? [dirname(bundle)] : [dirname(bundle), join(cache, 'ns')];
}

/** For exactly this Node, because V8 looks only roughly whether code is of its own making. */
function fileName(bundle: string, part: string): string {
  const { size, mtimeMs } = statSync(process.execPath);
  const node = [process.version, process.arch, size, Math.trunc(mtimeMs)].join('-');
  return `${basename(bundle, '.cjs')}-${part}-${node}.code`;
}

/** A cache that cannot be read or written makes the start slower, and is no failure. */
function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (error instanceof Error && 'errno' in error) return undefined;
    throw error;
  }
}

/** Where code may be, if this Node can be told from others: an upgrade may just have replaced its file. */
function pathsFor(bundle: string, part: string): readonly string[] {
  const name = attempt(() => fileName(bundle, part));
  if (name === undefined) return [];
  return directoriesFor(bundle).map((directory) => join(directory, name));
}

/** What tells one bundle from another: a comment that ends it, in which the build has put its hash. */
function identityOf(source: Buffer): Buffer {
  return source.subarray(Math.max(0, source.lastIndexOf('\n//')));
}

/** The code in a file, if somebody has written it who could write the bundle, or root, or we. */
function read(path: string, bundle: string, identity: Buffer): Buffer | undefined {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const { uid, mode } = fstatSync(fd);
    const known = uid === 0 || uid === euid || uid === statSync(bundle).uid;
    if (!known || (mode & OTHERS_WRITE) !== 0) return undefined;
    const file = readFileSync(fd);
    const end = file.length - identity.length;
    return end > 0 && file.subarray(end).equals(identity) ? file.subarray(0, end) : undefined;
  } finally {
    closeSync(fd);
  }
}

/** Writes the code of a script, and of what: whole or not at all, because V8 believes what it reads. */
function write(path: string, bundle: string, script: Script, identity: Buffer): string {
  const directory = dirname(path);
  // Not mkdirSync's `recursive`, which goes round for ever where nothing can be made, as in /proc.
  for (const missing of [dirname(directory), directory]) {
    if (directory !== dirname(bundle) && !existsSync(missing)) mkdirSync(missing, { mode: 0o700 });
  }
  // Not by the pid alone, which may be the same each time: one that was killed here would be the last.
  const unfinished = `${path}.${process.pid}-${Date.now()}`;
  const fd = openSync(unfinished, 'wx', 0o644);
  try {
    writeFileSync(fd, Buffer.concat([script.createCachedData(), identity]));
    renameSync(unfinished, path);
  } catch (error) {
    unlinkSync(unfinished);
    throw error;
  } finally {
    closeSync(fd);
  }
  return path;
}

/**
 * Loads a CommonJS bundle.
 *
 * @param bundle absolute path of a file `*.cjs`
 * @param part what of it will be run: each part keeps the code that it needs
 * @param require what the bundle finds packages by
 */
export function loadBundle<Exports>(
  bundle: string,
  part: string,
  require: NodeJS.Require,
): Loaded<Exports> {
  const source = readFileSync(bundle);
  const identity = identityOf(source);
  const paths = pathsFor(bundle, part);
  let cachedData: Buffer | undefined;
  for (const path of paths) cachedData ??= attempt(() => read(path, bundle, identity));
  // As Node wraps a module: node:module, which has a function for it, takes a while to load.
  const wrapped = `(function (exports, require, module, __filename, __dirname) { ${source}\n});`;
  const script = new Script(wrapped, { filename: bundle, cachedData });
  const module = { exports: {} };
  const run = script.runInThisContext() as Wrapper;
  run(module.exports, require, module, bundle, dirname(bundle));
  return {
    exports: module.exports as Exports,
    keep() {
      if (cachedData !== undefined && script.cachedDataRejected === false) return;
      paths.some((path) => attempt(() => write(path, bundle, script, identity)));
    },
  };
}
