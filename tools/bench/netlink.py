# The peer in Python: pyroute2 in a network namespace that it has inherited. `netlink.py routes` or
# `links`: for each byte read on stdin, reads the table into objects and writes the nanoseconds.
import socket
import struct
import sys
import time

from pyroute2 import IPRoute

route = IPRoute()
tables = {
    'routes': lambda: list(route.get_routes(family=socket.AF_INET, table=254)),
    'links': lambda: list(route.get_links()),
}
read = tables[sys.argv[1]]
while sys.stdin.buffer.read(1):
    started = time.monotonic_ns()
    read()
    sys.stdout.buffer.write(struct.pack('<Q', time.monotonic_ns() - started))
    sys.stdout.buffer.flush()
