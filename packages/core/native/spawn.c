// Starts a child that runs a syscall program. A shared object without dependencies:
// no libc, so the same file serves glibc and musl.
//
// The child shares the caller's memory (CLONE_VM: nothing is copied, however large the
// process) but only while the calling thread is suspended in clone3 (CLONE_VFORK).
// A program that joins namespaces, changes credentials or has to wait for the parent
// leaves this memory first: STEP_ISOLATE.
//
// And lets a program go over into a stand-in (stand-in.h), without losing a signal.
#include "program.h"

#define exported __attribute__((visibility("default")))

static i64 special(struct job *job, struct entry *entry, i64 *args) {
  (void)job;
  switch (entry->number) {
    case STEP_ISOLATE: // args: runner fd, argv, envp
      return syscall6(SYS_EXECVEAT, args[0], (i64) "", args[1], args[2], 0x1000 /* AT_EMPTY_PATH */, 0);
    default: // the others stay with the runner
      return -38; // ENOSYS
  }
}

// Dispositions that the parent ignores (Node: SIGPIPE) survive CLONE_CLEAR_SIGHAND and execve.
static void start(void *argument) {
  struct sigaction action = {0};
  for (int signal = 1; signal <= 64; signal++)
    call4(SYS_RT_SIGACTION, signal, &action, 0, 8);
  run(argument);
}

// Returns the child's pid, once it has exec'ed (the command or the runner) or is gone, or -errno.
// A child that is gone has noted why in job->failed, and is to be reaped.
exported i64 ns_spawn(struct job *job) {
  u64 all = ALL_SIGNALS, before;
  call4(SYS_RT_SIGPROCMASK, SIG_SETMASK, &all, &before, 8);
  struct clone_args args = {0};
  args.flags = job->flags | CLONE_VM | CLONE_VFORK | CLONE_PIDFD | CLONE_CLEAR_SIGHAND;
  args.pidfd = (u64)&job->pidfd;
  args.stack = job->stack;
  args.stack_size = job->stack_size;
  args.set_tid = job->set_tid;
  args.set_tid_size = job->set_tid_size;
  args.cgroup = (u64)(i64)job->cgroup;
  i64 pid = clone3_into(&args, sizeof args, start, job);
  call4(SYS_RT_SIGPROCMASK, SIG_SETMASK, &before, 0, 8);
  return pid;
}

// Signals that stay pending, and what was before.
static struct {
  u64 signals, mask;
  struct sigaction actions[64];
} held;

// A signal has come to a thread that does not block it: from now on it does, and the signal is sent
// again, until all threads do and it stays pending. Those of a terminal are for its whole foreground
// group, and have reached the child; but what stops the child must stop us.
static void hold_back(i32 signal, const struct siginfo *info, u8 *context) {
  *(u64 *)(context + CONTEXT_MASK) |= held.signals;
  if (info->code != SI_KERNEL || BIT(signal) & STOP_SIGNALS) call2(SYS_KILL, call1(SYS_GETPID, 0), signal);
}

// Keeps signals to this process pending, so that they outlive an exec of the calling thread, until
// ns_release_signals.
exported void ns_hold_signals(u64 signals) {
  held.signals = signals;
  call4(SYS_RT_SIGPROCMASK, SIG_BLOCK, &signals, &held.mask, 8);
  struct sigaction action = {(u64)hold_back, SA_SIGINFO | SA_RESTORER, (u64)signal_return, signals};
  for (int signal = 1; signal <= 64; signal++)
    if (signals & BIT(signal)) call4(SYS_RT_SIGACTION, signal, &action, &held.actions[signal - 1], 8);
}

exported void ns_release_signals(void) {
  for (int signal = 1; signal <= 64; signal++)
    if (held.signals & BIT(signal)) call4(SYS_RT_SIGACTION, signal, &held.actions[signal - 1], 0, 8);
  call4(SYS_RT_SIGPROCMASK, SIG_SETMASK, &held.mask, 0, 8);
}

// Goes on as another program, which has only the pending signals of this one: execveat(2) with all
// signals blocked. Comes back on failure: -errno.
exported i64 ns_become(i64 fd, char **argv, char **envp) {
  u64 all = ALL_SIGNALS, before;
  call4(SYS_RT_SIGPROCMASK, SIG_SETMASK, &all, &before, 8);
  i64 result = syscall6(SYS_EXECVEAT, fd, (i64) "", (i64)argv, (i64)envp, 0x1000 /* AT_EMPTY_PATH */, 0);
  call4(SYS_RT_SIGPROCMASK, SIG_SETMASK, &before, 0, 8);
  return result;
}

// Any system call, as the kernel sees it: the result, or -errno.
exported i64 ns_syscall(i64 number, i64 a, i64 b, i64 c, i64 d, i64 e, i64 f) {
  return syscall6(number, a, b, c, d, e, f);
}

// A system call as data; laid out by src/sys/prepared.ts.
struct call {
  i64 number, args[6];
  i64 result; // what it returned: -errno on failure
};

// Makes the calls in their order on the calling thread, those that a signal has interrupted again,
// until one fails. Returns how many have succeeded.
exported i64 ns_calls(struct call *calls, i64 count) {
  for (i64 i = 0; i < count; i++) {
    struct call *call = &calls[i];
    i64 *args = call->args;
    do {
      call->result = syscall6(call->number, args[0], args[1], args[2], args[3], args[4], args[5]);
    } while (call->result == -ERRNO_EINTR);
    if (call->result < 0 && call->result > -4096) return i;
  }
  return count;
}

// Maps memory for a job at an address that is also free in the runner, which has to map it
// at the same place: far above a program's own image, far below stacks and libraries.
exported i64 ns_map(i64 fd, u64 size) {
  static u64 cursor = 0;
  for (int attempt = 0; attempt < 4096; attempt++) {
    u64 slot = __atomic_fetch_add(&cursor, (size + 0xffff) >> 16, __ATOMIC_RELAXED);
    u64 address = 0x1000000000ul + (slot << 16) % 0x1000000000ul;
    i64 result = syscall6(SYS_MMAP, (i64)address, (i64)size, 3 /* read, write */,
                          (fd < 0 ? 0x22 : 0x01) | 0x100000 /* MAP_FIXED_NOREPLACE */, fd, 0);
    if (result != -17 /* EEXIST */) return result;
  }
  return -12; // ENOMEM
}
