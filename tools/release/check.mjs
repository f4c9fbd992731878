// `npm run release:check`: makes versions on a copy of the repository, publishes them to a registry
// on loopback, installs each package alone into fresh projects and uses it there.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Project, sizeOf } from './project.mjs';
import { startRegistry } from './registry.mjs';
import { smoke } from './smoke.mjs';
import { copyRepository, makeVersions, noteChange, versionsIn } from './versions.mjs';

const MEGABYTE = 1_000_000;
const KILOBYTE = 1000;

const peers = fileURLToPath(new URL('peers', import.meta.url));
const nodes = [
  process.execPath,
  ...['node22', 'node24'].map((name) => `${peers}/node_modules/${name}/bin/node`),
];

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

/** @param {string} copy @param {string} url */
function publish(copy, url) {
  const { host } = new URL(url);
  for (const name of Object.keys(versionsIn(copy))) {
    // The registry lets everybody publish; npm wants a token all the same.
    const args = [
      'publish',
      '--registry',
      url,
      '--provenance=false',
      `--//${host}/:_authToken=none`,
    ];
    execFileSync('npm', args, {
      cwd: join(copy, 'packages', name),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  }
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

/** Informs only: a time is no reason to fail. @param {Project} project @param {string} name */
function tellImportTime(project, name) {
  const source = `await import('koffi'); const koffi = performance.now();
    await import('@ns/${name}'); console.log(performance.now() - koffi);`;
  const times = Array.from({ length: 15 }, () =>
    Number(project.runAs(process.execPath, source, 'mjs')),
  );
  const median = times.sort((a, b) => a - b)[7] ?? 0;
  const aim = name === 'sandbox' ? '' : ' (aim: 15)';
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
    publish(copy, registry.url);
    for (const name of Object.keys(smoke)) {
      const project = new Project(join(directory, name), registry.url);
      await check(`@ns/${name} alone, by npm`, () => project.install('npm', [`@ns/${name}`]));
      if (name === 'pid') await checkSizes(project);
      tellImportTime(project, name);
      project.install('npm', ['--save-dev', project.typesOfNode]);
      await checkUse(project, name);
      const other = new Project(join(directory, `${name}-pnpm`), registry.url);
      await check(`@ns/${name} alone, by pnpm`, () => {
        other.install('pnpm', [`@ns/${name}`]);
        must(
          other.runAs(process.execPath, smoke[name] ?? '', 'mjs').trim() === 'ok',
          'it does not work',
        );
      });
    }
    const cli = new Project(join(directory, 'cli'), registry.url);
    await check('@ns/cli alone, and its command', () => {
      cli.install('npm', ['@ns/cli']);
      const ns = join(cli.directory, 'node_modules/.bin/ns');
      const output = execFileSync(ns, ['run', '--', 'id', '-u'], { encoding: 'utf8' });
      must(output === '0\n', `ns run id -u printed ${JSON.stringify(output)}`);
    });
  } finally {
    await registry?.stop();
    rmSync(directory, { recursive: true });
  }
  console.log(`\n${sum.passed} passed, ${sum.failed} failed`);
  if (sum.failed > 0) process.exitCode = 1;
}

await main();
