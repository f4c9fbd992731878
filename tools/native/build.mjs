// Builds packages/core/native into packages/core/prebuilds, for x64 and arm64.
// With --check: builds into a temporary directory instead and fails on a differing byte.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const core = fileURLToPath(new URL('../../packages/core/', import.meta.url));
const compilers = {
  x64: ['x86_64-linux-gnu-gcc'],
  arm64: ['aarch64-linux-gnu-gcc', '-mno-outline-atomics'],
};
const common = [
  '-std=c11 -O2 -Wall -Wextra -Werror -ffreestanding -fno-builtin -nostdlib -s',
  // The child runs on its parent's thread pointer: no stack protector, no thread-local storage.
  '-fno-stack-protector -fvisibility=hidden -fno-asynchronous-unwind-tables -fno-ident',
  '-Wl,--build-id=none -Wl,-z,noexecstack -Wl,-z,now -Wl,-z,relro -Wl,-z,noseparate-code',
].flatMap((line) => line.split(' '));
const outputs = {
  'spawn.so': ['-shared', '-fPIC', '-Wl,-z,defs', 'spawn.c'],
  runner: ['-static', '-no-pie', 'runner.c'],
};

function build(directory) {
  for (const [arch, [compiler, ...extra]] of Object.entries(compilers)) {
    mkdirSync(join(directory, `linux-${arch}`), { recursive: true });
    for (const [name, options] of Object.entries(outputs)) {
      const target = join(directory, `linux-${arch}`, name);
      execFileSync(compiler, [...common, ...extra, ...options, '-o', target], {
        cwd: join(core, 'native'),
        stdio: 'inherit',
      });
    }
  }
}

const committed = join(core, 'prebuilds');
if (process.argv.includes('--check')) {
  const fresh = mkdtempSync(join(tmpdir(), 'ns-native-'));
  try {
    build(fresh);
    for (const arch of Object.keys(compilers)) {
      for (const name of Object.keys(outputs)) {
        const file = join(`linux-${arch}`, name);
        if (!readFileSync(join(fresh, file)).equals(readFileSync(join(committed, file)))) {
          console.error(`prebuilds/${file} is not what the sources give: run npm run native`);
          process.exitCode = 1;
        }
      }
    }
  } finally {
    rmSync(fresh, { recursive: true });
  }
} else {
  build(committed);
}
