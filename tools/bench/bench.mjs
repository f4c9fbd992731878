// `npm run bench -- [options]`: measures what cases/ holds, prints tables, and tells which targets
// were met. It informs: whatever it finds, it exits with 0.
import { readdirSync, writeFileSync } from 'node:fs';
import { arch, constants, cpus, loadavg, release, setPriority } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { measure } from './measure.mjs';
import { groupReport, numbers, targetReport, targetResults } from './report.mjs';

/** @typedef {import('./suite.ts').Suite} Suite */

const HELP = `npm run bench -- [options]
  --rounds N     how often each group is measured (default: 40; more rounds, steadier numbers)
  --quick        6 rounds
  --filter TEXT  only groups with this in "suite: group"
  --json FILE    write the numbers there as well
  --help`;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string' },
    quick: { type: 'boolean', default: false },
    filter: { type: 'string', default: '' },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

function roundsOf() {
  const rounds = Number(values.rounds ?? (values.quick ? 6 : 40));
  if (Number.isInteger(rounds) && rounds > 0) return rounds;
  console.error(`--rounds must be a positive integer: ${values.rounds}\n${HELP}`);
  process.exit(2);
}

/** @param {string} text */
function progress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

const machine = () => ({
  kernel: release(),
  node: process.version,
  arch: arch(),
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  load: loadavg().map((load) => Number(load.toFixed(2))),
  user: process.getuid?.() === 0 ? 'root' : 'unprivileged',
});

async function main() {
  // Whatever else runs on the machine is in the way of all contenders; root can be ahead of it.
  if (process.getuid?.() === 0) setPriority(constants.priority.PRIORITY_HIGHEST);
  const rounds = roundsOf();
  const before = machine();
  const { kernel, node, cpu, cores, user } = before;
  console.log(`Linux ${kernel}, Node ${node}, ${cores} × ${cpu}, ${user}, ${rounds} rounds.\n`);
  const cases = new URL('cases/', import.meta.url);
  const targets = [];
  const suites = [];
  for (const file of readdirSync(cases).filter((name) => name.endsWith('.mjs'))) {
    const { href } = new URL(file, cases);
    const suite = /** @type {{ suite: Suite }} */ (await import(href)).suite;
    const { groups, resident } = await measure(href, {
      heaps: suite.heaps,
      filter: values.filter,
      rounds,
      onRound: (done) => progress(`${suite.title}: ${done} of ${rounds}`),
    });
    progress('');
    if (groups.length === 0) continue;
    const sizes = suite.heaps.map(
      (heap) => `${heap}: ${((resident[heap] ?? 0) / 1024 / 1024).toFixed(0)} MiB resident`,
    );
    console.log(`## ${suite.title}\n\n${suite.about}\n\nThe process: ${sizes.join(', ')}.\n`);
    for (const group of groups) console.log(groupReport(group, suite));
    const results = groups.flatMap((group) => targetResults(group, suite.heaps));
    targets.push(...results);
    suites.push({
      title: suite.title,
      resident,
      groups: groups.map((group) => ({
        name: group.name,
        skip: group.skip,
        contenders: numbers(group, suite.heaps),
      })),
      targets: results,
    });
  }
  if (targets.length > 0) {
    const met = targets.filter((target) => target.met).length;
    console.log(`## Targets\n\n${targetReport(targets)}\n\n${met} of ${targets.length} met.`);
  }
  console.log(`\nLoad: ${before.load.join(' ')} before, ${machine().load.join(' ')} after.`);
  if (values.json !== undefined) {
    const json = { date: new Date().toISOString(), machine: before, rounds, suites };
    // npm runs scripts in the package, not where the user is.
    const file = resolve(process.env.INIT_CWD ?? '.', values.json);
    writeFileSync(file, `${JSON.stringify(json, null, 2)}\n`);
  }
}

if (values.help) console.log(HELP);
else await main();
