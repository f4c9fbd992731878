// The completion of fish(1).
import { type DescribedCommand, type DescribedOption, takesNext } from './described-commands.js';

const quoted = (text: string) => `'${text.replace(/['\\]/g, '\\$&')}'`;

function line(command: string, option: DescribedOption): string {
  const { long, short, value = '', choices, help } = option;
  const files = /FILE|DIR|SOURCE/.test(value);
  return [
    `complete -c ns -n '__ns_in ${command}' -l ${long}`,
    ...(short === undefined ? [] : [`-s ${short}`]),
    ...(takesNext(option) ? ['-r'] : []),
    ...(files ? ['-F'] : []),
    ...(choices ? [`-x -a ${quoted(choices.join(' '))}`] : []),
    `-d ${quoted(help)}`,
  ].join(' ');
}

function lines({ name, options, verbs, runs }: DescribedCommand): string[] {
  return [
    ...options.map((option) => line(name, option)),
    ...(verbs.length > 0
      ? [`complete -c ns -n '__ns_in ${name}' -f -a ${quoted(verbs.join(' '))}`]
      : []),
    ...(runs
      ? [`complete -c ns -n '__ns_in ${name}' -f -a '(__fish_complete_subcommand --fcs-skip=2)'`]
      : []),
  ];
}

/** Returns the script. */
export function fishCompletion(commands: readonly DescribedCommand[]): string {
  return `# fish completion of ns(1)
function __ns_in
  set -l words (commandline -opc)
  test (count $words) -gt 1; and test $words[2] = $argv[1]
end
function __ns_alone
  test (count (commandline -opc)) -eq 1
end
complete -c ns -n __ns_alone -f -l help -s h -d 'show the help'
complete -c ns -n __ns_alone -f -l version -s V -d 'show the version'
${commands.map(({ name, summary }) => `complete -c ns -n __ns_alone -f -a ${name} -d ${quoted(summary)}`).join('\n')}
${commands.flatMap(lines).join('\n')}
`;
}
