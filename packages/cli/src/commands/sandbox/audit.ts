// `ns sandbox --audit`: prints what a stranger would reach in a sandbox of these options.
import {
  type AuditFinding,
  type AuditPreset,
  type AuditReport,
  type SandboxOptions,
  sandbox,
} from '@ns/sandbox';
import type { Outcome } from '../../framework/command.js';
import { print, printable, printJson } from '../../framework/output.js';
import { table } from '../../framework/table.js';

const isBroken = ({ promised, result }: AuditFinding) => promised && result === 'reachable';

/** Returns the result of a finding, in capitals if it breaks a promise: for readers and for grep(1). */
const resultOf = (finding: AuditFinding) =>
  isBroken(finding) ? finding.result.toUpperCase() : finding.result;

function printFindings({ findings }: AuditReport): void {
  const columns = ['RESULT', 'AREA', 'PROBE', 'DETAIL'].map((title) => ({ title }));
  const rows = findings.map((one) => [resultOf(one), one.area, one.probe, printable(one.detail)]);
  const out = process.stdout;
  table(columns, rows, { columns: out.isTTY ? out.columns : undefined }).forEach(print);
}

function printVerdict({ preset, kept, findings }: AuditReport): void {
  print('');
  if (kept) {
    print(`Nothing is reachable that the preset ${preset} promises to block.`);
    return;
  }
  print(`Reachable although the preset ${preset} promises to block it:`);
  for (const { probe, hint } of findings.filter(isBroken)) print(`  ${probe}: ${hint ?? ''}`);
}

/** Audits a sandbox of these options, and prints the findings. */
export async function auditSandbox(
  options: SandboxOptions,
  preset: AuditPreset,
  { json }: { json: boolean },
): Promise<Outcome> {
  const report = await sandbox.audit(options, { preset });
  if (json) printJson(report);
  else {
    printFindings(report);
    printVerdict(report);
  }
  return { exitCode: report.kept ? 0 : 1 };
}
