// The text of --help.
import type { Command, Verb } from './command.js';
import { commonOptions, type OptionDescription, type OptionGroup } from './option-table.js';
import { chooseAction, hasVerbs, optionGroups } from './verbs.js';

const WIDTH = 79;
const INDENT = 28;

/** Breaks a text into lines, all except the first indented. */
function wrap(text: string, indent: number): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent + line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  lines.push(line);
  return lines.join(`\n${' '.repeat(indent)}`);
}

function nameOf(name: string, { short, value, optional }: OptionDescription): string {
  const letter = short === undefined ? '    ' : `-${short}, `;
  const placeholder = value === undefined ? '' : optional ? `[=${value}]` : ` ${value}`;
  return ` ${letter}--${name}${placeholder}`;
}

function entry(left: string, right: string): string {
  const text = wrap(right, INDENT);
  return left.length < INDENT - 1
    ? left.padEnd(INDENT) + text
    : `${left}\n${' '.repeat(INDENT)}${text}`;
}

function group({ title, options }: OptionGroup): string {
  const lines = Object.entries(options).map(([name, one]) => entry(nameOf(name, one), one.help));
  return [`${title}:`, ...lines].join('\n');
}

const list = (title: string, entries: readonly string[]) => [`${title}:`, ...entries].join('\n');

/** Returns the help of a command. */
export function commandHelp(command: Command): string {
  const { name, summary, notes, examples } = command;
  const usage = hasVerbs(command) ? '<verb> [options]' : command.usage;
  const verbs = hasVerbs(command)
    ? Object.entries(command.verbs).map(([verb, one]) =>
        entry(`  ${verb} ${one.usage}`.trimEnd(), one.summary),
      )
    : [];
  return [
    wrap(`Usage: ns ${name} ${usage}`, 0),
    wrap(summary, 0),
    ...(verbs.length > 0 ? [list('Verbs', verbs)] : []),
    ...[...optionGroups(command), commonOptions].map(group),
    ...notes.map((note) => wrap(note, 0)),
    list(
      'Examples',
      examples.map((example) => `  ${example}`),
    ),
  ].join('\n\n');
}

/** Returns the help of a verb of a command. */
export function verbHelp(command: Command, verb: string): string {
  const { action } = chooseAction(command, [verb]);
  return [
    wrap(`Usage: ns ${command.name} ${verb} ${action.usage}`.trimEnd(), 0),
    wrap((action as Verb).summary, 0),
    ...[...action.options, commonOptions].map(group),
    `More: ns ${command.name} --help`,
  ].join('\n\n');
}

/** Returns the help of `ns` itself. */
export function generalHelp(commands: readonly Command[]): string {
  return [
    'Usage: ns <command> [options]',
    'Linux namespaces: run a command in new ones, enter existing ones, list them.',
    ['Commands:', ...commands.map(({ name, summary }) => entry(`  ${name}`, summary))].join('\n'),
    [
      'Options:',
      entry('  -h, --help', 'show this text; after a command, its help'),
      entry('  -V, --version', 'show the version'),
    ].join('\n'),
  ].join('\n\n');
}
