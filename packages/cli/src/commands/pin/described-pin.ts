import type { Namespace } from '@ns/core';

/** Returns a namespace and the file that pins it, as plain data. */
export const describePin = ({ type, id }: Namespace, path: string) => ({
  type,
  inode: id.ino,
  path,
});
