// The table of docs/security.md: what an audit tries, and which preset promises to block it.
import { type AuditPreset, auditPresets, auditProbes } from '@ns/sandbox';

function row({ name, area, title, promisedBy }: (typeof auditProbes)[number]): string {
  const marks = auditPresets.map((preset: AuditPreset) =>
    promisedBy.includes(preset) ? 'yes' : '',
  );
  return `| \`${name}\` | ${area} | ${title} | ${marks.join(' | ')} |`;
}

/** All probes, in the order of the report. */
export function auditTable(): string {
  const head = ['probe', 'area', 'what is tried', ...auditPresets];
  return [
    `| ${head.join(' | ')} |`,
    `| ${head.map(() => '---').join(' | ')} |`,
    ...auditProbes.map(row),
  ].join('\n');
}
