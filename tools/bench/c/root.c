// The root of a container in C: the calls of rootfs(), in new user, mount and pid namespaces, and then
// /bin/true. `root LOWER [SOURCE TARGET]...`: for each byte read on stdin, makes the root of an
// overlay in memory over LOWER with /dev, /proc, /tmp and these bind mounts, waits for the command's
// end and writes the nanoseconds that took.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>
#include "peer.h"

#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif
// Not by <sys/mount.h>, which does not go together with <linux/mount.h>.
extern int mount(const char *, const char *, const char *, unsigned long, const void *);
extern int umount2(const char *, int);
#define MNT_DETACH 2
#define MNT_EXPIRE 4

static char uid_map[32], gid_map[32];
static char *command[] = {"/bin/true", NULL};
static char stack[65536] __attribute__((aligned(16)));
static char **arguments;

// Ends the child where the kernel refuses.
static int must(const char *what, long result) {
  if (result < 0) perror(what), _exit(126);
  return (int)result;
}

static void put(const char *path, const char *text) {
  int fd = must(path, open(path, O_WRONLY | O_CLOEXEC));
  must(path, write(fd, text, strlen(text)));
  close(fd);
}

static int start(const char *type) {
  int context = must("fsopen", syscall(SYS_fsopen, type, FSOPEN_CLOEXEC));
  must("fsconfig", syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, "source", type, 0));
  return context;
}

static void set(int context, const char *key, const char *value) {
  int kind = value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG;
  must(key, syscall(SYS_fsconfig, context, kind, key, value, 0));
}

static int finish(int context, unsigned attributes) {
  must("fsconfig", syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
  return must("fsmount", syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, attributes));
}

static int in_root(int root, const char *path) {
  struct open_how how = {O_PATH | O_CLOEXEC | O_DIRECTORY, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
  return must(path, syscall(SYS_openat2, root, path, &how, sizeof how));
}

static void attach(int tree, int to) {
  int flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
  must("move_mount", syscall(SYS_move_mount, tree, "", to, "", flags));
}

static void device(int dev, const char *name, dev_t number) {
  char path[32];
  if (mknodat(dev, name, S_IFCHR | 0666, number) == 0) return;
  close(must(name, openat(dev, name, O_CREAT | O_EXCL | O_CLOEXEC, 0644)));
  snprintf(path, sizeof path, "/dev/%s", name);
  int tree = must(path, syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  must(path, syscall(SYS_move_mount, tree, "", dev, name, MOVE_MOUNT_F_EMPTY_PATH));
}

static void make_dev(int root) {
  int place = in_root(root, "/dev"), context = start("tmpfs");
  set(context, "size", "64k");
  set(context, "mode", "755");
  int dev = finish(context, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
  attach(dev, place);
  device(dev, "null", makedev(1, 3));
  device(dev, "zero", makedev(1, 5));
  device(dev, "full", makedev(1, 7));
  device(dev, "random", makedev(1, 8));
  device(dev, "urandom", makedev(1, 9));
  device(dev, "tty", makedev(5, 0));
  must("fd", symlinkat("/proc/self/fd", dev, "fd"));
  must("stdin", symlinkat("/proc/self/fd/0", dev, "stdin"));
  must("stdout", symlinkat("/proc/self/fd/1", dev, "stdout"));
  must("stderr", symlinkat("/proc/self/fd/2", dev, "stderr"));
  must("ptmx", symlinkat("pts/ptmx", dev, "ptmx"));
  context = start("devpts");
  set(context, "newinstance", NULL);
  set(context, "ptmxmode", "666");
  set(context, "mode", "620");
  int pts = finish(context, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
  must("pts", mkdirat(dev, "pts", 0755));
  attach(pts, in_root(root, "/dev/pts"));
  int shm = finish(start("tmpfs"), MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
  must("shm", mkdirat(dev, "shm", 0755));
  attach(shm, in_root(root, "/dev/shm"));
}

static int make_root(const char *lower) {
  int context = start("tmpfs");
  set(context, "mode", "700");
  int scratch = finish(context, 0);
  must("move_mount", syscall(SYS_move_mount, scratch, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH));
  must("upper", mkdirat(scratch, "upper", 0755));
  must("work", mkdirat(scratch, "work", 0755));
  must("fchdir", fchdir(scratch));
  context = start("overlay");
  set(context, "lowerdir", lower);
  set(context, "upperdir", "upper");
  set(context, "workdir", "work");
  set(context, "userxattr", NULL);
  int root = finish(context, 0);
  must("move_mount", syscall(SYS_move_mount, root, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH));
  return root;
}

static int child(void *unused) {
  (void)unused;
  put("/proc/self/setgroups", "deny");
  put("/proc/self/uid_map", uid_map);
  put("/proc/self/gid_map", gid_map);
  must("private", mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
  umask(0);
  int root = make_root(arguments[0]);
  int place = in_root(root, "/proc");
  attach(finish(start("proc"), MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC), place);
  make_dev(root);
  int tmp = finish(start("tmpfs"), MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
  attach(tmp, in_root(root, "/tmp"));
  for (char **pair = arguments + 1; *pair; pair += 2) {
    int flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE;
    int tree = must(pair[0], syscall(SYS_open_tree, AT_FDCWD, pair[0], flags));
    attach(tree, in_root(root, pair[1]));
  }
  must("fchdir", fchdir(root));
  must("pivot_root", syscall(SYS_pivot_root, ".", "."));
  must("umount", umount2(".", MNT_DETACH));
  must("umount", umount2(".", MNT_DETACH));
  if (umount2(".", MNT_EXPIRE) == 0) _exit(126);
  must("chdir", chdir("/"));
  umask(022);
  execve(command[0], command, environ);
  _exit(127);
}

int main(int argc, char **argv) {
  if (argc < 2 || argc % 2) return 2;
  arguments = argv + 1;
  sprintf(uid_map, "0 %u 1", (unsigned)geteuid());
  sprintf(gid_map, "0 %u 1", (unsigned)getegid());
  int flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_VM | CLONE_VFORK | SIGCHLD;
  while (asked()) {
    unsigned long started = now();
    int status, pid = clone(child, stack + sizeof stack, flags, NULL);
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
      fprintf(stderr, "the child of the C floor failed\n");
      return 1;
    }
    answer(now() - started);
  }
  return 0;
}
