// What the runner does for user namespaces. In a joined one it is surrounded by strangers, and its root
// has every capability over it: the runner must never become dumpable there while it has the
// caller's ids or the job's memory (SECURITY.md S1). So its ids are chosen here, and a user namespace
// inside of the joined one is made with a process that has neither.
#pragma once
#include "program.h"

enum {
  OVERFLOW_ID = 65534, // shown for an id that is not mapped
  O_PATH_CLOEXEC = 0x280000,
  CLOSE_RANGE_UNSHARE = 2,
};

#define ANY_ID 0xffffffffl // -1 as an id, which changes none

// The lines of an id map, which are three numbers each: inside, outside, length.
struct map_reader {
  i32 fd;
  i64 length, at;
  char text[512];
};

static int next_character(struct map_reader *reader) {
  if (reader->at == reader->length) {
    reader->length = call3(SYS_READ, reader->fd, reader->text, sizeof reader->text);
    reader->at = 0;
    if (reader->length <= 0) return -1;
  }
  return reader->text[reader->at++];
}

// Reads the next number; -1 at the end.
static i64 next_number(struct map_reader *reader) {
  int character = next_character(reader);
  while (character == ' ' || character == '\n') character = next_character(reader);
  if (character < 0) return -1;
  i64 value = 0;
  for (; character >= '0' && character <= '9'; character = next_character(reader))
    value = value * 10 + (character - '0');
  return value;
}

// STEP_MAPPED_ID; args: descriptor of an id map; the id that the process seems to have; and, for a gid,
// the uid that was chosen and the one that the process seems to have. Returns the id if it is mapped;
// else 0 if 0 is mapped; else the first id of the map. EINVAL for an empty map, except that a process
// which keeps its uid may keep its gid too (result -1): it then shares no id with a foreign process.
static i64 mapped_id(i32 map, u64 seeming, i64 uid, i64 seeming_uid) {
  struct map_reader reader; // without an initializer, which would be a call of memset
  reader.fd = map;
  reader.length = reader.at = 0;
  i64 chosen = -ERRNO_EINVAL, none = uid == seeming_uid && uid != OVERFLOW_ID ? ANY_ID : chosen;
  for (;;) {
    i64 inside = next_number(&reader), outside = next_number(&reader), length = next_number(&reader);
    (void)outside;
    if (length < 0) return chosen < 0 ? none : chosen;
    if (seeming != OVERFLOW_ID && seeming - (u64)inside < (u64)length) return (i64)seeming;
    if (inside == 0 || chosen < 0) chosen = inside;
  }
}

static i32 keeper; // the process of STEP_USER; 0: there is none

// The process that a new user namespace is made with: opens its own directory in /proc for the runner,
// lets go of everything, and only then becomes dumpable, so that its maps can be written. Stops then,
// which the runner waits for.
static void keep(struct job *job, i32 proc, i64 runner) {
  call2(SYS_PRCTL, PR_SET_PDEATHSIG, SIG_KILL);
  i64 parent = call1(SYS_GETPPID, 0);
  if (parent != 0 && parent != runner) call1(SYS_EXIT_GROUP, 127); // it has gone before the prctl
  job->directory = (i32)call4(SYS_OPENAT, proc, "self", O_PATH_CLOEXEC, 0);
  if (job->directory < 0) call1(SYS_EXIT_GROUP, 127);
  call3(SYS_CLOSE_RANGE, 0, ~0u, CLOSE_RANGE_UNSHARE);
  call1(SYS_SETSID, 0); // who traces it must not get at the caller's terminal
  call2(SYS_MUNMAP, job, job->size);
  call2(SYS_PRCTL, PR_SET_DUMPABLE, 1);
  call2(SYS_KILL, call1(SYS_GETPID, 0), SIG_STOP);
  for (;;) {
    u64 all = ALL_SIGNALS;
    call4(SYS_RT_SIGTIMEDWAIT, &all, 0, 0, 8);
  }
}

// STEP_USER; args: flags, for error messages; descriptor of /proc. Makes a user namespace inside of the present one, and returns
// the descriptor of the directory in /proc of a process in it. Its maps are written and its handle is
// opened there, by the runner, which stays undumpable.
static i64 make_user(struct job *job, i32 proc) {
  i64 runner = call1(SYS_GETPID, 0);
  struct clone_args args = {0};
  args.flags = CLONE_NEWUSER | CLONE_FILES;
  args.exit_signal = SIG_CHLD;
  job->directory = -ERRNO_ESRCH;
  i64 pid = call2(SYS_CLONE3, &args, sizeof args);
  if (pid == 0) keep(job, proc, runner);
  if (pid < 0) return pid;
  keeper = (i32)pid;
  i32 status;
  i64 changed = call4(SYS_WAIT4, pid, &status, WAIT_ALL | WAIT_STOPPED, 0);
  if (changed != pid || (status & 0xff) != 0x7f) {
    keeper = 0;
    return job->directory < 0 ? job->directory : -ERRNO_ESRCH;
  }
  return job->directory;
}

// STEP_USER_END.
static i64 end_keeper(void) {
  if (keeper == 0) return -ERRNO_ESRCH;
  call2(SYS_KILL, keeper, SIG_KILL);
  i64 ended = call4(SYS_WAIT4, keeper, 0, WAIT_ALL, 0);
  keeper = 0;
  return ended < 0 ? ended : 0;
}
