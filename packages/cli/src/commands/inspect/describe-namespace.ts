// A namespace as plain data.
import { Namespace } from '@ns/core';

/** Data of a namespace. Null stands for what the kernel refuses to the caller. */
export interface NamespaceDescription {
  readonly type: string;
  readonly inode: number;
  readonly id: string | null;
  readonly initial: boolean;
  /** True if the caller is in it. */
  readonly own: boolean;
  readonly ownerUid: number | null;
  /** Inode of the owner. */
  readonly owner: number | null;
  /** Inode of the parent. */
  readonly parent: number | null;
}

/** Returns null if a system call fails. */
function unlessRefused<Value>(read: () => Value): Value | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && 'code' in error) return null;
    throw error;
  }
}

function inodeOf(open: () => Namespace | null): number | null {
  const namespace = unlessRefused(open);
  if (namespace === null) return null;
  try {
    return Number(namespace.id.ino);
  } finally {
    namespace.close();
  }
}

/** Returns the data of a namespace. */
export function describeNamespace(namespace: Namespace): NamespaceDescription {
  const { type } = namespace;
  const current = Namespace.current(type);
  try {
    return {
      type,
      inode: Number(namespace.id.ino),
      id: unlessRefused(() => namespace.nsid)?.toString() ?? null,
      initial: namespace.isInitial,
      own: namespace.equals(current),
      ownerUid: type === 'user' ? unlessRefused(() => namespace.ownerUid()) : null,
      owner: type === 'user' ? null : inodeOf(() => namespace.owner()),
      parent: type === 'user' || type === 'pid' ? inodeOf(() => namespace.parent()) : null,
    };
  } finally {
    current.close();
  }
}
