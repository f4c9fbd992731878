// Manual pages of `ns` and of its commands, made of the same descriptions as the help.
import type { Command, Verb } from './command.js';
import { commonOptions, type OptionDescription, type OptionGroup } from './option-table.js';
import { hasVerbs, optionGroups } from './verbs.js';

/** Returns a text for roff, without requests and escapes. @see groff_man(7) */
function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('~', '\\(ti')
    .replaceAll('^', '\\(ha')
    .replaceAll("'", '\\(aq')
    .replaceAll('`', '\\(ga')
    .replace(/^\./gm, '\\&.')
    .replaceAll('’', '\\(cq');
}

function title(name: string, version: string): string {
  return `.TH ${name.toUpperCase()} 1 "" "ns ${version}" "User Commands"`;
}

function option([name, { short, value, optional, help, choices }]: [string, OptionDescription]) {
  const placeholder = value === undefined ? '' : `\\fI${escaped(value)}\\fR`;
  const long = `\\fB\\-\\-${escaped(name)}\\fR`;
  const tail = value === undefined ? '' : optional ? `[=${placeholder}]` : ` ${placeholder}`;
  const letter = short === undefined ? '' : `\\fB\\-${short}\\fR, `;
  const words = choices === undefined ? '' : ` (${choices.join(', ')})`;
  return `.TP\n${letter}${long}${tail}\n${escaped(help + words)}`;
}

function group({ title: heading, options }: OptionGroup): string {
  return [`.SS "${escaped(heading)}"`, ...Object.entries(options).map(option)].join('\n');
}

function verb([name, { usage, summary }]: [string, Verb]): string {
  return `.TP\n\\fB${escaped(name)}\\fR ${escaped(usage)}\n${escaped(summary)}`;
}

function example(text: string): string {
  return `.EX\n${escaped(text)}\n.EE`;
}

/** Returns the manual page of a command. */
export function commandPage(command: Command, version: string): string {
  const { name, summary, notes, examples } = command;
  const usage = hasVerbs(command) ? '<verb> [options]' : command.usage;
  const isExit = (note: string) => note.startsWith('Exit code: ');
  const paragraphs = (list: readonly string[]) => list.map(escaped).join('\n.PP\n');
  const plain = summary.replace(/\.$/, '').replace(/^./, (first) => first.toLowerCase());
  const described = notes.filter((note) => !isExit(note));
  return `${[
    title(`ns-${name}`, version),
    `.SH NAME\nns\\-${name} \\- ${escaped(plain)}`,
    `.SH SYNOPSIS\n\\fBns ${name}\\fR ${escaped(usage)}`,
    `.SH DESCRIPTION\n${paragraphs([summary, ...described])}`,
    ...(hasVerbs(command)
      ? [`.SH VERBS\n${Object.entries(command.verbs).map(verb).join('\n')}`]
      : []),
    `.SH OPTIONS\n${[...optionGroups(command), commonOptions].map(group).join('\n')}`,
    `.SH "EXIT STATUS"\n${paragraphs(notes.filter(isExit).map((note) => note.slice(11)))}`,
    `.SH EXAMPLES\n${examples.map(example).join('\n')}`,
    '.SH "SEE ALSO"\n.BR ns (1),\n.BR namespaces (7)',
  ].join('\n')}\n`;
}

/** Returns the manual page of `ns` itself. */
export function generalPage(commands: readonly Command[], version: string): string {
  const entries = commands.map(
    ({ name, summary }) => `.TP\n.BR ns\\-${name} (1)\n${escaped(summary)}`,
  );
  return `${[
    title('ns', version),
    '.SH NAME\nns \\- Linux namespaces: run a command in new ones, enter existing ones, list them',
    '.SH SYNOPSIS\n\\fBns\\fR \\fIcommand\\fR [options]',
    `.SH COMMANDS\n${entries.join('\n')}`,
    `.SH OPTIONS\n${group({ ...commonOptions, title: 'Options of ns itself' })}`,
    '.SH "SEE ALSO"\n.BR unshare (1),\n.BR nsenter (1),\n.BR lsns (8),\n.BR namespaces (7)',
  ].join('\n')}\n`;
}
