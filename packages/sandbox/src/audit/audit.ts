// sandbox.audit(): tries from inside a sandbox what a stranger would try first.
import { type Members, parse } from '@ns/core/authors';
import { createSandbox } from '../create-sandbox.js';
import type { SandboxOptions } from '../options/types.js';
import { Calls } from './calls.js';
import type { Probe, Verdict } from './probe.js';
import { type ProbeName, probes } from './probes/index.js';
import { type AuditPreset, auditPresets, promises } from './promises.js';
import type { AuditFinding, AuditReport } from './report.js';
import { look } from './view.js';

/** Options of `sandbox.audit`. */
export interface AuditOptions {
  /** The preset whose promises are checked. Default: `'default'`, those of a sandbox without options. */
  preset?: AuditPreset | undefined;
}

const entries = Object.entries(probes) as [ProbeName, Probe][];
/** The order of probes: those that change something after those that do not. */
const orders = [undefined, 'process', 'sandbox'] as const;

const parseAudit = parse.options({
  preset: parse.withDefault(parse.oneOf(...auditPresets), 'default'),
} satisfies Members<AuditOptions>);

/**
 * Creates a sandbox with these options, tries from inside what a stranger would try first, and reports
 * what is reachable. The calls are made by a command that needs no program in the root. Nothing
 * outside is changed: no packet is sent, no service is connected to, no device is opened.
 *
 * Anything that the options name themselves (`readable`, `writable`, `mounts`, `env`) is `'limited'`.
 *
 * @throws {TypeError | RangeError} for a wrong option, before any system call
 * @throws {SandboxError} naming the part that the kernel refuses; nothing is left behind
 * @example
 * const { kept, findings } = await sandbox.audit(untrusted(), { preset: 'untrusted' });
 * console.log(kept, findings.filter(({ result }) => result === 'reachable'));
 */
export async function audit(
  sandbox: SandboxOptions = {},
  options: AuditOptions = {},
): Promise<AuditReport> {
  const { preset } = parseAudit(options);
  const promised = new Set<ProbeName>(promises[preset]);
  await using box = await createSandbox(sandbox);
  const view = await look(box, sandbox);
  const verdicts = new Map<ProbeName, Verdict>();
  for (const order of orders) {
    const now = entries.filter(([, { changes }]) => changes === order);
    // Those that change something are alone with what they change.
    for (const group of order === undefined ? [now] : now.map((one) => [one])) {
      const calls = new Calls();
      const judges = group.map(([name, probe]) => [name, probe.prepare(calls, view)] as const);
      await calls.run(box);
      for (const [name, judge] of judges) verdicts.set(name, judge());
    }
  }
  const findings = entries.map(([probe, { area, hint }]): AuditFinding => {
    const { result, detail } = verdicts.get(probe) as Verdict;
    const found = { probe, area, result, promised: promised.has(probe), detail };
    return result === 'blocked' ? found : { ...found, hint };
  });
  const kept = !findings.some((one) => one.promised && one.result === 'reachable');
  return { preset, kept, findings };
}
