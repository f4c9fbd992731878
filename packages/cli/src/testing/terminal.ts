// A terminal for tests: a command under a pseudo-terminal, and somebody who types. Python has one
// that is a peer to us: nothing of this project is in it.
import { spawnSync } from 'node:child_process';

/** What happens at the terminal, one after the other. */
export type TerminalStep =
  | { readonly expect: string }
  | { readonly type: string }
  | { readonly rows: number; readonly columns: number };

const driver = `
import fcntl, json, os, pty, re, select, struct, sys, termios, time

patience = 20 * float(os.environ.get("NS_TEST_SLOWNESS", "1"))
argv, steps = json.load(sys.stdin)
pid, fd = pty.fork()
if pid == 0:
    os.execvp(argv[0], argv)
seen, at = "", 0
def more(deadline):
    global seen
    ready, _, _ = select.select([fd], [], [], max(0, deadline - time.monotonic()))
    if not ready:
        os.close(fd) # the terminal hangs up, which ends everything at it
        time.sleep(1)
        os.kill(pid, 9)
        sys.exit("nothing more came:\\n" + seen)
    try:
        data = os.read(fd, 65536)
    except OSError:
        data = b""
    seen += data.decode(errors="replace")
    return data != b""
for step in steps:
    deadline = time.monotonic() + patience
    if "type" in step:
        os.write(fd, step["type"].encode())
    elif "rows" in step:
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", step["rows"], step["columns"], 0, 0))
    else:
        while True:
            found = re.compile(step["expect"]).search(seen, at)
            if found:
                at = found.end()
                break
            if not more(deadline):
                sys.exit("it ended without " + step["expect"] + ":\\n" + seen)
deadline = time.monotonic() + patience
while more(deadline):
    pass
_, status = os.waitpid(pid, 0)
print(json.dumps({"output": seen.replace("\\r", ""), "status": os.waitstatus_to_exitcode(status)}))
`;

/**
 * Runs a command in a terminal to its end. `expect` is a regular expression of Python's, looked for
 * after the last one found.
 *
 * @returns all that was to be read, and the exit code, or the negated signal
 */
export function inTerminal(
  command: readonly string[],
  steps: readonly TerminalStep[],
): { output: string; status: number } {
  const { status, stdout, stderr } = spawnSync('/usr/bin/python3', ['-c', driver], {
    input: JSON.stringify([command, steps]),
    encoding: 'utf8',
    env: { ...process.env, TERM: 'dumb' },
  });
  if (status !== 0) throw new Error(`the terminal failed: ${stderr}`);
  return JSON.parse(stdout);
}
