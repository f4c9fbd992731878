// Attacks on PID 1 by tracing it: it must not have more than a command, nor act for one.
import { expect, test } from 'vitest';
import type { SandboxOptions } from '../options/types.js';
import { run } from '../run.js';
import { box } from '../sandbox.testing.js';

/**
 * Traces PID 1, has it make keyctl(KEYCTL_JOIN_SESSION_KEYRING), which the filter refuses, and prints
 * what it got; then what of PID 1 can be reached otherwise.
 */
const TRACER = `
import ctypes, os, platform, struct
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long
ATTACH, DETACH, GETREGSET, SETREGSET, STEP, POKE = 16, 17, 0x4204, 0x4205, 9, 4
X64 = platform.machine() == 'x86_64'
class iovec(ctypes.Structure): _fields_ = [('base', ctypes.c_void_p), ('len', ctypes.c_size_t)]
registers = (ctypes.c_ulong * (27 if X64 else 34))()
def transfer(request): return libc.ptrace(request, 1, 1, ctypes.addressof(iovec(ctypes.addressof(registers), ctypes.sizeof(registers))))
def inject(number, *args):
  ATTACH_RESULT = libc.ptrace(ATTACH, 1, None, None)
  if ATTACH_RESULT != 0: return 'refused: ' + os.strerror(ctypes.get_errno())
  os.waitpid(1, 0x40000000)
  # The registers of x64: ... rax 10, rcx, rdx 12, rsi 13, rdi 14, orig_rax 15, rip 16
  transfer(GETREGSET)
  registers[10], registers[14], registers[13], registers[12], registers[15] = number, *args, 0xffffffffffffffff
  libc.ptrace(POKE, 1, registers[16], 0x050f)
  transfer(SETREGSET)
  libc.ptrace(STEP, 1, None, None)
  os.waitpid(1, 0x40000000)
  transfer(GETREGSET)
  result = ctypes.c_long(registers[10]).value
  libc.ptrace(DETACH, 1, None, None)
  return 'keyring joined' if result > 0 else 'in init: ' + os.strerror(-result)
print(inject(250, 1, 0, 0) if X64 else inject(219, 1, 0, 0), flush=True)
for name in 'mem', 'environ', 'maps', 'fd/0', 'root/':
  try:
    with open('/proc/1/' + name, 'rb') if name != 'root/' else os.scandir('/proc/1/root/') as file: print('reached', name)
  except OSError as error: print(name, error.strerror)
`;

const refused = [
  'refused: Operation not permitted',
  ...['mem', 'environ', 'maps', 'fd/0', 'root/'].map((name) => `${name} Permission denied`),
].join('\n');

const traced = async (options: SandboxOptions) => {
  const staying = await box(options);
  const inside = await staying.run('python3', ['-c', TRACER], { reject: false });
  const alone = await run('python3', ['-c', TRACER], { ...options, reject: false });
  return [inside.stdout.trim(), alone.stdout.trim()];
};

test.each<SandboxOptions>([
  {},
  { capabilities: ['cap_sys_ptrace'] },
  { user: 'root', capabilities: ['cap_sys_ptrace'] },
  { user: 'root', capabilities: 'all' },
  { capabilities: ['cap_sys_ptrace'], newPrivileges: true, seccomp: false },
])('a command with %j cannot trace PID 1', async (options) => {
  expect(await traced(options)).toEqual([refused, refused]);
});

test('PID 1 has the filter and no_new_privs of the commands', async () => {
  // It limits itself when the command has begun, and cannot be traced by anything until then.
  const script = `for i in $(seq 200); do
      grep -qE "^Seccomp:.2" /proc/1/status && break; sleep 0.01
    done
    grep -E "^(NoNewPrivs|Seccomp):" /proc/1/status`;
  const look = async (options: SandboxOptions) => {
    const staying = await box(options);
    const inside = await staying.run('sh', ['-c', script]);
    const alone = await run('sh', ['-c', script], options);
    return [inside.stdout, alone.stdout];
  };
  const all = 'NoNewPrivs:\t1\nSeccomp:\t2\n';
  expect(await look({})).toEqual([all, all]);
  expect(await look({ capabilities: 'all' })).toEqual([all, all]);
  const none = 'NoNewPrivs:\t0\nSeccomp:\t0\n';
  expect(await look({ newPrivileges: true, seccomp: false })).toEqual([none, none]);
});

test('cap_sys_admin gives away what is covered, as the documents say', async ({ skip }) => {
  const script = 'umount /root 2>&1 && echo uncovered';
  const sandbox: SandboxOptions = { user: 'root' };
  const { stdout } = await run('sh', ['-c', script], { ...sandbox, reject: false });
  skip(stdout.includes('not mounted'), '/root is not covered here');
  expect(stdout).not.toContain('uncovered');
  const given = { ...sandbox, capabilities: ['cap_sys_admin'] as const, reject: false };
  expect((await run('sh', ['-c', script], given)).stdout).toBe('uncovered\n');
});
