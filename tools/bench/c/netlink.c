// rtnetlink in C, in a new network namespace, with the same socket options as @ns/net.
// `netlink get COUNT`: asks COUNT times for the loopback interface, and reads the answer.
// `netlink veth COUNT`: makes COUNT pairs of interfaces in group 7, one request for each; they are
// taken away by group afterwards. For each byte read on stdin, does it and writes the nanoseconds
// that one request took.
#define _GNU_SOURCE
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "peer.h"

#define GROUP 7
static int fd;
static unsigned sequence;
static char out[1024], in[65536];

static struct rtattr *put(struct nlmsghdr *message, unsigned short type, const void *data, size_t length) {
  struct rtattr *attribute = (struct rtattr *)((char *)message + NLMSG_ALIGN(message->nlmsg_len));
  attribute->rta_type = type;
  attribute->rta_len = RTA_LENGTH(length);
  if (length) memcpy(RTA_DATA(attribute), data, length);
  message->nlmsg_len = NLMSG_ALIGN(message->nlmsg_len) + RTA_ALIGN(attribute->rta_len);
  return attribute;
}

static void close_nest(struct nlmsghdr *message, struct rtattr *nest) {
  nest->rta_len = (char *)message + message->nlmsg_len - (char *)nest;
}

static struct nlmsghdr *begin(int type, int flags) {
  struct nlmsghdr *message = (struct nlmsghdr *)out;
  memset(out, 0, sizeof out);
  message->nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg));
  message->nlmsg_type = type;
  message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
  message->nlmsg_seq = ++sequence;
  return message;
}

// Sends, and reads until the acknowledgement. Gives its error number.
static int ask(struct nlmsghdr *message) {
  if (send(fd, message, message->nlmsg_len, 0) < 0) return perror("send"), exit(1), 0;
  for (;;) {
    ssize_t length = recv(fd, in, sizeof in, 0);
    if (length < 0) return perror("recv"), exit(1), 0;
    for (struct nlmsghdr *one = (struct nlmsghdr *)in; NLMSG_OK(one, length); one = NLMSG_NEXT(one, length))
      if (one->nlmsg_type == NLMSG_ERROR) return -((struct nlmsgerr *)NLMSG_DATA(one))->error;
  }
}

static void get(void) {
  struct nlmsghdr *message = begin(RTM_GETLINK, 0);
  ((struct ifinfomsg *)NLMSG_DATA(message))->ifi_index = 1;
  if (ask(message)) exit(1);
}

static void veth(unsigned long number) {
  char name[16];
  unsigned group = GROUP;
  struct nlmsghdr *message = begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  put(message, IFLA_IFNAME, name, snprintf(name, sizeof name, "p%lu", number) + 1);
  put(message, IFLA_GROUP, &group, sizeof group);
  struct rtattr *info = put(message, IFLA_LINKINFO | NLA_F_NESTED, NULL, 0);
  put(message, IFLA_INFO_KIND, "veth", 5);
  struct rtattr *data = put(message, IFLA_INFO_DATA | NLA_F_NESTED, NULL, 0);
  struct ifinfomsg header = {0};
  struct rtattr *peer = put(message, VETH_INFO_PEER | NLA_F_NESTED, &header, sizeof header);
  put(message, IFLA_IFNAME, name, snprintf(name, sizeof name, "q%lu", number) + 1);
  put(message, IFLA_GROUP, &group, sizeof group);
  close_nest(message, peer);
  close_nest(message, data);
  close_nest(message, info);
  int error = ask(message);
  if (error) fprintf(stderr, "RTM_NEWLINK: %s\n", strerror(error)), exit(1);
}

static void remove_group(void) {
  unsigned group = GROUP;
  struct nlmsghdr *message = begin(RTM_DELLINK, 0);
  put(message, IFLA_GROUP, &group, sizeof group);
  if (ask(message)) exit(1);
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  unsigned long count = strtoul(argv[2], NULL, 10);
  int pairs = strcmp(argv[1], "veth") == 0, on = 1;
  if (unshare(CLONE_NEWNET) < 0) return perror("unshare"), 1;
  fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) return perror("socket"), 1;
  setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
  setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
  setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on);
  while (asked()) {
    unsigned long started = now();
    for (unsigned long i = 0; i < count; i++) pairs ? veth(i) : get();
    answer((now() - started) / count);
    if (pairs) remove_group();
  }
  return 0;
}
