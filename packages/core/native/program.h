// A syscall program: a list of system calls as data, and the loop that makes them.
// Laid out by src/program/layout.ts; the two must agree byte for byte.
#pragma once
#include "arch.h"

// An entry with a negative number is one of these steps instead of a system call.
enum {
  STEP_ISOLATE = -1, // exec the runner (runner.c), which continues with the next entry in its own memory
  STEP_REPLACE = -2, // clone again, so that a joined or unshared pid namespace takes effect
  STEP_INIT = -3,    // stay as init; a child makes the rest of the calls
  STEP_HOLD = -4,    // stay as init without a command, until killed
  STEP_STORE = -6,   // write a number (an earlier result) into memory that a later call names
  STEP_MAPPED_ID = -7, // choose an id that an id map has
  STEP_USER = -8,    // make a user namespace with a process of its own, whose id maps the program then writes
  STEP_USER_END = -9, // end that process
};

struct entry {
  i32 number;
  u8 references;  // bit i: args[i] is the index of an earlier entry, whose result is meant
  u8 checked;     // the result must be `expected`
  u8 pad[2];
  i32 expected;
  i32 condition;  // 0: always; k: only if entry k-1 succeeded; -k: only if it failed
  u64 tolerated[3]; // errnos that do not end the program, as a set of bits
  i64 args[6];
  i64 result;     // what the call returned: -errno on failure
};

struct job {
  u64 flags;      // of clone3, besides those that ns_spawn adds
  u64 entries;    // address of the first struct entry
  u64 stack;      // the child's, while it shares the caller's memory
  u64 stack_size;
  u64 size;       // of the whole mapping, this header included
  u64 set_tid;    // clone3's set_tid and set_tid_size
  u64 set_tid_size;
  i32 cgroup;     // clone3's cgroup: an fd, with CLONE_INTO_CGROUP in flags
  i32 count;      // number of entries
  i32 next;       // the entry to go on with
  i32 failed;     // index of the entry that ended the program, or -1
  i32 error;      // its errno; EPROTO (71) when the result was not the expected one
  i32 pidfd;      // of the first child
  i32 replacement; // pid of the child made by STEP_REPLACE, or 0
  i32 directory;  // descriptor that the process of STEP_USER has opened, or -errno
};
// The entries follow: the runner finds the beginning of the memory by the first one.
_Static_assert(sizeof(struct job) == 88, "JOB.size of layout.ts");

struct clone_args {
  u64 flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
  u64 set_tid, set_tid_size, cgroup;
};

struct siginfo { i32 signo, error, code, pad; i32 pid, uid, status; u8 rest[128 - 28]; };

struct sigaction { u64 handler, flags, restorer, mask; };

enum {
  SIG_KILL = 9, SIG_TERM = 15, SIG_CHLD = 17, SIG_CONT = 18, SIG_STOP = 19,
  SIG_TSTP = 20, SIG_TTIN = 21, SIG_TTOU = 22,
  SI_KERNEL = 128,
};

enum {
  CLONE_VM = 0x100, CLONE_FILES = 0x400, CLONE_PIDFD = 0x1000, CLONE_VFORK = 0x4000, CLONE_PARENT = 0x8000,
  CLONE_PARENT_SETTID = 0x100000, CLONE_NEWUSER = 0x10000000,
  ERRNO_ESRCH = 3, ERRNO_EINTR = 4, ERRNO_EAGAIN = 11, ERRNO_EINVAL = 22, ERRNO_PROTO = 71,
  WAIT_STOPPED = 2, WAIT_ALL = 0x40000000,
  SIG_BLOCK = 0, SIG_SETMASK = 2,
  SA_SIGINFO = 4, SA_RESTORER = 0x04000000,
};
enum { TRIES_AT_ONCE = 32, TRIES_PATIENT = 200 }; // as in packages/sandbox/src/files/resolve.ts
#define CLONE_CLEAR_SIGHAND 0x100000000ul
#define ALL_SIGNALS (~0ul)
#define BIT(signal) (1ul << ((signal) - 1))
#define STOP_SIGNALS (BIT(SIG_TSTP) | BIT(SIG_TTIN) | BIT(SIG_TTOU)) // a terminal's

// What each of the two binaries does with a pseudo entry.
static i64 special(struct job *job, struct entry *entry, i64 *args);

static inline int tolerates(const struct entry *entry, i64 error) {
  return error < 192 && (entry->tolerated[error >> 6] >> (error & 63) & 1);
}

static inline int skipped(const struct job *job, const struct entry *entry) {
  if (entry->condition == 0) return 0;
  const struct entry *entries = (const struct entry *)job->entries;
  i32 other = entry->condition;
  return other > 0 ? entries[other - 1].result < 0 : entries[-other - 1].result >= 0;
}

// STEP_STORE; args: address, offset there, the number, its size in bytes (4 or 8).
static inline i64 store(const i64 *args) {
  u8 *to = (u8 *)args[0] + args[1];
  for (i64 i = 0; i < args[3]; i++) to[i] = (u8)((u64)args[2] >> (8 * i));
  return 0;
}

static inline i64 make(struct job *job, struct entry *entry, i64 *args) {
  if (entry->number >= 0)
    return syscall6(entry->number, args[0], args[1], args[2], args[3], args[4], args[5]);
  return entry->number == STEP_STORE ? store(args) : special(job, entry, args);
}

// True if a call is to be made again. openat2(2) gives up a `..` with EAGAIN if anything on the machine is
// renamed or mounted meanwhile; a writer that is not scheduled can hold the lock for milliseconds.
static inline int again(const struct entry *entry, int tries) {
  if (entry->result == -ERRNO_EINTR) return !tolerates(entry, ERRNO_EINTR);
  if (entry->number != SYS_OPENAT2 || entry->result != -ERRNO_EAGAIN) return 0;
  if (tolerates(entry, ERRNO_EAGAIN) || tries >= TRIES_AT_ONCE + TRIES_PATIENT) return 0;
  if (tries < TRIES_AT_ONCE) return 1;
  i64 millisecond[2] = {0, 1000000};
  syscall6(SYS_NANOSLEEP, (i64)millisecond, 0, 0, 0, 0, 0);
  return 1;
}

// Makes the calls from job->next on. The last one is an execve; coming back means failure.
// After a failure, only the calls that depend on just this failure: they find out more about it.
static void run(void *argument) {
  struct job *job = argument;
  struct entry *entries = (struct entry *)job->entries;
  for (i32 index = job->next; index < job->count; index++) {
    struct entry *entry = &entries[index];
    i64 args[6];
    if (skipped(job, entry)) continue;
    if (job->failed >= 0 && entry->condition != -job->failed - 1) continue;
    for (int i = 0; i < 6; i++)
      args[i] = entry->references >> i & 1 ? entries[entry->args[i]].result : entry->args[i];
    job->next = index + 1;
    int tries = 0;
    do {
      entry->result = make(job, entry, args);
    } while (again(entry, tries++));
    i64 error = entry->result < 0 && entry->result > -4096 ? -entry->result : 0;
    if (!error && entry->checked && entry->result != entry->expected) error = ERRNO_PROTO;
    if (error && !tolerates(entry, error) && job->failed < 0) {
      job->error = (i32)error;
      job->failed = index;
    }
  }
  call1(SYS_EXIT_GROUP, 127);
  __builtin_unreachable();
}
