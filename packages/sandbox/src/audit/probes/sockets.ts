// Sockets of services of the host.
import { constants } from 'node:fs';
import type { Calls } from '../calls.js';
import { blocked, judge, type Probe, reachable } from '../probe.js';
import type { View } from '../view.js';

/** Services that act for those who talk to them. */
const SERVICES = [
  '/run/docker.sock',
  '/var/run/docker.sock',
  '/run/containerd/containerd.sock',
  '/run/crio/crio.sock',
  '/run/podman/podman.sock',
  '/run/snapd.socket',
  '/run/libvirt/libvirt-sock',
  '/run/dbus/system_bus_socket',
  '/var/run/dbus/system_bus_socket',
  '/run/systemd/private',
  '/run/systemd/notify',
  '/var/lib/lxd/unix.socket',
  '/var/snap/lxd/common/lxd/unix.socket',
  '/var/lib/incus/unix.socket',
  '/run/incus/unix.socket',
  '/run/postgresql/.s.PGSQL.5432',
  '/var/run/mysqld/mysqld.sock',
  '/tmp/.s.PGSQL.5432',
  '/run/k3s/containerd/containerd.sock',
];
/** Variables of the caller that lead to sockets of its session. */
const SESSION = ['SSH_AUTH_SOCK', 'DBUS_SESSION_BUS_ADDRESS', 'DOCKER_HOST', 'GPG_AGENT_INFO'];

function sessionSockets({ host }: View): string[] {
  const runtime = host.environment.XDG_RUNTIME_DIR ?? `/run/user/${host.uid}`;
  const named = SESSION.map((name) => /(\/[^,;:]+)/.exec(host.environment[name] ?? '')?.[1] ?? '');
  const usual = [
    'bus',
    'gnupg/S.gpg-agent',
    'keyring/control',
    'pulse/native',
    'wayland-0',
    'podman/podman.sock',
    'docker.sock',
    'systemd/private',
  ];
  return [
    ...named.filter(Boolean),
    ...usual.map((name) => `${runtime}/${name}`),
    '/tmp/.X11-unix/X0',
    '/tmp/.X11-unix/X1',
  ];
}

/**
 * Sockets that a command could connect to. It does not: a connection may start a service. What the
 * kernel asks for is the right to write, which a read-only mount does not take.
 */
function connectable(calls: Calls, { host }: View, paths: readonly string[]): () => string[] {
  const tried = [...new Set(paths)].map((path) => ({
    path,
    stat: calls.stat(path),
    may: calls.mayAccess(path, constants.W_OK),
  }));
  return () =>
    tried
      .filter(
        ({ path, stat, may }) => stat()?.kind === 'socket' && may() && host.isSame(path, stat()),
      )
      .map(({ path }) => path);
}

const isShared = ({ host, namespaces }: View) => namespaces.net === host.namespaces.net;

export const socketProbes = {
  'service-sockets': {
    area: 'sockets',
    title: 'services of the host can be connected to: Docker, containerd, D-Bus, lxd, databases',
    hint: 'Add the directory of the socket to `mask`; a read-only mount does not stop a connection.',
    prepare(calls, view) {
      const session = sessionSockets(view);
      const paths = [...SERVICES, ...view.host.sockets.filter((path) => !session.includes(path))];
      const found = connectable(calls, view, paths);
      return () => judge(found(), `${paths.length} sockets tried`, view.host.isNamed);
    },
  },
  'session-sockets': {
    area: 'sockets',
    title:
      'the session of the caller can be connected to: ssh-agent, gpg-agent, D-Bus, X11, Wayland',
    hint: 'Add the directory of the socket to `mask`; a read-only mount does not stop a connection.',
    prepare(calls, view) {
      const paths = sessionSockets(view);
      const found = connectable(calls, view, paths);
      return () => judge(found(), `${paths.length} sockets tried`, view.host.isNamed);
    },
  },
  'abstract-sockets': {
    area: 'sockets',
    title: 'abstract sockets of the host can be connected to',
    hint: "They belong to the network namespace: any `network` but 'host' has its own.",
    prepare: (_, view) => () =>
      isShared(view)
        ? reachable('the network namespace is that of the caller')
        : blocked('a network namespace of its own'),
  },
} satisfies Record<string, Probe>;
