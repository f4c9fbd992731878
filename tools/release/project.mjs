// A fresh project of a user, into which packages are installed.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../..', import.meta.url));
const pnpm = fileURLToPath(new URL('peers/node_modules/pnpm/bin/pnpm.cjs', import.meta.url));
const typesOfNode = JSON.parse(
  readFileSync(join(root, 'node_modules/@types/node/package.json'), 'utf8'),
).version;

/**
 * @param {string} file
 * @param {readonly string[]} args
 * @param {string} cwd
 */
function run(file, args, cwd) {
  try {
    return execFileSync(file, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    const { stdout = '', stderr = '' } = /** @type {{ stdout?: string, stderr?: string }} */ (
      error
    );
    throw new Error(`${file} ${args.join(' ')}\n${stdout}${stderr}`);
  }
}

/**
 * Bytes of the files below a directory.
 *
 * @param {string} directory
 * @param {(name: string) => boolean} [counts] by the name of a file
 * @returns {number}
 */
export function sizeOf(directory, counts = () => true) {
  let bytes = 0;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) bytes += sizeOf(path, counts);
    else if (entry.isFile() && counts(entry.name)) bytes += statSync(path).size;
  }
  return bytes;
}

/** One project in a directory of its own. */
export class Project {
  /** @param {string} directory @param {string} registry of the packages under test */
  constructor(directory, registry) {
    this.directory = directory;
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'package.json'), '{ "name": "theirs", "private": true }\n');
    writeFileSync(join(directory, '.npmrc'), `@ns:registry=${registry}\naudit=false\nfund=false\n`);
  }

  /** @param {'npm' | 'pnpm'} client @param {readonly string[]} packages */
  install(client, packages) {
    if (client === 'npm') run('npm', ['install', '--no-progress', ...packages], this.directory);
    else {
      // What was published a moment ago is wanted here.
      const args = ['add', '--config.minimum-release-age=0', '--ignore-scripts', ...packages];
      run(process.execPath, [pnpm, ...args], this.directory);
    }
  }

  /** Runs a program on this node, as ESM or CommonJS. @param {string} node @param {string} source */
  runAs(node, source, /** @type {'mjs' | 'cjs'} */ kind) {
    const { outputText } = ts.transpileModule(source, {
      compilerOptions: {
        target: ts.ScriptTarget.ES2022,
        module: kind === 'mjs' ? ts.ModuleKind.ESNext : ts.ModuleKind.CommonJS,
      },
    });
    const file = join(this.directory, `smoke.${kind}`);
    writeFileSync(file, outputText);
    return run(node, [file], this.directory);
  }

  /** Checks the types of a program as a strict user does. @param {string} source */
  checkTypes(source) {
    writeFileSync(join(this.directory, 'smoke.mts'), source);
    const options = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--types', 'node'];
    const modules = [
      '--module',
      'nodenext',
      '--target',
      'es2022',
      '--lib',
      'es2023,esnext.disposable',
    ];
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    run(process.execPath, [tsc, ...options, ...modules, 'smoke.mts'], this.directory);
  }

  /** Where a package is, and its package.json. @param {string} name */
  installed(name) {
    const directory = join(this.directory, 'node_modules', name);
    return {
      directory,
      manifest: JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')),
    };
  }

  /** The types of Node.js, to which the types of the packages refer. */
  get typesOfNode() {
    return `@types/node@${typesOfNode}`;
  }
}
