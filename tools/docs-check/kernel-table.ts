// The table of docs/kernel-support.md that says which kernel brought what.
import { type FeatureName, type Features, features } from '@ns/core';

const compare = (a: string, b: string) => a.localeCompare(b, 'en', { numeric: true });

function row(name: string, { title, since }: Features[FeatureName]): string {
  return `| \`${name}\` | ${title} | ${since ?? ''} |`;
}

/** Everything that features() looks for, by the kernel that brought it; what is none of the kernel's last. */
export function kernelTable(): string {
  const found = Object.entries(features());
  const ofKernel = found.filter(([, { since }]) => since !== undefined);
  const others = found.filter(([, { since }]) => since === undefined);
  ofKernel.sort(([, a], [, b]) => compare(a.since ?? '', b.since ?? ''));
  const rows = [...ofKernel, ...others].map(([name, feature]) => row(name, feature));
  return ['| feature | what it is | Linux |', '| --- | --- | --- |', ...rows].join('\n');
}
