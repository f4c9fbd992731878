// The floor under a child in new namespaces: what C can do at best. `spawn FLAGS [maps] [private]
// COMMAND`: for each byte read on stdin, makes a child with clone(CLONE_VM | CLONE_VFORK | FLAGS) that
// execs COMMAND, waits for its end and writes the nanoseconds that took.
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>
#include "peer.h"

static int maps, private_mounts;
static char uid_map[32], gid_map[32];
static char *command[2];
static char stack[65536] __attribute__((aligned(16)));

static void put(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0 || write(fd, text, strlen(text)) < 0) _exit(126);
  close(fd);
}

static int child(void *unused) {
  (void)unused;
  if (maps) {
    put("/proc/self/setgroups", "deny");
    put("/proc/self/uid_map", uid_map);
    put("/proc/self/gid_map", gid_map);
  }
  if (private_mounts && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) _exit(126);
  execve(command[0], command, environ);
  _exit(127);
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  int flags = (int)strtoul(argv[1], NULL, 0);
  for (int i = 2; i < argc - 1; i++) {
    if (strcmp(argv[i], "maps") == 0) maps = 1;
    else if (strcmp(argv[i], "private") == 0) private_mounts = 1;
    else return 2;
  }
  command[0] = argv[argc - 1];
  sprintf(uid_map, "0 %u 1", (unsigned)geteuid());
  sprintf(gid_map, "0 %u 1", (unsigned)getegid());
  while (asked()) {
    unsigned long started = now();
    int status, pid = clone(child, stack + sizeof stack, CLONE_VM | CLONE_VFORK | flags | SIGCHLD, NULL);
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
      fprintf(stderr, "the child of the C floor failed\n");
      return 1;
    }
    answer(now() - started);
  }
  return 0;
}
