// What may import what inside of a package: a folder only folders below it, and no file itself by way
// of others. Tests are free.
import { join, normalize } from 'node:path/posix';
import { importsOf, type Package } from './boundaries.js';

/** Folders of a package, the lowest first. A folder that is not named belongs to no layer. */
export const layers: Readonly<Record<string, readonly string[]>> = {
  core: [
    'sys',
    'contract',
    'program',
    'namespaces',
    'discovery',
    'child',
    'process',
    'commands',
    'features',
    'worker',
  ],
};

const isTest = (path: string) => /[./](test|testing)\.ts$|\/(testing|attacks)\//.test(path);

/** Files of the package by the path of the file that imports them. Tests are left out. */
function graphOf({ files }: Package): Map<string, readonly string[]> {
  const graph = new Map<string, readonly string[]>();
  for (const [path, source] of files) {
    if (isTest(path)) continue;
    const targets = importsOf(source)
      .filter((specifier) => specifier.startsWith('.'))
      .map((specifier) => normalize(join(path, '..', specifier)).replace(/\.js$/, '.ts'));
    graph.set(
      path,
      targets.filter((target) => files.has(target)),
    );
  }
  return graph;
}

const folderOf = (path: string) => /^src\/([^/]+)\//.exec(path)?.[1] ?? '';

/** Imports from a folder of a layer above. */
export function upwardImports(files: Package): string[] {
  const order = layers[files.name] ?? [];
  const found: string[] = [];
  for (const [path, targets] of graphOf(files)) {
    const own = order.indexOf(folderOf(path));
    if (own === -1) continue;
    for (const target of targets) {
      if (order.indexOf(folderOf(target)) > own) found.push(`${path} imports ${target}`);
    }
  }
  return found;
}

/** Groups of files that import each other, each as a sorted list: Tarjan's strongly connected components. */
export function importCycles(files: Package): string[][] {
  const graph = graphOf(files);
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const open: string[] = [];
  const cycles: string[][] = [];

  function visit(path: string): number {
    const number = order.size;
    order.set(path, number);
    low.set(path, number);
    open.push(path);
    for (const target of graph.get(path) ?? []) {
      const reached = order.has(target)
        ? open.includes(target)
          ? (order.get(target) as number)
          : number
        : visit(target);
      low.set(path, Math.min(low.get(path) as number, reached));
    }
    const lowest = low.get(path) as number;
    if (lowest === number) {
      const group = open.splice(open.indexOf(path)).sort();
      if (group.length > 1) cycles.push(group);
    }
    return lowest;
  }
  for (const path of graph.keys()) if (!order.has(path)) visit(path);
  return cycles;
}
