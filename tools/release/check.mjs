// `npm run release:check`: makes versions on a copy of the repository, publishes them to a registry
// on loopback, installs each package alone into fresh projects and uses it there.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Project, sizeOf } from './project.mjs';
import { startRegistry } from './registry.mjs';
import { smoke } from './smoke.mjs';
import { copyRepository, makeVersions, noteChange, publish, versionsIn } from './versions.mjs';

const MEGABYTE = 1_000_000;
const KILOBYTE = 1000;

const peers = fileURLToPath(new URL('peers', import.meta.url));
const nodes = [
  process.execPath,
  ...['node22', 'node24'].map((name) => `${peers}/node_modules/${name}/bin/node`),
];

/** Files that a package needs on some machine although its manifest does not name them. @type {Readonly<Record<string, readonly string[]>>} */
const extra = {
  core: ['x64', 'arm64'].flatMap((arch) =>
    ['spawn.so', 'runner'].map((file) => `prebuilds/linux-${arch}/${file}`),
  ),
};

const sum = { passed: 0, failed: 0 };

/** @param {string} what @param {() => unknown} body */
async function check(what, body) {
  try {
    const detail = await body();
    sum.passed++;
    console.log(`ok      ${what}${typeof detail === 'string' ? `: ${detail}` : ''}`);
  } catch (error) {
    sum.failed++;
    console.log(`FAILED  ${what}: ${error instanceof Error ? error.message : error}`);
  }
}

/** @param {boolean} condition @param {string} otherwise */
function must(condition, otherwise) {
  if (!condition) throw new Error(otherwise);
}

/** @param {string} copy */
async function checkVersions(copy) {
  makeVersions(copy);
  const before = versionsIn(copy);
  noteChange(copy, 'pid');
  makeVersions(copy);
  const after = versionsIn(copy);
  await check('a change of one package makes a version of that one alone', () => {
    const changed = Object.keys(after).filter((name) => after[name] !== before[name]);
    must(changed.join() === 'pid', `changed: ${changed.join(', ')}`);
    return `@ns/pid ${before.pid} to ${after.pid}`;
  });
}

/** @param {string} node */
const nodeVersion = (node) => execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();

/** @param {Project} project @param {string} name */
async function checkUse(project, name) {
  const source = smoke[name] ?? '';
  for (const node of nodes) {
    for (const kind of /** @type {const} */ (['mjs', 'cjs'])) {
      await check(
        `@ns/${name} ${kind === 'mjs' ? 'imported' : 'required'} by Node.js ${nodeVersion(node)}`,
        () => {
          const output = project.runAs(node, source, kind);
          must(output.trim() === 'ok', `it printed ${JSON.stringify(output)}`);
        },
      );
    }
  }
  await check(`@ns/${name} in TypeScript`, () => project.checkTypes(source));
  await check(`@ns/${name} has all that its manifest names`, () => checkContents(project, name));
}

/** @param {Project} project @param {string} name */
function checkContents(project, name) {
  const { directory, manifest } = project.installed(`@ns/${name}`);
  const named = [...Object.values(manifest.bin ?? {}), ...(manifest.man ?? [])];
  for (const file of ['README.md', 'LICENSE', ...named, ...(extra[name] ?? [])]) {
    must(existsSync(join(directory, file)), `${file} is missing`);
  }
  const entries = Object.keys(manifest.exports).map((entry) => `@ns/${name}${entry.slice(1)}`);
  for (const entry of entries) {
    const source = `import * as all from '${entry}';\nif (Object.keys(all).length > 0) console.log('ok');`;
    project.checkTypes(source);
    for (const kind of /** @type {const} */ (['mjs', 'cjs'])) {
      must(
        project.runAs(process.execPath, source, kind).trim() === 'ok',
        `${entry} has no exports`,
      );
    }
  }
  return entries.join(', ');
}

/** @param {Project} project */
async function checkCommand({ directory }) {
  for (const node of nodes) {
    await check(`ns as a command of Node.js ${nodeVersion(node)}`, () => {
      const ns = join(directory, 'node_modules/.bin/ns');
      const output = execFileSync(node, [ns, 'run', '--', 'id', '-u'], { encoding: 'utf8' });
      must(output === '0\n', `ns run id -u printed ${JSON.stringify(output)}`);
    });
  }
}

/** @param {Project} project */
async function checkSizes({ directory }) {
  await check('@ns/pid with all that it needs is below 6 MB', () => {
    const size = sizeOf(join(directory, 'node_modules'));
    must(size < 6 * MEGABYTE, `it has ${size} bytes`);
    return `${(size / MEGABYTE).toFixed(2)} MB`;
  });
  await check('the code of @ns/pid is below 60 kB', () => {
    // Source maps carry the sources once more.
    const isCode = (/** @type {string} */ name) => !name.endsWith('.map');
    const size = sizeOf(join(directory, 'node_modules/@ns/pid/dist'), isCode);
    must(size < 60 * KILOBYTE, `it has ${size} bytes`);
    return `${(size / KILOBYTE).toFixed(1)} kB`;
  });
}

/** Prints the time to import a package, and never fails. @param {Project} project @param {string} name */
function tellImportTime(project, name) {
  const source = `await import('koffi'); const koffi = performance.now();
    await import('@ns/${name}'); console.log(performance.now() - koffi);`;
  const times = Array.from({ length: 15 }, () =>
    Number(project.runAs(process.execPath, source, 'mjs')),
  );
  const median = times.sort((a, b) => a - b)[7] ?? 0;
  const aim = name === 'sandbox' || name === 'cli' ? '' : ' (aim: 15)';
  console.log(
    `        import of @ns/${name} takes ${median.toFixed(1)} ms more than that of koffi${aim}`,
  );
}

async function main() {
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-progress'], {
    cwd: peers,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const directory = mkdtempSync(join(tmpdir(), 'ns-release-'));
  /** @type {Awaited<ReturnType<typeof startRegistry>> | undefined} */
  let registry;
  try {
    const copy = join(directory, 'copy');
    copyRepository(copy);
    await checkVersions(copy);
    registry = await startRegistry(directory);
    const { url } = registry;
    const names = Object.keys(versionsIn(copy));
    await check('changeset publish publishes every package', () => {
      const published = publish(copy, url);
      const missing = names.filter(
        (name) => !published.some((tag) => tag.startsWith(`@ns/${name}@`)),
      );
      must(missing.length === 0, `not published: ${missing.join(', ')}`);
      return published.join(', ');
    });
    await check('every package is used', () => {
      const unused = names.filter((name) => !(name in smoke));
      must(unused.length === 0, `smoke.mjs has no program for ${unused.join(', ')}`);
    });
    for (const name of Object.keys(smoke)) {
      const project = new Project(join(directory, name), url);
      await check(`@ns/${name} alone, by npm`, () => project.install('npm', [`@ns/${name}`]));
      if (name === 'pid') await checkSizes(project);
      tellImportTime(project, name);
      project.install('npm', ['--save-dev', project.typesOfNode]);
      await checkUse(project, name);
      if (name === 'cli') await checkCommand(project);
      const other = new Project(join(directory, `${name}-pnpm`), url);
      await check(`@ns/${name} alone, by pnpm`, () => {
        other.install('pnpm', [`@ns/${name}`]);
        must(
          other.runAs(process.execPath, smoke[name] ?? '', 'mjs').trim() === 'ok',
          'it does not work',
        );
      });
    }
  } finally {
    await registry?.stop();
    rmSync(directory, { recursive: true });
  }
  console.log(`\n${sum.passed} passed, ${sum.failed} failed`);
  if (sum.failed > 0) process.exitCode = 1;
}

await main();
