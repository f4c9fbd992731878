// Steps of a CI: each command sees the work tree, which it may change, and the host's programs. It sees
// no home directory, no network and no variables but its own; the secret is a file for one step only.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { build, isRunError, sandbox } from '@ns/sandbox';

interface Step {
  readonly name: string;
  readonly run: string;
  readonly secrets?: Record<string, string>;
}

const steps: readonly Step[] = [
  { name: 'build', run: 'tr a-z A-Z < source > result' },
  { name: 'test', run: 'grep -q HELLO result; test ! -e /run/secrets/token' },
  {
    name: 'sign',
    run: 'cat result /run/secrets/token | cksum > result.sum',
    secrets: { token: 's3cret' },
  },
  { name: 'publish', run: 'echo to whom? >&2; exit 7' },
];

const tree = mkdtempSync('/var/tmp/tree-');
writeFileSync(`${tree}/source`, 'hello\n');
try {
  for (const { name, run, secrets = {} } of steps) {
    try {
      const options = build(tree, { secrets, timeout: 60_000 });
      const { durationMs } = await sandbox.run('sh', ['-ec', run], options);
      console.log(`${name}: ok, ${Math.ceil(durationMs)} ms`);
    } catch (error) {
      if (!isRunError(error)) throw error;
      console.log(`${name}: failed with ${error.exitCode}: ${String(error.stderr).trim()}`);
    }
  }
} finally {
  rmSync(tree, { recursive: true });
}
