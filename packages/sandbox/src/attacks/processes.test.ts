// Attacks on other processes: those of the host, the init of the sandbox, and its caller.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { run as runPlain } from '@ns/core';
import { syscallNumber } from '@ns/core/sys';
import { mount } from '@ns/mount';
import { pid } from '@ns/pid';
import { user } from '@ns/user';
import { expect, onTestFinished, test } from 'vitest';
import { box, sh } from '../sandbox.testing.js';
import { expectToWithstand, plain, privileged } from './attack.testing.js';

/** Starts another process of the same user, with a secret in its environment. */
async function victim(): Promise<ChildProcess & { pid: number }> {
  const child = spawn('sleep', ['600'], { env: { PATH: process.env.PATH, VICTIM: 'hush-hush' } });
  await once(child, 'spawn');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  return child as ChildProcess & { pid: number };
}

test('the environment of processes outside cannot be read', async () => {
  const { pid: number } = await victim();
  // By its number, and by a search of all there are.
  const script = `for f in /proc/${number} /proc/[0-9]*; do tr '\\0' '\\n' < $f/environ; done 2>/dev/null | grep VICTIM=`;
  await expectToWithstand({ script, success: /hush-hush/ });
});

test('the memory of processes outside cannot be read', async () => {
  const { pid: number } = await victim();
  const script = `perl -e '
    for my $p (${number}, map { /(\\d+)/ } glob "/proc/[0-9]*") {
      next if $p == $$ or $p == getppid;
      open my $maps, "<", "/proc/$p/maps" or next;
      for (<$maps>) {
        /^(\\w+)-(\\w+) rw.*\\[stack\\]/ or next;
        open my $mem, "<", "/proc/$p/mem" or next;
        seek $mem, hex $1, 0; read $mem, my $stack, hex($2) - hex $1;
        print $1 if $stack =~ /VICTIM=(hush-hush)/;
      }
    }'`;
  await expectToWithstand({ script, success: /hush-hush/ });
});

test('processes outside get no signals', async () => {
  const other = await victim();
  await sh(await box(), `kill -KILL ${other.pid}; kill -KILL -1`);
  process.kill(other.pid, 0); // it is still there
  await plain(`kill -KILL ${other.pid}`);
  if (other.signalCode === null) await once(other, 'exit');
  expect(other.signalCode).toBe('SIGKILL');
});

/** The output of a script that is root in new namespaces, below an init that is not guarded. */
async function unguarded(script: string): Promise<string> {
  const namespaces = [user({ map: 'root' }), mount(), pid()];
  // The init becomes dumpable when its command has begun.
  const dumpable =
    'for i in $(seq 500); do cat /proc/1/maps >/dev/null 2>&1 && break; sleep 0.01; done';
  const { stdout } = await runPlain('sh', ['-c', `${dumpable}; { ${script}\n} 2>&1`], {
    namespaces,
    reject: false,
  });
  return stdout.trim();
}

test('the init cannot be traced', async () => {
  const PTRACE_SEIZE = 0x4206;
  const script = `perl -e 'syscall(${process.arch === 'arm64' ? 117 : 101}, ${PTRACE_SEIZE}, 1, 0, 0) == 0 ? print "traced" : print $!'`;
  expect(await unguarded(script)).toBe('traced');
  for (const options of [{}, privileged]) {
    expect(await sh(await box(options), script)).toMatch(/not permitted/);
  }
});

test('nothing is reached by way of the init, which is more than a command may be', async () => {
  const script =
    'ls /proc/1/root/ /proc/1/cwd/; cat /proc/1/environ /proc/1/maps /proc/1/io && echo reached';
  expect(await unguarded(script)).toMatch(/reached/);
  for (const options of [{}, privileged]) {
    const made = await box(options);
    expect(await sh(made, script)).not.toMatch(/reached/);
    expect(await sh(made, 'ls /proc/1/root/ /proc/1/cwd/')).toMatch(
      /^(ls: .*Permission denied\n?){2}$/,
    );
  }
});

test('the program of the init cannot be overwritten', async () => {
  // As in CVE-2019-5736: opened for reading while it runs, for writing when it does no longer.
  const overwrite = (from: string) =>
    `exec 3< /proc/${from}/exe || exit; sleep 0.2; echo overwritten > /proc/self/fd/3 && head -c 11 <&3`;
  const file =
    'd=$(mktemp -d) || exit; cp /bin/true "$d/x"; cp /bin/sleep "$d/y"; "$d/y" 0.1 & p=$!; sleep 0.02;';
  expect(await plain(`${file} ${overwrite('$p')}; rm -r "$d"`)).toMatch(/overwritten/);
  expect(await sh(await box(), overwrite('1'))).not.toMatch(/overwritten/);
  // And if it may be opened, it is sealed.
  expect(await unguarded(overwrite('1'))).toMatch(/not permitted|busy/);
});

test("no command finds a key of the caller's session keyring, however it is run", async () => {
  const [JOIN_SESSION_KEYRING, SEARCH, SESSION] = [1, 10, -3];
  const [keyctl, addKey] = [syscallNumber('keyctl'), syscallNumber('add_key')];
  const key = 'my ($type, $name, $secret) = ("user", "ns-test", "hush-hush")';
  // A caller with a session keyring of its own from its start on: threads do not share a later one, and
  // that of a user, which processes without one have, is not found by other users.
  const caller = `${key}; syscall(${keyctl}, ${JOIN_SESSION_KEYRING}, 0) > 0 or die "keyctl: $!";
    syscall(${addKey}, $type, $name, $secret, 9, ${SESSION}) > 0 or die "add_key: $!"; exec @ARGV`;
  const find = `${key}; print syscall(${keyctl}, ${SEARCH}, ${SESSION}, $type, $name, 0) > 0 ? "found" : "none"`;
  const built = (name: string) =>
    JSON.stringify(new URL(`../../../${name}/dist/index.js`, import.meta.url).href);
  // The filter would refuse keyctl(2) itself.
  const body = `
    import { run, spawn } from ${built('core')};
    import { mount } from ${built('mount')};
    import { sandbox } from ${built('sandbox')};
    import { user } from ${built('user')};
    const find = ['perl', ['-e', ${JSON.stringify(find)}]];
    const seen = { plain: (await run(...find)).stdout };
    seen.run = (await sandbox.run(...find, { seccomp: false })).stdout;
    const box = await sandbox.create({ seccomp: false });
    seen.create = (await box.run(...find)).stdout;
    await box.stop();
    const own = process.geteuid() === 0 ? [mount()] : [user(), mount()];
    const child = await spawn('sleep', ['600'], { namespaces: own, stdio: 'ignore' });
    const attached = await sandbox.attach(child.pid, { seccomp: false });
    seen.attach = (await attached.run(...find)).stdout;
    await attached.stop();
    child.kill('SIGKILL');
    await child.exited;
    console.log(JSON.stringify(seen));`;
  const node = [process.execPath, '--input-type=module', '-e', body];
  const { stdout } = await runPlain('perl', ['-e', caller, ...node]);
  expect(JSON.parse(stdout)).toEqual({
    plain: 'found',
    run: 'none',
    create: 'none',
    attach: 'none',
  });
});

test('children that are left behind in thousands are reaped', async () => {
  const leave = (count: number) =>
    `for (1..${count}) { my $p = fork; die unless defined $p; exit 0 if $p == 0 }`;
  const zombies = "grep -l '^State:.Z' /proc/[0-9]*/status 2>/dev/null | wc -l";
  // Without an init that reaps they stay.
  const namespaces = [user(), mount(), pid({ init: 'none' })];
  const alone = `if (fork == 0) { ${leave(50)}; exit 0 } sleep 1; print \`${zombies}\``;
  const { stdout } = await runPlain('perl', ['-e', alone], { namespaces });
  expect(Number(stdout)).toBeGreaterThan(40);
  const made = await box();
  await made.run('perl', ['-e', leave(10_000)]);
  expect(
    Number(await sh(made, `while [ $(${zombies}) -gt 5 ]; do :; done; ${zombies}`)),
  ).toBeLessThan(6);
}, 120_000);

test('a fork bomb comes to its end with a limit', async () => {
  const script =
    'i=0; while [ $i -lt 60 ]; do sleep 30 >/dev/null 2>&1 & i=$((i+1)); done; echo started $i';
  await expectToWithstand({
    script,
    success: /started 60/,
    sandbox: { limits: { pids: 20 } },
    open: {},
  });
});

test('a fork bomb that does not stop is held, and ends with the sandbox', async () => {
  const limit = 25;
  const made = await box({ limits: { pids: limit } });
  const child = await made.spawn('perl', ['-e', '$| = 1; print "up\\n"; while (1) { fork }']);
  for await (const line of child.lines) if (line === 'up') break;
  for (let look = 0; look < 20; look++) {
    expect(made.usage().processes).toBeLessThanOrEqual(limit + 1);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await made.stop();
  expect((await child.exited).signal).toBe('SIGKILL');
}, 60_000);

test('a memory bomb comes to its end with a limit', async () => {
  const script = 'perl -e \'$x = "x" x 300_000_000; print length $x\'';
  await expectToWithstand({
    script,
    success: /300000000/,
    sandbox: { limits: { memory: '100M' } },
    open: {},
  });
});
