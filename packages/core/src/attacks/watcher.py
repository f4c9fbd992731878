# A hostile root in a user namespace: looks for processes there that it may trace, and so take
# over. Prints each as a line of JSON. With `stop` as argument it stops and continues them meanwhile, to
# widen the moments in which they are open. With `keep` it traces what it can until it is killed itself, so
# that the parent cannot reap it.
import ctypes, errno, json, os, signal, sys

PIDFD_GETFD = 438
PTRACE_SEIZE = 0x4206
os.setsid()  # SIGCONT may be sent to every process of the same session
libc = ctypes.CDLL(None, use_errno=True)
mine = os.readlink('/proc/self/ns/user')
stops = 'stop' in sys.argv
keeps = 'keep' in sys.argv
seen = set()


def status(pid):
    lines = open('/proc/%s/status' % pid).read().splitlines()
    return dict(line.split(':\t', 1) for line in lines if ':\t' in line)


def may_trace(pid):
    """As ptrace(2) asks the kernel; the descriptor itself is not there, or not wanted."""
    process = os.pidfd_open(int(pid))
    try:
        fd = libc.syscall(PIDFD_GETFD, process, 0, 0)
        if fd >= 0:
            os.close(fd)
        return fd >= 0 or ctypes.get_errno() == errno.EBADF
    finally:
        os.close(process)


def send(pid, number):
    try:
        os.kill(int(pid), number)
    except OSError:
        pass


def look(pid):
    if os.readlink('/proc/%s/ns/user' % pid) != mine:
        return
    if not may_trace(pid):
        return
    if keeps and libc.ptrace(PTRACE_SEIZE, int(pid), None, None) != 0:
        return
    maps = open('/proc/%s/maps' % pid).read()
    found = status(pid)
    report = {
        'name': found['Name'],
        'uids': found['Uid'].split(),
        'gids': found['Gid'].split(),
        'groups': found['Groups'].split(),
        'job': 'ns-job' in maps,
        'node': 'node' in maps,
    }
    line = json.dumps(report)
    if line not in seen:
        seen.add(line)
        print(line, flush=True)


print('"watching"', flush=True)
while os.getppid() > 0:
    for pid in os.listdir('/proc'):
        if not pid.isdigit() or int(pid) == os.getpid():
            continue
        try:
            if stops:
                send(pid, signal.SIGSTOP)
            look(pid)
        except OSError:
            pass
        finally:
            if stops:
                send(pid, signal.SIGCONT)
