import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run } from '../run.js';
import { outside } from '../sandbox.testing.js';
import { build, host, node, untrusted } from './presets.js';

test('untrusted shows programs, and nothing else of the host', async () => {
  const { stdout } = await run(
    'sh',
    ['-c', 'ls -A /etc /home 2>/dev/null; ulimit -n; id -u'],
    untrusted(),
  );
  expect(stdout).not.toMatch(/shadow|hostname|ns-test/);
  expect(stdout).toMatch(/^passwd$/m);
  expect(stdout).toMatch(/^256$/m);
  await expect(run('sh', ['-c', 'sleep 600'], untrusted({ timeout: 50 }))).rejects.toThrow(
    'timeout',
  );
});

test('build writes into its work tree, and nowhere else', async () => {
  const tree = outside();
  await run('sh', ['-c', 'echo built > result; touch /usr/x || true'], build(tree));
  expect(readFileSync(join(tree, 'result'), 'utf8')).toBe('built\n');
});

test('host shows only the named paths', async () => {
  const data = outside();
  writeFileSync(join(data, 'in'), 'b\na\n');
  const system = ['/usr', '/bin', '/lib', '/lib64'];
  const named = host({ readable: [...system, data] });
  expect((await run('/usr/bin/sort', [join(data, 'in')], named)).stdout).toBe('a\nb\n');
  const { stdout } = await run('/usr/bin/ls', ['/'], named);
  expect(stdout.split('\n')).not.toContain('etc');
});

test('node shows the package of a module and the modules above', async () => {
  const top = outside();
  mkdirSync(join(top, 'node_modules/dependency'), { recursive: true });
  writeFileSync(join(top, 'node_modules/dependency/index.js'), 'module.exports = 42;');
  mkdirSync(join(top, 'app/src'), { recursive: true });
  writeFileSync(join(top, 'app/package.json'), '{}');
  writeFileSync(join(top, 'secret'), 'not of the package');
  const script = join(top, 'app/src/main.js');
  writeFileSync(
    script,
    `const { existsSync } = require('node:fs');
     console.log(require('dependency'), existsSync(${JSON.stringify(join(top, 'secret'))}));`,
  );
  expect((await run(process.execPath, [script], node(script))).stdout).toBe('42 false\n');
});

test('presets take options of the caller on top', () => {
  const mine = untrusted({ limits: { pids: 5 }, network: 'host', readable: ['/srv'] });
  expect(mine).toMatchObject({ limits: { pids: 5, memory: '512M' }, network: 'host' });
  expect(mine.readable).toEqual(['/srv']);
});

test('presets mount nothing of the host into another root', () => {
  const image = { directory: '/srv/image', overlay: 'discard' } as const;
  expect(untrusted({ root: image }).mounts).toEqual([]);
  expect(untrusted().mounts).not.toEqual([]);
});

test('presets refuse wrong arguments by their names', () => {
  for (const directory of ['', undefined, 5]) {
    expect(() => build(directory as never)).toThrow('directory must be a');
    expect(() => node(directory as never)).toThrow('script must be a');
  }
  expect(() => untrusted(null as never)).toThrow('options must be an object');
  expect(() => untrusted({ limits: null } as never)).toThrow('options.limits must be an object');
  expect(() => host({ readable: '/usr' } as never)).toThrow('paths.readable must be an array');
  expect(() => host({ paths: [] } as never)).toThrow('paths.paths is not known');
});
