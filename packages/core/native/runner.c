// The runner: a static executable of a few KB that maps a job, continues the job's program in its
// own memory, and may stay as init (PID 1) for the command. Executed from a sealed memfd.
//
// argv: "ns-runner", fd of the job's memory. With the orders of a stand-in (stand-in.h) in its
// environment it is one, under any name.
#include "program.h"

struct timespec { i64 seconds, nanoseconds; };

enum {
  PR_SET_PDEATHSIG = 1, PR_SET_DUMPABLE = 4, PR_SET_NAME = 15, PR_SET_CHILD_SUBREAPER = 36,
  PR_SET_NO_NEW_PRIVS = 38, SECCOMP_SET_MODE_FILTER = 1,
  NO_HANG = 1,
  MILLION = 1000000,
};

// What init does for whom.
struct watch {
  i32 command;  // 0: there is none
  i32 ended;    // the command has, and init stays only for the others' grace
  i32 status;   // with this wait status
  u64 forward;  // signals to pass on, as a set of bits
  i64 grace;    // milliseconds between SIGTERM and SIGKILL; 0: no limit, and no SIGTERM at the end
  i64 deadline; // of the grace, in milliseconds of the monotonic clock; 0: none runs
};

// The command's process shares this memory until it has exec'ed, on a stack of its own.
static u8 command_stack[8192] __attribute__((aligned(16)));

// STEP_REPLACE; args: pids to choose (clone3's set_tid) and their number. A copy of this process
// takes its place as child of the same parent: a joined or unshared pid namespace is for children.
static i64 replace(struct job *job, i64 *args) {
  struct clone_args clone = {0};
  clone.flags = CLONE_PARENT | CLONE_PARENT_SETTID;
  clone.parent_tid = (u64)&job->replacement;
  clone.set_tid = args[1] ? (u64)args[0] : 0;
  clone.set_tid_size = (u64)args[1];
  i64 pid = call2(SYS_CLONE3, &clone, sizeof clone);
  if (pid > 0) call1(SYS_EXIT_GROUP, 0);
  return pid;
}

static i64 now(void) {
  struct timespec time;
  call2(SYS_CLOCK_GETTIME, 1 /* CLOCK_MONOTONIC */, &time);
  return time.seconds * 1000 + time.nanoseconds / MILLION;
}

static int is_pid_1(void) {
  return call1(SYS_GETPID, 0) == 1;
}

static void exit_like(i32 status) {
  call1(SYS_EXIT_GROUP, (status & 0x7f) ? 128 + (status & 0x7f) : status >> 8 & 0xff);
}

// Reports the status of the command, which has ended. PID 1 then sends SIGTERM to the processes that
// are left and gives them the rest of the grace. Outside a pid namespace, -1 would hit unrelated ones.
static void command_ended(struct watch *watch, i32 status, i32 report) {
  call3(SYS_WRITE, report, &status, sizeof status);
  if (watch->grace == 0 || !is_pid_1()) exit_like(status);
  watch->ended = 1;
  watch->status = status;
  if (watch->deadline == 0) watch->deadline = now() + watch->grace;
  call2(SYS_KILL, -1, SIG_TERM);
}

// Reaps all children that have ended.
static void reap(struct watch *watch, i32 report) {
  for (;;) {
    i32 status;
    i64 pid = call4(SYS_WAIT4, -1, &status, NO_HANG | WAIT_ALL, 0);
    if (pid < 0 && watch->ended) exit_like(watch->status); // all processes have ended
    if (pid <= 0) return;
    if (pid == watch->command && !watch->ended) command_ended(watch, status, report);
  }
}

// Limits init as its command is limited: a command that makes init act for it gains nothing. After the
// clone, which a filter may refuse; until then init is not dumpable.
static void confine(i64 no_new_privs, i64 filter) {
  if (no_new_privs && call2(SYS_PRCTL, PR_SET_NO_NEW_PRIVS, 1) < 0) call1(SYS_EXIT_GROUP, 127);
  if (filter && call3(SYS_SECCOMP, SECCOMP_SET_MODE_FILTER, 0, filter) < 0) call1(SYS_EXIT_GROUP, 127);
}

// From now on this process holds nothing but the report pipe, as fd 0, so it may be traced: that is
// how the maker of a namespace opens handles of it without privileges. In a joined user namespace
// its ids are mapped there by now (SECURITY.md S1), or else it is guarded: only a process with
// CAP_SYS_PTRACE where the runner was exec'ed may trace it, outside.
static void let_go(struct job *job, i32 report, i64 guarded) {
  call3(SYS_DUP3, report, 0, 0);
  call3(SYS_CLOSE_RANGE, 1, ~0u, 0);
  call2(SYS_MUNMAP, job, job->size);
  if (!guarded) call2(SYS_PRCTL, PR_SET_DUMPABLE, 1);
}

// Waits for a signal, at most until the deadline. 0 if that is over.
static i64 next_signal(const struct watch *watch, struct siginfo *info) {
  u64 all = ALL_SIGNALS;
  struct timespec rest = {0}, *limit = 0;
  if (watch->deadline) {
    i64 left = watch->deadline - now();
    if (left <= 0) return 0;
    rest.seconds = left / 1000;
    rest.nanoseconds = left % 1000 * MILLION;
    limit = &rest;
  }
  i64 signal = call4(SYS_RT_SIGTIMEDWAIT, &all, info, limit, 8);
  return signal == -11 /* EAGAIN */ ? 0 : signal;
}

// Reaps, and passes signals on to the command, until it ends.
static void watch_over(struct watch *watch, i32 report) {
  for (;;) {
    struct siginfo info;
    reap(watch, report);
    i64 signal = next_signal(watch, &info);
    if (signal == 0) {
      if (watch->ended) exit_like(watch->status);
      call2(SYS_KILL, watch->command, SIG_KILL);
      watch->deadline = 0;
      watch->grace = 0; // used up: it is granted only once
      continue;
    }
    if (signal < 0 || signal == SIG_CHLD || watch->command == 0 || watch->ended) continue;
    // The kernel sends a terminal's signals to the whole foreground group: the command has its own.
    if (info.code == SI_KERNEL || !(watch->forward >> (signal - 1) & 1)) continue;
    call2(SYS_KILL, watch->command, signal);
    if (signal == SIG_TERM && watch->grace && !watch->deadline) watch->deadline = now() + watch->grace;
  }
}

// STEP_INIT; args: fd of the report pipe, signals to pass on, grace, whether it is guarded, and then
// whether it gets no new privileges, and the address of a filter of system calls or 0. The pipe gets 'E' once the
// command has exec'ed and, at the end, the command's wait status: PID 1 cannot die by a signal of
// its own to show how the command died.
static i64 stay(struct job *job, i64 *orders) {
  i32 report = (i32)orders[0];
  struct watch watch = {0};
  watch.forward = (u64)orders[1];
  watch.grace = orders[2];
  if (!is_pid_1()) call2(SYS_PRCTL, PR_SET_CHILD_SUBREAPER, 1); // orphans come to us there, too
  struct clone_args args = {0};
  args.flags = CLONE_VM | CLONE_VFORK;
  args.exit_signal = SIG_CHLD;
  args.stack = (u64)command_stack;
  args.stack_size = sizeof command_stack;
  i64 command = clone3_into(&args, sizeof args, run, job);
  if (command < 0) return command;
  if (job->failed >= 0) call1(SYS_EXIT_GROUP, 127);
  watch.command = (i32)command;
  confine(orders[4], orders[5]);
  let_go(job, report, orders[3]);
  call3(SYS_WRITE, 0, "E", 1);
  watch_over(&watch, 0);
  return 0;
}

// STEP_HOLD; args: fd of the report pipe, whether it is guarded.
static i64 hold(struct job *job, i32 report, i64 guarded) {
  struct watch watch = {0};
  let_go(job, report, guarded);
  call3(SYS_WRITE, 0, "E", 1);
  watch_over(&watch, 0);
  return 0;
}

#include "user.h"

static i64 special(struct job *job, struct entry *entry, i64 *args) {
  switch (entry->number) {
    case STEP_MAPPED_ID:
      return mapped_id((i32)args[0], (u64)args[1], args[2], args[3]);
    case STEP_USER:
      return make_user(job, (i32)args[1]);
    case STEP_USER_END:
      return end_keeper();
    case STEP_REPLACE:
      return replace(job, args);
    case STEP_INIT:
      call2(SYS_PRCTL, PR_SET_DUMPABLE, 0);
      return stay(job, args);
    case STEP_HOLD:
      call2(SYS_PRCTL, PR_SET_DUMPABLE, 0);
      return hold(job, (i32)args[0], args[1]);
    default:
      return -38; // ENOSYS
  }
}

// Reads a number, and goes on behind the character after it.
static u64 number(const char **text) {
  u64 value = 0;
  for (; **text >= '0' && **text <= '9'; (*text)++) value = value * 10 + (u64)(**text - '0');
  if (**text) (*text)++;
  return value;
}

#include "stand-in.h"

__attribute__((used)) static void begin(u64 *stack) {
  char **argv = (char **)(stack + 1);
  const char **envp = (const char **)argv + stack[0] + 1;
  if (stack[0] && is_orders(envp[0])) stand_in(envp[0]);
  if (stack[0] != 2) call1(SYS_EXIT_GROUP, 127);
  const char *word = argv[1];
  u64 fd = number(&word);
  call2(SYS_PRCTL, PR_SET_NAME, "ns-runner");
  // The job is mapped where its parent has it, so that its pointers hold here, too.
  struct job header;
  if (call4(SYS_PREAD64, fd, &header, sizeof header, 0) != sizeof header)
    call1(SYS_EXIT_GROUP, 127);
  u64 address = header.entries - sizeof header;
  i64 mapped = syscall6(SYS_MMAP, (i64)address, (i64)header.size, 3 /* read, write */,
                        0x01 | 0x100000 /* MAP_SHARED | MAP_FIXED_NOREPLACE */, (i64)fd, 0);
  if ((u64)mapped != address) call1(SYS_EXIT_GROUP, 127);
  call3(SYS_CLOSE_RANGE, fd, fd, 0);
  struct job *job = (struct job *)address;
  run(job);
}

#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n\txor %ebp, %ebp\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall begin\n\thlt");
#else
__asm__(".globl _start\n_start:\n\tmov x29, #0\n\tmov x0, sp\n\tbl begin\n\tbrk #1");
#endif
