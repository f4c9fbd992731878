import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ns, words } from '../../testing/ns.js';

const command = words()
  .map((word) => `'${word}'`)
  .join(' ');
let directory: string;
let file: string;

/** Runs a script with names of its own: /run is another one in there. `ns` is our command. */
function script(text: string): string {
  const lines = `mount -t tmpfs tmpfs /run; ns() { ${command} "$@"; }; LAB='${file}'; ${text}`;
  return execFileSync('unshare', ['--mount', 'sh', '-ec', lines], { encoding: 'utf8' });
}

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'ns-lab-'));
  file = join(directory, 'lab.json');
  const lab = {
    namespaces: {
      blue: { interfaces: { eth0: { addresses: ['10.0.0.1/24'] }, br0: { kind: 'bridge' } } },
      red: { interfaces: { eth0: { addresses: ['10.0.0.2/24'] } } },
    },
    cables: [['blue:eth0', 'red:eth0']],
  };
  writeFileSync(file, JSON.stringify(lab));
});
afterAll(() => rmSync(directory, { recursive: true }));

test('ns net topology plans, creates and removes a lab', () => {
  const text = `ns net topology plan "$LAB"; ns net topology up "$LAB"; echo made
    ns net topology plan "$LAB"; ip -n red -br address show dev eth0
    ns net topology plan - < "$LAB"; ns net topology down "$LAB"; ip netns list`;
  const [before, after] = script(text).split('made\n');
  expect(before).toContain('+ cable blue:eth0 -- red:eth0\n');
  expect(after).toMatch(/^eth0@\S+ +UP +10\.0\.0\.2\/24/);
  expect(after?.trim().split('\n')).toHaveLength(1);
});

test('ns net topology --json prints the steps, and the namespaces that are removed', () => {
  const lines = ['plan', 'up', 'plan', 'down', 'down'].map(
    (what) => `ns net topology ${what} "$LAB" --json | tr -d '\\n'; echo`,
  );
  const [plan, up, ...rest] = script(lines.join('; '))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(plan.steps[0]).toEqual({ step: 'add namespace', namespace: 'blue' });
  expect(up).toEqual(plan);
  const namespaces = [{ name: 'blue' }, { name: 'red' }];
  expect(rest).toEqual([{ steps: [] }, { namespaces }, { namespaces: [] }]);
});

test('ns net show prints the contents of a namespace, and where its links lead', () => {
  const text = script(
    'ns net topology up "$LAB"; ns net show --in blue; ns net show --in red --json',
  );
  expect(text).toMatch(/^blue net:\[\d+\], 0 processes\n/);
  expect(text).toContain('  eth0 (veth) up, mtu 1500 -> eth0 in red\n    10.0.0.1/24\n');
  expect(text).toContain('  br0 (bridge) up');
  expect(text).toContain('  route 10.0.0.0/24 dev eth0\n');
  const { namespaces } = JSON.parse(text.slice(text.indexOf('\n{')));
  expect(namespaces).toMatchObject([
    { names: ['red'], links: [{ ifname: 'lo' }, { ifname: 'eth0', peer: { ifname: 'eth0' } }] },
  ]);
});

test('ns net graph connects the ends of each pair, for Graphviz and Mermaid', () => {
  const text = script('ns net topology up "$LAB"; ns net graph; ns net graph --format mermaid');
  const [dot = '', mermaid = ''] = text.split('graph LR\n');
  const ids = [...dot.matchAll(/(n\d+_\d+) \[label="eth0\\n10\.0\.0\.[12]\/24"\]/g)].map(
    ([, id]) => id,
  );
  expect(ids).toHaveLength(2);
  const joined = new RegExp(`(${ids.join(' (--|===) ')}|${ids.reverse().join(' (--|===) ')})`);
  expect(dot).toMatch(/^graph network \{/);
  expect(dot).toMatch(joined);
  expect(dot).toContain('label="blue"');
  expect(mermaid).toMatch(joined);
  expect(mermaid).toMatch(/subgraph ns\d+\["red"\]/);
});

test.each([
  [['show', 'x'], "unexpected 'x'"],
  [['show', '--in', 'no-such-name'], 'ENOENT'],
  [['graph', '--format', 'x'], '--format must be one of dot, mermaid'],
  [['topology', 'up'], 'the file is missing'],
  [['topology', 'x', 'y'], "topology must be up, down or plan, got 'x'"],
  [['topology', 'plan', '/dev/null'], '/dev/null is not JSON'],
])('ns net topology refuses %j in one line', (args, message) => {
  const { status, stderr } = ns('net', ...args);
  expect(status).toBe(125);
  expect(stderr).toContain(message);
  expect(stderr).toMatch(/^ns net: .*\n$/);
});
