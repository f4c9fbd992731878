// The completion of bash(1), with or without bash-completion.
import { type DescribedCommand, type DescribedOption, takesNext } from './described-commands.js';

const names = ({ long, short }: DescribedOption) =>
  short ? [`-${short}`, `--${long}`] : [`--${long}`];

function branch({ name, options, verbs, runs }: DescribedCommand): string {
  const words = options.flatMap((one) =>
    one.optional ? [...names(one), `--${one.long}=`] : names(one),
  );
  const next = options.filter(takesNext).flatMap(names);
  const chosen = options.filter(({ choices }) => choices);
  const values = chosen.map(
    (one) => `        ${names(one).join('|')}) values='${one.choices?.join(' ')}' ;;`,
  );
  return `    ${name})
      words='${words.join(' ')}'
      takes=' ${next.join(' ')} '
      verbs='${verbs.join(' ')}'
      runs=${runs ? 1 : 0}
      case $option in
${[...values, '        *) ;;'].join('\n')}
      esac
      ;;`;
}

/** Returns the script. */
export function bashCompletion(commands: readonly DescribedCommand[]): string {
  return `# bash completion of ns(1)
_ns() {
  local current=\${COMP_WORDS[COMP_CWORD]} option=\${COMP_WORDS[COMP_CWORD - 1]}
  local words='' takes='' verbs='' values='' runs=0 i first=0
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W '${commands.map(({ name }) => name).join(' ')} --help --version' -- "$current"))
    return
  fi
  # --option=value is three words here
  if [[ $current == = ]]; then
    current=''
  elif [[ $option == = ]]; then
    option=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  case \${COMP_WORDS[1]} in
${commands.map(branch).join('\n')}
    *) return ;;
  esac
  for ((i = 2; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in
      --) first=$((i + 1)); break ;;
      =) i=$((i + 1)) ;;
      -*) [[ $takes == *" \${COMP_WORDS[i]} "* && \${COMP_WORDS[i + 1]} != = ]] && i=$((i + 1)) ;;
      *) if ((runs)); then first=$i; break; else verbs=''; fi ;;
    esac
  done
  if ((first > 0)); then
    if ((runs)) && declare -F _command_offset >/dev/null; then _command_offset "$first"; fi
    return
  fi
  if [[ -n $values ]]; then
    COMPREPLY=($(compgen -W "$values" -- "$current"))
  elif [[ $takes == *" $option "* ]]; then
    return
  elif [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
    [[ \${COMPREPLY[0]} == *= ]] && compopt -o nospace
  elif [[ -n $verbs ]]; then
    COMPREPLY=($(compgen -W "$verbs" -- "$current"))
  elif ((runs)); then
    COMPREPLY=($(compgen -c -- "$current"))
  fi
}
complete -o default -F _ns ns
`;
}
