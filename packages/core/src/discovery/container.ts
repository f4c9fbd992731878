// Which container or service a process belongs to, told by the names of its cgroups.
import { readFileSync } from 'node:fs';

/** The maker of the cgroup. `systemd` is a unit that is not a container; `machine` one of systemd-machined. */
export type ContainerManager =
  | 'docker'
  | 'podman'
  | 'containerd'
  | 'cri-o'
  | 'kubernetes'
  | 'lxc'
  | 'machine'
  | 'systemd';

/** A container, or the systemd unit of what is in none. */
export interface Container {
  /** Its manager; `kubernetes` where the cgroup does not tell which runtime. */
  readonly manager: ContainerManager;
  /** Id (64 hexadecimal digits), or name (lxc, machine), or unit (systemd). */
  readonly name: string;
  /** Uid of the Kubernetes pod that it is part of. */
  readonly pod?: string;
}

const ID = '([0-9a-f]{64})';

// Each against one element of the path, by itself or with the one before it.
const patterns: readonly (readonly [ContainerManager, RegExp])[] = [
  ['docker', new RegExp(`^docker-${ID}\\.scope$`)],
  ['docker', new RegExp(`^docker/${ID}$`)],
  ['podman', new RegExp(`^libpod-(?:payload-)?${ID}(?:\\.scope)?$`)],
  ['cri-o', new RegExp(`^crio-${ID}(?:\\.scope)?$`)],
  ['containerd', new RegExp(`^(?:.*:)?cri-containerd[-:]${ID}(?:\\.scope)?$`)],
  ['containerd', new RegExp(`^nerdctl-${ID}\\.scope$`)],
  ['containerd', new RegExp(`^(?:default|k8s\\.io|moby)/${ID}$`)],
  ['kubernetes', new RegExp(`^pod[0-9a-f_-]+/${ID}$`)],
  ['lxc', /^lxc\.payload\.([^/]+)$/],
  ['lxc', /^lxc(?:\.payload)?\/([^/]+)$/],
  ['machine', /^machine-([^/]+)\.scope$/],
  ['machine', /^systemd-nspawn@([^/]+)\.service$/],
];
const unit = /^[^/]+\.(?:service|scope)$/;
const podName = /^(?:kubepods.*-)?pod([0-9a-f]{8}[-_][0-9a-f-_]+?)(?:\.slice)?(?::.*)?$/;

/** The name of a systemd unit without its escapes: `\x2d` is a dash. */
const unescapeUnit = (name: string) =>
  name.replace(/\\x([0-9a-f]{2})/g, (_, code: string) => String.fromCharCode(Number(`0x${code}`)));

function podIn(elements: readonly string[]): string | undefined {
  for (const element of elements) {
    const uid = podName.exec(element)?.[1];
    if (uid !== undefined) return uid.replaceAll('_', '-');
  }
  return undefined;
}

/** The innermost container that a cgroup's path names. */
function containerIn(path: string): Container | null {
  const elements = path.split('/').filter((element) => element !== '');
  for (let last = elements.length - 1; last >= 0; last--) {
    const element = elements[last] as string;
    for (const text of [element, `${elements[last - 1] ?? ''}/${element}`]) {
      for (const [manager, pattern] of patterns) {
        const name = pattern.exec(text)?.[1];
        if (name === undefined) continue;
        const pod = podIn(elements);
        return {
          manager,
          name: manager === 'machine' ? unescapeUnit(name) : name,
          ...(pod === undefined ? {} : { pod }),
        };
      }
    }
  }
  return null;
}

function unitIn(path: string): Container | null {
  const name = path.split('/').findLast((element) => unit.test(element));
  return name === undefined ? null : { manager: 'systemd', name };
}

/**
 * The container that the text of a /proc/PID/cgroup tells of; the systemd unit if it tells of none.
 * The tree of cgroup v2 counts before those of v1.
 */
export function parseContainer(text: string): Container | null {
  const paths: string[] = [];
  for (const line of text.split('\n')) {
    const match = /^(\d+):[^:]*:(\/.*)$/.exec(line);
    if (!match) continue;
    if (match[1] === '0') paths.unshift(match[2] as string);
    else paths.push(match[2] as string);
  }
  for (const find of [containerIn, unitIn]) {
    for (const path of paths) {
      const found = find(path);
      if (found) return found;
    }
  }
  return null;
}

/** Returns the container of a process; null if it has none, or has ended. */
export function containerOf(pid: number): Container | null {
  try {
    return parseContainer(readFileSync(`/proc/${pid}/cgroup`, 'utf8'));
  } catch {
    return null;
  }
}
