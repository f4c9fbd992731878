import { execFileSync } from 'node:child_process';
import { expect, onTestFinished, test } from 'vitest';
import { ns, start } from '../../testing/ns.js';

interface Mount {
  target: string;
  type: string;
}

const targets = (list: Mount[]) => list.map(({ target }) => target).sort();

test('ns mounts prints all mounts that findmnt(8) finds', () => {
  const output = execFileSync('findmnt', ['--list', '--json'], { encoding: 'utf8' });
  const { mounts } = JSON.parse(ns('mounts', '--json').stdout);
  expect(targets(mounts)).toEqual(targets(JSON.parse(output).filesystems));
});

test('--in prints the mounts of the namespace of another process', async () => {
  const script = 'mount -t tmpfs tmpfs /mnt; echo ready; exec sleep 1000';
  const options = ['--user', '--map-root-user', '--mount', '--fork', '--kill-child'];
  const started = start('unshare', ...options, 'sh', '-c', script);
  onTestFinished(async () => {
    started.child.kill('SIGKILL');
    await started.ended();
  });
  await started.written('ready');
  const unshare = String(started.child.pid);
  const inside = JSON.parse(ns('mounts', '--in', unshare, '--json').stdout).mounts as Mount[];
  expect(inside.find(({ target }) => target === '/mnt')?.type).toBe('tmpfs');
});

test('ns mounts prints a table, and a tree with --tree', () => {
  const table = ns('mounts').stdout.trimEnd().split('\n');
  const tree = ns('mounts', '--tree').stdout.trimEnd().split('\n');
  expect(table[0]).toMatch(/^TARGET +SOURCE +FSTYPE +PROPAGATION +OPTIONS$/);
  expect(tree).toHaveLength(table.length);
  expect(tree.some((line) => /^ +\/proc +proc +proc /.test(line))).toBe(true);
});

interface Branch {
  target: string;
  children?: Branch[];
}

/** The lines of a tree: `  /proc` below `/`. */
function linesOf(branches: Branch[], depth = 0): string[] {
  return branches.flatMap(({ target, children = [] }) => [
    '  '.repeat(depth) + target,
    ...linesOf(children, depth + 1),
  ]);
}

test('--tree prints the tree of findmnt(8), in the order of mounting', async () => {
  const script = `
    mount -t tmpfs tmpfs /mnt; cd /mnt
    for i in $(seq 12); do mkdir d$i; mount --bind d$i d$i; mkdir d$i/e; mount --bind d$i d$i/e; done
    echo ready; exec sleep 1000`;
  const options = ['--user', '--map-root-user', '--mount', '--fork', '--kill-child'];
  const started = start('unshare', ...options, 'sh', '-ec', script);
  onTestFinished(async () => {
    started.child.kill('SIGKILL');
    await started.ended();
  });
  await started.written('ready');
  const unshare = String(started.child.pid);
  const output = execFileSync('findmnt', ['--json', '--task', unshare], { encoding: 'utf8' });
  const tree = ns('mounts', '--tree', '--in', unshare).stdout.split('\n').slice(1, -1);
  const targets = tree.map((line) => /^ *[^ ]*/.exec(line)?.[0]);
  expect(targets.toSorted()).toEqual(linesOf(JSON.parse(output).filesystems).sort());
  const made = Array.from({ length: 12 }, (_, i) => [
    `    /mnt/d${i + 1}`,
    `      /mnt/d${i + 1}/e`,
  ]);
  expect(targets.filter((line) => /\/mnt(\/d|$)/.test(line ?? ''))).toEqual([
    '  /mnt',
    ...made.flat(),
  ]);
});
