// Namespaces that are mounted somewhere: the nsfs lines of /proc/PID/mountinfo.
import { allNamespaceTypes, type NamespaceType, namespaceTypes } from '../sys/namespace-types.js';

/** A namespace that a bind mount keeps alive. */
export interface MountedNamespace {
  readonly type: NamespaceType;
  readonly inode: number;
  /** Where it is mounted. */
  readonly path: string;
}

const typeOfFile = new Map(allNamespaceTypes.map((type) => [namespaceTypes[type].file, type]));

/** A path as mountinfo writes it: blanks, line ends and backslashes are octal. */
export function unescapePath(text: string): string {
  if (!text.includes('\\')) return text;
  const bytes = Buffer.from(text, 'utf8').toString('latin1');
  const plain = bytes.replace(/\\([0-3][0-7]{2})/g, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 8)),
  );
  return Buffer.from(plain, 'latin1').toString('utf8');
}

/** The type and inode in `net:[4026531840]`, as the kernel writes a namespace. */
export function parseNamespaceName(
  text: string,
): { readonly type: NamespaceType; readonly inode: number } | undefined {
  const [, file = '', inode] = /^([a-z]+):\[(\d+)\]$/.exec(text) ?? [];
  const type = typeOfFile.get(file);
  return type === undefined ? undefined : { type, inode: Number(inode) };
}

/**
 * The namespaces in the text of a mountinfo.
 * @see proc_pid_mountinfo(5)
 */
export function parseMountedNamespaces(text: string): MountedNamespace[] {
  const found: MountedNamespace[] = [];
  if (!text.includes(' - nsfs ')) return found; // as nearly everywhere
  for (const line of text.split('\n')) {
    const [left = '', right = ''] = line.split(' - ', 2);
    if (!right.startsWith('nsfs ')) continue;
    const [, , , root = '', path = ''] = left.split(' ');
    const name = parseNamespaceName(root);
    if (name) found.push({ ...name, path: unescapePath(path) });
  }
  return found;
}
