// The stand-in: waits for a command in the place of the program that started it, whose process it
// is: same pid, same parent, same children. It passes on signals, stops when the command stops, and
// ends as the command ends.
//
// Its orders are the only variable of its environment: NS_STAND_IN=PID,FORWARD,REPORT with the
// command's pid, the signals to pass on as a set of bits, and 1 + the descriptor of init's report
// pipe, or 0.
#pragma once
#include "program.h"

static const char orders_name[] = "NS_STAND_IN=";

static int is_orders(const char *text) {
  if (!text) return 0;
  for (const char *name = orders_name; *name; name++, text++)
    if (*text != *name) return 0;
  return 1;
}

// Whether SIGCONT has come; it has not any more.
static int continued(void) {
  u64 set = BIT(SIG_CONT);
  struct timespec none = {0};
  return call4(SYS_RT_SIGTIMEDWAIT, &set, 0, &none, 8) == SIG_CONT;
}

// Dies of a signal as the command has, but leaves no core dump beside the command's; or exits.
static void end_like(i32 status) {
  i32 signal = status & 0x7f;
  if (signal == 0) call1(SYS_EXIT_GROUP, status >> 8 & 0xff);
  u64 none = 0;
  call2(SYS_PRCTL, PR_SET_DUMPABLE, 0);
  call4(SYS_RT_SIGPROCMASK, SIG_SETMASK, &none, 0, 8);
  call2(SYS_KILL, call1(SYS_GETPID, 0), signal);
  call1(SYS_EXIT_GROUP, 128 + signal);
}

// The command has stopped by itself, and a shell that waits for us must hear of it.
static void stop_with(i32 command) {
  if (!continued()) {
    call2(SYS_KILL, call1(SYS_GETPID, 0), SIG_STOP);
    continued();
  }
  call2(SYS_KILL, command, SIG_CONT);
}

// Follows what has become of the command.
static void look_after(i32 command, i32 report) {
  for (;;) {
    i32 status;
    i64 pid = call4(SYS_WAIT4, -1, &status, NO_HANG | WAIT_ALL | WAIT_STOPPED, 0);
    if (pid <= 0) return;
    if (pid != command) continue; // others that the program had, and has left
    if ((status & 0xff) == 0x7f) {
      stop_with(command);
      continue;
    }
    i32 told; // init cannot die of the command's signal, but has written it down
    if (report >= 0 && call3(SYS_READ, report, &told, sizeof told) == sizeof told) status = told;
    end_like(status);
  }
}

// Signals that the program ignored do again what they do by default. Of the others nothing is changed:
// that would make the kernel forget those that are pending.
static void heed_signals(void) {
  for (int signal = 1; signal <= 64; signal++) {
    struct sigaction action = {0};
    call4(SYS_RT_SIGACTION, signal, 0, &action, 8);
    if (action.handler != 1 /* SIG_IGN */) continue;
    action.handler = 0;
    call4(SYS_RT_SIGACTION, signal, &action, 0, 8);
  }
}

static void stand_in(const char *orders) {
  orders += sizeof orders_name - 1;
  i32 command = (i32)number(&orders);
  u64 forward = number(&orders);
  i32 report = (i32)number(&orders) - 1;
  call2(SYS_PRCTL, PR_SET_NAME, "ns");
  if (report >= 0) call3(SYS_DUP3, report, 0, 0);
  if (report >= 0) report = 0;
  call3(SYS_CLOSE_RANGE, report + 1, ~0u, 0);
  heed_signals();
  // A terminal stops us together with the command, whose group is ours.
  u64 blocked = ALL_SIGNALS & ~STOP_SIGNALS;
  call4(SYS_RT_SIGPROCMASK, SIG_SETMASK, &blocked, 0, 8);
  for (;;) {
    struct siginfo info;
    look_after(command, report);
    i64 signal = call4(SYS_RT_SIGTIMEDWAIT, &blocked, &info, 0, 8);
    if (signal <= 0 || signal == SIG_CHLD || signal == SIG_CONT) continue;
    // The kernel sends a terminal's signals to the whole foreground group: the command has its own.
    if (info.code == SI_KERNEL || !(forward & BIT(signal))) continue;
    call2(SYS_KILL, command, signal);
  }
}
