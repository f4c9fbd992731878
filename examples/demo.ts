// The main job: one real command in eight new namespaces, beside what the same command sees outside.
import { styleText } from 'node:util';
import { run, sandbox, timens } from '@ns/all';

// Each line of its output is a word and what there is to it.
const command = 'sh';
const args = [
  '-ec',
  `echo "hostname $(cat /proc/sys/kernel/hostname)"
  echo "pid $$"
  echo "processes $(ls -d /proc/[0-9]* | wc -l)"
  echo "uid $(id -u)"
  echo "interfaces $(sed -n 's/:.*//p' /proc/net/dev | xargs)"
  echo "mounts $(wc -l < /proc/self/mountinfo)"
  echo "mnt $(stat --file-system --format %T /mnt)"
  echo "segments $(tail -n +2 /proc/sysvipc/shm | wc -l)"
  echo "cgroup $(cut -d : -f 3- /proc/self/cgroup | sort | tail -n 1)"
  echo "uptime $(cut -d ' ' -f 1 /proc/uptime)"`,
];

const box = await sandbox({
  user: 'root',
  hostname: 'box',
  mounts: [{ type: 'tmpfs', target: '/mnt' }],
  time: timens.withUptime(0),
});

type View = Readonly<Record<string, string>>;

function viewOf(output: string): View {
  const lines = output.trimEnd().split('\n');
  return Object.fromEntries(lines.map((line) => line.split(/ (.*)/).slice(0, 2)));
}

function duration(seconds: string | undefined): string {
  const total = Math.floor(Number(seconds));
  const [days, hours, minutes] = [86_400, 3600, 60].map((unit) => Math.floor(total / unit)) as [
    number,
    number,
    number,
  ];
  if (days > 0) return `${days} d ${hours % 24} h`;
  if (hours > 0) return `${hours} h ${minutes % 60} min`;
  return minutes > 0 ? `${minutes} min ${total % 60} s` : `${total} s`;
}

const shorten = (text: string) => (text.length > 24 ? `${text.slice(0, 23)}…` : text);

/** Rows of the table: a namespace type, the property shown, and its key in the output. */
const rows: readonly (readonly [type: string, subject: string, word: string])[] = [
  ['uts', 'host name', 'hostname'],
  ['pid', 'process id', 'pid'],
  ['', 'processes', 'processes'],
  ['user', 'user id', 'uid'],
  ['net', 'interfaces', 'interfaces'],
  ['mount', 'mounts', 'mounts'],
  ['', 'file system of /mnt', 'mnt'],
  ['ipc', 'shared memory segments', 'segments'],
  ['cgroup', 'own cgroup', 'cgroup'],
  ['time', 'uptime', 'uptime'],
];

const colours = process.stdout.isTTY && process.stdout.hasColors();
const paint = (style: 'bold' | 'dim' | 'green', text: string) =>
  colours ? styleText(style, text) : text;

function print(outside: View, inside: View): void {
  const cells = (view: View, word: string) =>
    shorten(word === 'uptime' ? duration(view[word]) : (view[word] ?? ''));
  const lines = [
    ['namespace', 'what it sees', 'outside', 'inside'],
    ...rows.map(([type, subject, word]) => [
      type,
      subject,
      cells(outside, word),
      cells(inside, word),
    ]),
  ];
  const widths = [0, 1, 2, 3].map((i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)));
  lines.forEach((line, index) => {
    const [type = '', subject = '', host = '', box = ''] = line.map((cell, i) =>
      cell.padEnd(widths[i] ?? 0),
    );
    const text =
      index === 0
        ? paint('dim', [type, subject, host, box].join('  ').trimEnd())
        : [paint('bold', type), subject, host, paint('green', box.trimEnd())].join('  ');
    console.log(`  ${text}`);
  });
}

// Something to be seen outside, and not inside.
const { stdout: made } = await run('ipcmk', ['--shmem', '4096']);
const outside = await run(command, args);
await run('ipcrm', ['--shmem-id', made.split(':')[1]?.trim() ?? '']);
const inside = await box.run(command, args);
const smallest = await box.run('true');
await box.stop();

console.log(`\n  ${paint('bold', 'One command in eight new namespaces')}\n`);
print(viewOf(outside.stdout), viewOf(inside.stdout));
const ms = ({ durationMs }: { durationMs: number }) => `${durationMs.toFixed(1)} ms`;
console.log(
  `\n  It took ${ms(inside)} inside, ${ms(outside)} outside; /bin/true in the same sandbox ${ms(smallest)}.\n`,
);
