// What `changeset version` and `changeset publish` do, on a copy of the repository.
import { execFileSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A copy of the repository as it is, build included. @param {string} directory */
export function copyRepository(directory) {
  const left = new Set(['node_modules', '.git', '.nx', 'tmp']);
  cpSync(root, directory, {
    recursive: true,
    filter: (path) => !left.has(path.slice(path.lastIndexOf('/') + 1)),
  });
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'));
  git(directory, 'init', '--quiet', '--initial-branch', 'main');
  commit(directory);
}

/** @param {string} directory @param {readonly string[]} args */
function git(directory, ...args) {
  const identity = ['-c', 'user.name=check', '-c', 'user.email=check@localhost'];
  execFileSync('git', [...identity, ...args], { cwd: directory, stdio: 'ignore' });
}

/** @param {string} directory */
function commit(directory) {
  git(directory, 'add', '--all');
  git(directory, 'commit', '--quiet', '--message', 'state');
}

/** The versions of the packages by name. @param {string} directory @returns {Record<string, string>} */
export function versionsIn(directory) {
  const entries = readdirSync(join(directory, 'packages')).flatMap((name) => {
    const text = readFileSync(join(directory, 'packages', name, 'package.json'), 'utf8');
    const manifest = JSON.parse(text);
    return manifest.private ? [] : [[name, manifest.version]];
  });
  return Object.fromEntries(entries);
}

const changeset = join(root, 'node_modules/@changesets/cli/bin.js');

/**
 * Publishes all packages to a registry that does not check credentials.
 *
 * @param {string} directory
 * @param {string} url of the registry
 * @returns {string[]} the tags that stand for what was published
 */
export function publish(directory, url) {
  // npm wants a token all the same. The user's own settings are left out: nothing of a check must come to
  // the world's registry.
  const file = join(directory, '..', 'publish.npmrc');
  writeFileSync(file, `//${new URL(url).host}/:_authToken=none\nprovenance=false\n`);
  const settings = { NPM_CONFIG_USERCONFIG: file, npm_config_registry: url };
  execFileSync(process.execPath, [changeset, 'publish'], {
    cwd: directory,
    env: { ...process.env, ...settings },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return execFileSync('git', ['tag'], { cwd: directory, encoding: 'utf8' }).trim().split('\n');
}

/** Turns the pending changesets into versions. @param {string} directory */
export function makeVersions(directory) {
  execFileSync(process.execPath, [changeset, 'version'], { cwd: directory, stdio: 'ignore' });
  commit(directory);
}

/** Notes a change of one package. @param {string} directory @param {string} name */
export function noteChange(directory, name) {
  const text = `---\n'@ns/${name}': patch\n---\n\nA change.\n`;
  writeFileSync(join(directory, '.changeset', 'a-change.md'), text);
  commit(directory);
}
