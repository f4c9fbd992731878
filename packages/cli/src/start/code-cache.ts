// Loads a CommonJS bundle with the code that V8 compiled at an earlier start: compiling takes longer
// than the rest of the start. Node's own cache (module.enableCompileCache) is missing in Node 20, and
// others may write to its directory.
import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
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

/** A loaded bundle. */
export interface Loaded<Exports> {
  readonly exports: Exports;
  /** Writes the code compiled so far for the next start, unless this start has used a cache. */
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
const OTHERS_READ = 0o044;
const OWNER_READS_AND_WRITES = 0o600;
const euid = process.geteuid?.() ?? 0;

/** Returns the directories of code: that of the bundle, then the cache of the user. */
function directoriesFor(bundle: string): readonly string[] {
  const { HOME, NODE_DISABLE_COMPILE_CACHE, XDG_CACHE_HOME } = process.env;
  if (NODE_DISABLE_COMPILE_CACHE) return [];
  const cache = XDG_CACHE_HOME || (HOME && join(HOME, '.cache'));
  // HOME of root may be that of another user.
  return euid === 0 || !cache ? [dirname(bundle)] : [dirname(bundle), join(cache, 'ns')];
}

/** Returns a name for exactly this Node: V8 checks only roughly that code is its own. */
function fileName(bundle: string, part: string): string {
  const { size, mtimeMs } = statSync(process.execPath);
  const node = [process.version, process.arch, size, Math.trunc(mtimeMs)].join('-');
  return `${basename(bundle, '.cjs')}-${part}-${node}.code`;
}

/** Returns undefined on a failed system call: without a cache the start is slower, but does not fail. */
function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (error instanceof Error && 'errno' in error) return undefined;
    throw error;
  }
}

/** Returns the paths of code; none if Node's file cannot be read, as during an upgrade. */
function pathsFor(bundle: string, part: string): readonly string[] {
  const name = attempt(() => fileName(bundle, part));
  if (name === undefined) return [];
  return directoriesFor(bundle).map((directory) => join(directory, name));
}

/** Returns the comment at the end of a bundle, in which the build has put its hash. */
function identityOf(source: Buffer): Buffer {
  return source.subarray(Math.max(0, source.lastIndexOf('\n//')));
}

/** Returns the code in a file, if it belongs to root, the user, or the owner of the bundle. */
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

/** Writes the code of a script and the identity of its bundle, atomically: V8 trusts what it reads. */
function write(path: string, bundle: string, script: Script, identity: Buffer): string {
  const directory = dirname(path);
  // mkdirSync with `recursive` would loop forever where it cannot create, as in /proc.
  for (const missing of [dirname(directory), directory]) {
    if (directory !== dirname(bundle) && !existsSync(missing)) mkdirSync(missing, { mode: 0o700 });
  }
  // A pid alone may repeat in a container: the file of a killed process would block all later ones.
  const unfinished = `${path}.${process.pid}-${Date.now()}`;
  const fd = openSync(unfinished, 'wx', OWNER_READS_AND_WRITES);
  try {
    // Whatever the umask, code serves all who can read the bundle: root may be the first to start it.
    fchmodSync(fd, OWNER_READS_AND_WRITES | (statSync(bundle).mode & OTHERS_READ));
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
 * @param part the part of it that will run: each part has a file with the code that it needs
 * @param require resolves packages for the bundle
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
  // Node's wrapper of a module. node:module, which has a function for it, takes a while to load.
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
