// Attacks on paths that are shown read-only or protected inside of writable ones.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { run as runPlain } from '@ns/core';
import { describe, expect, test } from 'vitest';
import { createSandbox } from '../create-sandbox.js';
import { build, host } from '../options/presets.js';
import type { SandboxOptions } from '../options/types.js';
import { plan } from '../plan.js';
import { run } from '../run.js';
import { box, outside, readableByOthers, sh } from '../sandbox.testing.js';

readableByOthers();

const system = ['/usr', '/bin', '/lib', '/lib64'].filter((path) => existsSync(path));

/** A work tree with a repository, in which everything is writable for everyone. */
async function repository(): Promise<string> {
  const tree = outside();
  mkdirSync(join(tree, 'a/b/.git/hooks'), { recursive: true });
  writeFileSync(join(tree, 'a/b/.git/hooks/pre-commit'), 'good');
  await runPlain('chmod', ['-R', 'a+rwX', tree]);
  return tree;
}

const evil = (path: string) =>
  `mkdir -p ${path}; echo evil > ${path}/pre-commit; echo evil > ${path}/new`;

describe('a path inside another keeps its own access', () => {
  // SECURITY.md S11
  const ways: [string, (tree: string, git: string) => SandboxOptions][] = [
    ['options', (tree, git) => ({ writable: [tree], readable: [git] })],
    ['host()', (tree, git) => host({ readable: [...system, git], writable: [tree] })],
    ['build()', (tree, git) => build(tree, { readable: [git] })],
    [
      'a longer chain',
      (tree, git) => ({ writable: [`${tree}/a`, git.slice(0, -5)], readable: [tree, git] }),
    ],
  ];
  test.each(ways)('by %s, whatever is written or renamed around it', async (_, options) => {
    const tree = await repository();
    const git = join(tree, 'a/b/.git');
    const hooks = join(git, 'hooks');
    const attack = [
      evil(hooks),
      `rm -rf ${git}; ${evil(hooks)}`,
      `mv ${git} ${tree}/moved; ${evil(hooks)}`,
      `mv ${tree}/a/b ${tree}/a/moved; ${evil(hooks)}`,
      `mv ${tree}/a ${tree}/moved; ${evil(hooks)}`,
      `mkdir -p ${tree}/other/b/.git/hooks; mv -T --exchange ${tree}/other ${tree}/a; ${evil(hooks)}`,
      `ln ${hooks}/pre-commit ${tree}/hard && echo evil > ${tree}/hard`,
      `umount ${git}; mount -o remount,rw ${git}; ${evil(hooks)}`,
    ].join('\n');
    const made = await box(options(tree, git));
    await sh(made, attack);
    await sh(made, `echo made > ${tree}/a/b/result`);
    await made.stop();
    expect(readFileSync(join(hooks, 'pre-commit'), 'utf8')).toBe('good');
    expect(readdirSync(hooks)).toEqual(['pre-commit']);
    expect(readFileSync(join(tree, 'a/b/result'), 'utf8')).toBe('made\n');
  });

  test('the attack succeeds where all of it is writable', async () => {
    const tree = await repository();
    const hooks = join(tree, 'a/b/.git/hooks');
    await sh(await box({ writable: [tree] }), evil(hooks));
    expect(readFileSync(join(hooks, 'new'), 'utf8')).toBe('evil\n');
  });

  test('through links too, which cannot be replaced', async () => {
    const tree = await repository();
    const store = outside();
    mkdirSync(join(store, 'hooks'), { mode: 0o777 });
    symlinkSync(store, join(tree, 'link'));
    const made = await box({ writable: [tree, store], readable: [join(tree, 'link/hooks')] });
    await sh(made, `${evil(`${store}/hooks`)}; ${evil(`${tree}/link/hooks`)}`);
    await sh(made, `rm -f ${tree}/link; mv ${tree}/link ${tree}/x; ${evil(`${tree}/link/hooks`)}`);
    expect(await sh(made, `echo made > ${store}/result; cat ${tree}/link/result`)).toBe('made');
    expect(lstatSync(join(tree, 'link')).isSymbolicLink()).toBe(true);
    expect(readdirSync(join(store, 'hooks'))).toEqual([]);
  });

  test('by where a link leads, however long its own path is', async () => {
    const tree = await repository();
    const names = outside();
    const link = join(names, 'much/deeper/than/the/tree/link');
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(tree, link);
    const readable = [names, join(tree, 'a'), join(tree, 'a/b/.git')];
    const made = await box({ writable: [link], readable });
    expect(await sh(made, `echo x > ${tree}/x; cat ${tree}/x; echo x > ${tree}/a/b/evil`)).toMatch(
      /^x\n.*Read-only file system$/,
    );
    expect(readdirSync(join(tree, 'a/b'))).toEqual(['.git']);
  });

  test('a writable path inside a read-only one can be changed', async () => {
    const tree = await repository();
    const made = await box({ readable: [tree], writable: [join(tree, 'a/b')] });
    expect(
      await sh(made, `echo x > ${tree}/a/b/x; cat ${tree}/a/b/x; echo x > ${tree}/a/x`),
    ).toMatch(/^x\n.*Read-only file system$/);
  });

  test('paths inside of those of a preset can be changed', async () => {
    const tree = outside();
    mkdirSync(join(tree, 'sub'));
    chmodSync(join(tree, 'sub'), 0o777);
    const shown = host({ readable: [...system, tree] }, { writable: [join(tree, 'sub')] });
    await run('/bin/sh', ['-c', `echo made > ${tree}/sub/result`], shown);
    const mounts = [{ type: 'bind', source: tree, target: tree, readonly: true } as const];
    await run('sh', ['-c', `echo more >> ${tree}/sub/result`], {
      mounts,
      writable: [`${tree}/sub`],
    });
    expect(readFileSync(join(tree, 'sub/result'), 'utf8')).toBe('made\nmore\n');
  });

  test('the same path cannot be both, by any of its names', async () => {
    const tree = outside();
    symlinkSync(tree, `${tree}/self`);
    for (const options of [
      { readable: [tree], writable: [tree] },
      { readable: [`${tree}/`], writable: [tree] },
      { readable: [`${tree}/self`], writable: [tree] },
      { writable: [tree], protect: [tree] },
      build(tree, { readable: [tree] }),
    ]) {
      await expect(createSandbox(options)).rejects.toThrow(TypeError);
      await expect(createSandbox(options)).rejects.toThrow('must not have the same path');
    }
    await expect(createSandbox({ writable: [tree], protect: ['/usr'] })).rejects.toThrow(
      'options.protect must have paths inside of those of options.writable, got /usr',
    );
  });
});

/** Everything below a directory, with its kind. */
const listing = (tree: string) =>
  (readdirSync(tree, { recursive: true }) as string[])
    .map((name) => `${name} ${lstatSync(join(tree, name)).mode.toString(8)}`)
    .sort();

const names = [
  ...['.git/hooks/pre-commit', '.git/config', '.git/commondir', '.git/modules/x/config'],
  ...['.gitconfig', '.bashrc', '.profile', '.zshrc', '.vscode/tasks.json', '.idea/x', '.mcp.json'],
  ...['.claude/commands/x', '.claude/settings.json', '.ripgreprc'],
];
const plant = (tree: string) =>
  names
    .map(
      (name) =>
        `mkdir -p $(dirname ${tree}/${name}); echo evil > ${tree}/${name}; rm -rf ${tree}/${name}; mv ${tree}/result ${tree}/${name}`,
    )
    .concat(
      `mv ${tree}/.git ${tree}/old; mkdir -p ${tree}/.git/hooks && echo evil > ${tree}/.git/hooks/x`,
    )
    .join('\n');

describe('build() protects what programs of the host run', () => {
  test.each<[string, (tree: string) => void]>([
    ['where nothing is', () => {}],
    [
      'in a repository',
      (tree) => {
        mkdirSync(join(tree, '.git/objects'), { recursive: true, mode: 0o777 });
        writeFileSync(join(tree, '.git/config'), '[core]');
        mkdirSync(join(tree, '.claude'));
        writeFileSync(join(tree, '.bashrc'), 'own');
      },
    ],
    ['in a linked work tree', (tree) => writeFileSync(join(tree, '.git'), 'gitdir: /srv/main')],
    [
      'behind links',
      (tree) => {
        mkdirSync(join(tree, 'dot'), { mode: 0o777 });
        writeFileSync(join(tree, 'dot/bashrc'), 'own');
        symlinkSync('dot/bashrc', join(tree, '.bashrc'));
        symlinkSync('dot', join(tree, '.vscode'));
      },
    ],
  ])('%s, and leaves nothing behind', async (_, prepare) => {
    const tree = outside();
    prepare(tree);
    await runPlain('chmod', ['-R', 'a+rwX', tree]);
    const before = listing(tree);
    const made = await box(build(tree));
    await sh(made, plant(tree));
    expect(await sh(made, `echo built > ${tree}/result; cat ${tree}/result`)).toBe('built');
    await made.stop();
    expect(listing(tree).filter((one) => !one.startsWith('result '))).toEqual(before);
    expect((await runPlain('grep', ['-r', 'evil', tree], { reject: false })).stdout).toBe('');
  });

  test('unless it is said otherwise', async () => {
    const tree = outside();
    await run(
      'sh',
      ['-c', 'echo own > .bashrc; mkdir -p .git/hooks'],
      build(tree, { protect: [] }),
    );
    expect(readdirSync(tree).sort()).toEqual(['.bashrc', '.git']);
    const some = build(tree, { protect: [join(tree, 'only')] });
    const { stdout } = await run('sh', ['-c', 'echo x > only || echo x > .zshrc; ls -A'], some);
    expect(stdout.split('\n')).toEqual(expect.arrayContaining(['.zshrc', 'only']));
    expect(readdirSync(tree).sort()).toEqual(['.bashrc', '.git', '.zshrc']);
    const hooks = join(tree, '.git/hooks');
    await run('sh', ['-c', `echo own > ${hooks}/x`], build(tree, { writable: [hooks] }));
    expect(readdirSync(hooks)).toEqual(['x']);
  });

  test('in a work tree inside of another writable path too', async () => {
    const top = outside();
    const tree = join(top, 'a/tree');
    mkdirSync(tree, { recursive: true });
    await runPlain('chmod', ['-R', 'a+rwX', top]);
    const made = await box(build(tree, { writable: [top] }));
    await sh(made, `${plant(tree)}; mv ${top}/a ${top}/b; ${plant(tree)}`);
    await made.stop();
    expect(readdirSync(tree)).toEqual([]);
  });

  test('for all sandboxes of a tree, until the last one ends', async () => {
    const tree = outside();
    const first = await createSandbox(build(tree));
    const second = await createSandbox(build(tree));
    await first.stop();
    expect(await sh(second, `echo evil > ${tree}/.bashrc; mkdir ${tree}/.git/hooks`)).toMatch(
      /Read-only[\s\S]*Read-only/,
    );
    await second.stop();
    expect(readdirSync(tree)).toEqual([]);
    const many = await Promise.all(Array.from({ length: 8 }, () => createSandbox(build(tree))));
    await Promise.all(many.map((one) => one.stop()));
    expect(readdirSync(tree)).toEqual([]);
  });

  test('and the next sandbox takes away what a killed process has left', async () => {
    const tree = outside();
    const module = new URL('../../dist/index.js', import.meta.url).href;
    const source = `
      import { build, sandbox } from ${JSON.stringify(module)};
      await sandbox.create(build(${JSON.stringify(tree)}));
      console.log('made');
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(createInterface({ input: child.stdout }), 'line');
    child.kill('SIGKILL');
    await once(child, 'close');
    expect(readdirSync(tree)).toContain('.bashrc');
    expect(await sh(await box(build(tree)), `echo evil > ${tree}/.bashrc`)).toContain('Read-only');
    const made = await createSandbox(build(tree));
    await made.stop();
    expect(readdirSync(tree)).toContain('.bashrc'); // of the other one
  });

  test('and a plan makes none of it', () => {
    const tree = outside();
    const { mounts } = plan(build(tree));
    expect(mounts.map(({ target }) => target)).toContain(join(tree, '.bashrc'));
    expect(readdirSync(tree)).toEqual([]);
  });

  test('and what others have put into a placeholder stays', async () => {
    const tree = outside();
    const made = await createSandbox(build(tree, { protect: [join(tree, 'file')] }));
    await runPlain('sh', ['-c', `chmod 600 ${tree}/file && echo mine > ${tree}/file`]);
    await made.stop();
    expect(readFileSync(join(tree, 'file'), 'utf8')).toBe('mine\n');
  });
});
