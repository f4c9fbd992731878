// Runs the tests of the package in the working directory: `node run.mjs [--once] [vitest options]`;
// in the root of the tree, those of the files that are named.
//
// For root they run twice, the second time as an ordinary user: $NS_TEST_USER, or `ns-test` if there
// is such a user, or `daemon`. Not as `nobody`, whose uid stands for every unmapped one. A run for
// which none of the named files is meant is left out.
//
// The reports go to tmp/test-results of the package, in the tree or below $NS_TEST_RESULTS.
import { spawnSync } from 'node:child_process';
import {
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { resultsOf, root } from './reports.mjs';

const once = process.argv[2] === '--once';
const options = process.argv.slice(once ? 3 : 2);
const project = relative(root, process.cwd());
const config = project === '' ? ['--config', 'tools/test/tree.config.ts'] : [];
const vitest = [
  ...['node_modules/vitest/vitest.mjs', 'run', '--configLoader', 'runner'],
  ...[...config, ...options],
];
const named = options.filter((option) => option.endsWith('.test.ts'));
const results = resultsOf(process.env.NS_TEST_RESULTS ?? root, project);

// What a run reports that ended before it could.
const nothing = { kernel: release(), passed: 0, failed: 1, skipped: 0, tests: [] };

/** @typedef {{ name: string, uid: number, gid: number }} User */

/** @returns {User} */
function ordinaryUser() {
  const users = readFileSync('/etc/passwd', 'utf8').split('\n');
  for (const wanted of [process.env.NS_TEST_USER, 'ns-test', 'daemon']) {
    const [name, , uid, gid] =
      users.find((line) => line.startsWith(`${wanted}:`))?.split(':') ?? [];
    if (name && Number(uid) > 0) return { name, uid: Number(uid), gid: Number(gid) };
  }
  throw new Error('no ordinary user to test as: name one in NS_TEST_USER');
}

/**
 * @param {string} name of the run
 * @param {User} [user] to run as, if not the current one
 */
function run(name, user) {
  const temporary = mkdtempSync(join(tmpdir(), 'ns-test-'));
  try {
    const report = join(temporary, 'report.json');
    const env = { ...process.env, NS_TEST_REPORT: report };
    console.log(`\n${project || 'several packages'}: tests as ${name}`);
    const status =
      user === undefined
        ? spawnSync(process.execPath, [join(root, vitest[0] ?? ''), ...vitest.slice(1)], {
            stdio: 'inherit',
            env,
          }).status
        : runAs(user, temporary, env);
    if (!existsSync(report)) writeFileSync(report, JSON.stringify(nothing));
    mkdirSync(results, { recursive: true });
    copyFileSync(report, join(results, `${name}.json`));
    if (status !== 0) process.exitCode = 1;
  } finally {
    rmSync(temporary, { recursive: true });
  }
}

/**
 * @param {User} user
 * @param {string} home
 * @param {NodeJS.ProcessEnv} inherited
 */
function runAs({ name, uid, gid }, home, inherited) {
  chownSync(home, uid, gid);
  /** @type {NodeJS.ProcessEnv} */
  const env = { ...inherited, TMPDIR: home, USER: name, LOGNAME: name };
  if (env.HOME !== undefined) env.HOME = home;
  const [script = '', ...rest] = vitest;
  const visible = spawnSync('test', ['-r', join(root, 'package.json')], { uid, gid });
  if (visible.status === 0) {
    const args = [join(root, script), ...rest];
    return spawnSync(process.execPath, args, { uid, gid, env, stdio: 'inherit' }).status;
  }
  // The tree lies under a directory closed to others, such as /root: show it to this run at
  // another place. The mount exists in the run's own mount namespace only.
  const place = mkdtempSync('/tmp/ns-tree-');
  try {
    const lines = [
      'mount --bind "$1" "$2" && cd "$2/$3" && tree=$2 && shift 3',
      `exec setpriv --reuid ${uid} --regid ${gid} --clear-groups "$0" "$tree/$@"`,
    ];
    return spawnSync(
      'unshare',
      [
        ...['--mount', '--propagation', 'private', 'sh', '-ec', lines.join('\n')],
        ...[process.execPath, root, place, project, script, ...rest],
      ],
      { env, stdio: 'inherit' },
    ).status;
  } finally {
    rmdirSync(place);
  }
}

rmSync(results, { recursive: true, force: true });
// Ctrl-C ends vitest, and then this, cleaning up.
process.on('SIGINT', () => {});
const isRoot = process.getuid?.() === 0;
/** @param {string} others ending of the files that are not for this run */
const wanted = (others) => named.length === 0 || named.some((file) => !file.endsWith(others));
if (wanted(isRoot ? '.user.test.ts' : '.root.test.ts')) run(isRoot ? 'root' : 'user');
if (isRoot && !once && wanted('.root.test.ts')) run('user', ordinaryUser());
