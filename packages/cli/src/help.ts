// The text of --help.
import type { Command } from './command.js';
import type { OptionDescription, OptionGroup } from './options.js';

const WIDTH = 79;
const INDENT = 28;

/** Breaks a text into lines, all but the first one indented. */
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

/** Help of a subcommand. */
export function commandHelp(command: Command): string {
  const { name, usage, summary, options, notes, examples } = command;
  return [
    wrap(`Usage: ns ${name} ${usage}`, 0),
    wrap(summary, 0),
    ...options.map(group),
    ...notes.map((note) => wrap(note, 0)),
    ['Examples:', ...examples.map((example) => `  ${example}`)].join('\n'),
  ].join('\n\n');
}

/** Help of `ns` itself. */
export function generalHelp(commands: readonly Command[]): string {
  return [
    'Usage: ns <command> [options]',
    'Linux namespaces: run a command in new ones, enter existing ones, list them.',
    ['Commands:', ...commands.map(({ name, summary }) => entry(`  ${name}`, summary))].join('\n'),
    [
      'Options:',
      entry('  -h, --help', 'this text; after a command, its help'),
      entry('  -V, --version', 'the version'),
    ].join('\n'),
  ].join('\n\n');
}
