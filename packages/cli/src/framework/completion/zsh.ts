// The completion of zsh(1).
import type { DescribedCommand, DescribedOption } from './described-commands.js';

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
/** Returns a description for the brackets of _arguments. */
const described = (text: string) => text.replace(/[[\]\\:]/g, '\\$&');

function action({ value = '', choices }: DescribedOption): string {
  if (choices) return `(${choices.join(' ')})`;
  return /FILE|DIR|SOURCE/.test(value) ? '_files' : ' ';
}

function specs(option: DescribedOption): string[] {
  const { long, short, value, optional, help } = option;
  const rest = `[${described(help)}]`;
  const tail = value === undefined ? '' : `:${described(value)}:${action(option)}`;
  // An optional value follows without a blank.
  const spec = (name: string, sign: string) =>
    quoted(`*${name}${value === undefined ? '' : sign}${rest}${optional ? `:${tail}` : tail}`);
  const all = [spec(`--${long}`, optional ? '=-' : '=')];
  if (short) all.push(optional ? quoted(`*-${short}${rest}`) : spec(`-${short}`, '+'));
  return all;
}

function branch({ name, options, verbs, runs }: DescribedCommand): string {
  const words = runs
    ? [`'*:: :_normal'`]
    : verbs.length > 0
      ? [`'1:verb:(${verbs.join(' ')})'`, `'*: :_files'`]
      : [`'*: :_files'`];
  const lines = [...options.flatMap(specs), ...words];
  return `    ${name})\n      _arguments -s -S \\\n        ${lines.join(' \\\n        ')}\n      ;;`;
}

/** Returns the script, for a file _ns in $fpath. */
export function zshCompletion(commands: readonly DescribedCommand[]): string {
  const list = commands.map(({ name, summary }) =>
    quoted(`${name}:${summary.replaceAll(':', '\\:')}`),
  );
  return `#compdef ns
# zsh completion of ns(1)
local -a commands
commands=(
  ${list.join('\n  ')}
)
if ((CURRENT == 2)); then
  _describe -t commands command commands -- '(--help --version)'
  return
fi
local command=$words[2]
shift words
((CURRENT--))
case $command in
${commands.map(branch).join('\n')}
esac
`;
}
