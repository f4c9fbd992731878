// `ns doctor`: prints which features work for this kernel and this user, and the cure of each that does not.
import { arch, release, userInfo } from 'node:os';
import { type Feature, type FeatureName, type Features, features } from '@ns/core';
import { sandbox } from '@ns/sandbox';
import type { Command, Outcome } from '../../framework/command.js';
import type { CommandLine } from '../../framework/command-line.js';
import { lineOf } from '../../framework/error-report.js';
import { print, printable, printJson } from '../../framework/output.js';

/** Features that sandboxes of ordinary users need. */
const needed: readonly FeatureName[] = [
  'clone3',
  'closeRange',
  'openat2',
  'pidfdOpen',
  'executableMemory',
  'unprivilegedUserNamespaces',
  'rootlessNamespaces',
  'rootlessProc',
];

const out = process.stdout;

type Colour = 31 | 32 | 33;

/** Returns a text in colour, if the terminal has colours. */
function painted(colour: Colour, text: string): string {
  return out.isTTY && out.hasColors() ? `\x1b[${colour}m${text}\x1b[0m` : text;
}

/** Creates a sandbox. Returns the error in one line; undefined on success. */
async function trySandbox(): Promise<string | undefined> {
  try {
    await sandbox.run('true');
    return undefined;
  } catch (error) {
    return lineOf(error, 'ns doctor');
  }
}

/** The result for rootless sandboxes. */
interface Verdict {
  readonly available: boolean;
  readonly missing: readonly FeatureName[];
  /** The error of the sandbox that was tried, in one line. */
  readonly error?: string;
}

async function judge(found: Features): Promise<Verdict> {
  const missing = needed.filter((name) => !found[name].available);
  if (missing.length > 0) return { available: false, missing };
  const error = await trySandbox();
  return { available: error === undefined, missing, ...(error !== undefined && { error }) };
}

function printFeature({ title, available, reason, cure, limit }: Feature, isNeeded: boolean): void {
  const most = limit === undefined ? '' : ` (at most ${limit})`;
  if (available) {
    print(`${painted(32, 'yes')}  ${title}${most}`);
    return;
  }
  print(`${painted(isNeeded ? 31 : 33, 'no')}   ${title}${most}: ${printable(String(reason))}`);
  if (cure !== undefined) print(`       cure: ${cure}`);
}

function printVerdict({ available, missing, error }: Verdict, found: Features): void {
  if (available) {
    print(painted(32, 'Rootless sandboxes work.'));
    return;
  }
  print(painted(31, 'Rootless sandboxes do not work:'));
  for (const name of missing) {
    const { title, reason, cure } = found[name];
    print(`  ${title}: ${printable(String(reason))}`);
    if (cure !== undefined) print(`    cure: ${cure}`);
  }
  if (error !== undefined) print(`  ${error}`);
}

async function examine(commandLine: CommandLine): Promise<Outcome> {
  commandLine.named();
  const found = features();
  const verdict = await judge(found);
  const system = { kernel: release(), arch: arch(), node: process.version, uid: userInfo().uid };
  if (commandLine.has('json')) {
    printJson({ system, rootlessSandboxes: verdict, features: found });
  } else {
    const { kernel, node, uid } = system;
    print(`Linux ${kernel} on ${system.arch}, Node.js ${node}, uid ${uid}\n`);
    for (const [name, feature] of Object.entries(found) as [FeatureName, Feature][]) {
      printFeature(feature, needed.includes(name));
    }
    print('');
    printVerdict(verdict, found);
  }
  return { exitCode: verdict.available ? 0 : 1 };
}

export const doctor: Command = {
  name: 'doctor',
  summary: 'Show which features work for this kernel and this user, and how to get the others.',
  usage: '[options]',
  options: [],
  notes: [
    'Namespaces are really created, by children that end at once; nothing else changes. For root, the features of an ordinary user are probed as well.',
    'Exit code: 0 if sandboxes work without root, else 1.',
  ],
  examples: ['ns doctor', 'ns doctor --json', `ns doctor > /dev/null || echo 'no sandboxes here'`],
  failureCode: 1,
  run: examine,
};
