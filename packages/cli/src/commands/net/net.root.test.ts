import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { ns, words } from '../../testing/ns.js';

const command = words()
  .map((word) => `'${word}'`)
  .join(' ');

/** Runs a script with names of its own: /run is another one in there. `ns` is our command. */
function script(text: string): string {
  const lines = `mount -t tmpfs tmpfs /run; ns() { ${command} "$@"; }; ${text}`;
  return execFileSync('unshare', ['--mount', 'sh', '-ec', lines], { encoding: 'utf8' });
}

test('ns net add, ls and del share names with ip netns', () => {
  expect(script('ns net add blue; ip netns list')).toMatch(/^blue\b/);
  expect(script('ip netns add red; ns net ls')).toMatch(/^NAME NSID\nred\s*\n$/);
  expect(JSON.parse(script('ns net add blue; ns net ls --json'))).toMatchObject({
    namespaces: [{ name: 'blue' }],
  });
  expect(script('ip netns add red; ns net del red; ip netns list')).toBe('');
});

test('ns net add, del and pids print objects with --json', () => {
  const text = `ns net add blue --json; readlink /run/netns/blue || stat -c %i /run/netns/blue
    ip netns exec blue sleep 60 & sleep 0.2
    until ns net pids blue | grep -q .; do sleep 0.1; done
    ns net pids blue --json; ns net identify --json; kill $!
    ns net del --json blue; ns net del --json blue || true`;
  const lines = script(`{ ${text}; } 2>&1`);
  const [add, inode, pids, identify, del, missing] = lines
    .replace(/^\{\n[\s\S]*?^\}$/gm, (object) => JSON.stringify(JSON.parse(object)))
    .trim()
    .split('\n');
  expect(JSON.parse(add ?? '')).toEqual({ name: 'blue', inode: Number(inode) });
  expect(JSON.parse(pids ?? '')).toEqual({ name: 'blue', processes: [expect.any(Number)] });
  expect(JSON.parse(identify ?? '')).toEqual({ names: [] });
  expect(JSON.parse(del ?? '')).toEqual({ name: 'blue' });
  expect(JSON.parse(missing ?? '').error).toMatchObject({ code: 'ENOENT', exitCode: 125 });
});

test('ns net exec runs a command in the namespace, and ends as the command does', () => {
  const text = `ns net add blue
    ns net exec blue -- readlink /proc/self/ns/net
    ip netns exec blue readlink /proc/self/ns/net
    ns net exec blue sh -c 'exit 3' || echo "code=$?"
    ns net exec blue no-such-command 2>/dev/null || echo "code=$?"`;
  const [ours, theirs, ...codes] = script(text).trimEnd().split('\n');
  expect(ours).toMatch(/^net:/);
  expect(ours).toBe(theirs);
  expect(codes).toEqual(['code=3', 'code=127']);
});

test('ns net pids finds processes by name, identify names by process', () => {
  const text = `ns net add blue
    ip netns exec blue sleep 60 & sleep 0.2
    until ns net pids blue | grep -q .; do sleep 0.1; done
    ns net pids blue | tr -d '\\n'; echo " $!"
    ns net identify $!
    ns net identify
    kill $!`;
  const [pids, name, ...others] = script(text).trimEnd().split('\n');
  expect(pids?.split(' ')[0]).toBe(pids?.split(' ')[1]);
  expect([name, ...others]).toEqual(['blue']);
});

test.each([
  [['nothing'], "'ns net nothing' is not a command (known: ls"],
  [['add'], 'the name is missing'],
  [['add', 'a', 'b'], "unexpected 'b'"],
  [['add', '../a'], 'name'],
  [['exec', 'a'], 'the command is missing'],
  [['identify', 'x'], "the process id must be a number, got 'x'"],
  [['exec', 'no-such-name', 'true'], 'ENOENT'],
])('ns net refuses %j in one line', (args, message) => {
  const { status, stderr } = ns('net', ...args);
  expect(status).toBe(125);
  expect(stderr).toContain(message);
  expect(stderr).toMatch(/^ns net: .*\n$/);
});
