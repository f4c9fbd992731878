// The options of a sandbox, each described once: parser, JSON Schema and normal form come from here.
import { isIP } from 'node:net';
import { Namespace } from '@ns/core';
import { inNamespace, type Members, type Parsed, type Parser, parse } from '@ns/core/authors';
import type { RootEntry } from '@ns/mount';
import { type NewEntry, parseRootEntry } from '@ns/mount/authors';
import { type TimeOptions, time } from '@ns/time';
import { capabilitySet } from '@ns/user';
import type { UnpackProgress } from '../unpack/unpack.js';
import {
  boolean,
  described,
  field,
  integer,
  list,
  matching,
  object,
  record,
  required,
  variant,
  withDefault,
  wordOr,
  words,
} from './field.js';
import { optionalParts, type SandboxOptions } from './types.js';
import {
  count,
  fullSize,
  hostPath,
  id,
  offset,
  seconds,
  size,
  target,
  timeout,
  word,
} from './values.js';
import { within } from './within.js';

const overlay = wordOr(
  ['discard', 'list'],
  '{ discard } or { keep }',
  variant({
    discard: object({
      discard: required(described('Upper limit of the changes, in memory.', fullSize)),
    }),
    keep: object({ keep: required(described('The directory that takes the changes.', hostPath)) }),
  }),
);

const changes = { writable: withDefault(boolean, false), overlay };
const unpacked = { ...changes, maxSize: size };

const root = wordOr(
  ['host', 'empty'],
  '{ directory }, { tar } or { oci }',
  variant({
    directory: object({ directory: required(hostPath), ...changes }),
    tar: object({ tar: required(hostPath), ...unpacked }),
    oci: object({ oci: required(hostPath), reference: word, ...unpacked }),
  }),
);

const range = object({
  inside: required(id),
  outside: required(id),
  length: withDefault(integer(1, 2 ** 32 - 1), 1),
});
const ranges = list(range, 1);

const user = wordOr(
  ['current', 'root', 'nobody', 'ranges'],
  '{ uid, gid, map }',
  object({ uid: id, gid: id, map: object({ uid: ranges, gid: ranges }) }),
);

const port = integer(1, 65_535);

const address: Parser<string> = (value, name) =>
  isIP(parse.text(value, name)) ? (value as string) : parse.refuse(name, 'an IP address', value);

const privateNetwork = object({
  uplink: withDefault(words('auto', 'pasta', 'slirp4netns', 'nat'), 'auto'),
  forward: withDefault(
    list(
      object({
        host: required(port),
        inside: port,
        protocol: withDefault(words('tcp', 'udp'), 'tcp'),
      }),
    ),
    [],
  ),
  dns: list(field(address, { type: 'string', minLength: 1 })),
  hostAccess: withDefault(boolean, false),
});

const networkWord = wordOr(
  ['none', 'host', 'private'],
  '{ uplink, forward, dns } or a handle',
  privateNetwork,
);
const networkHandle = inNamespace('net');

/** A network in its normal form: `'private'` is an object with defaults. */
const network = field((value, name) => {
  if (Namespace.isNamespace(value)) return networkHandle(value, name) as Namespace;
  const parsed = networkWord(value, name);
  if (typeof parsed === 'string') return parsed === 'private' ? privateNetwork({}, name) : parsed;
  if (parsed.hostAccess && parsed.uplink !== 'nat') {
    throw new TypeError(`${name}.hostAccess needs ${name}.uplink 'nat', got '${parsed.uplink}'`);
  }
  return parsed;
}, networkWord.schema);

const cpus: Parser<number> = (value, name) => {
  if (typeof value !== 'number') parse.refuse(name, 'a number', value);
  return value >= 0.01 && value < Number.POSITIVE_INFINITY
    ? value
    : parse.outOfRange(name, 'a number of at least 0.01', value);
};

const limits = object({
  memory: described('Memory of all processes together (cgroup), or of each one (rlimit).', size),
  pids: described('Processes and threads at a time.', count),
  cpus: described(
    'Processors at a time; fractions are allowed. Needs a cgroup.',
    field(cpus, { type: 'number', minimum: 0.01 }),
  ),
  cpuTime: described(
    'Processor time of each process, in milliseconds or with a unit; rounded up to seconds.',
    seconds,
  ),
  files: described('Open descriptors of each process.', count),
  fileSize: described('Size of each file that is written.', size),
});

const capabilityList = list(word);
const capabilities = field(
  (value, name) => [...capabilitySet(value === 'all' ? value : capabilityList(value, name), name)],
  {
    anyOf: [
      { type: 'string', enum: ['all'] },
      ...(capabilityList.schema ? [capabilityList.schema] : []),
    ],
  },
);

const variable: Parser<string | undefined> = (value, name) =>
  value === undefined ? undefined : parse.text(value, name);

const secret: Parser<string | Uint8Array> = (value, name) =>
  value instanceof Uint8Array ? value : parse.text(value, name);

/** An entry of the root: as it is given, and in normal form. */
export interface ParsedEntry {
  readonly given: RootEntry;
  readonly parsed: NewEntry;
}

const parseEntry: Parser<ParsedEntry> = (value, name) => {
  const given = parse.ownMembers(value, name) as unknown as RootEntry;
  return { given, parsed: parseRootEntry(given, name) };
};
const rootEntry = field(parseEntry, {
  type: 'object',
  properties: { type: { type: 'string', minLength: 1 }, target: target.schema ?? {} },
  required: ['type', 'target'],
  additionalProperties: true,
});

const offsets = object({ monotonic: offset, boottime: offset });
/** The time namespace. */
const clocks = field((value, name) => {
  const { monotonic, boottime } = offsets(value, name);
  const given: TimeOptions = {
    ...(monotonic === undefined ? {} : { monotonic }),
    ...(boottime === undefined ? {} : { boottime }),
  };
  // The spec names its options `time`.
  return within(name.slice(0, -'.time'.length), () => time(given));
}, offsets.schema);

const hostname: Parser<string> = (value, name) => {
  const { length } = parse.text(value, name);
  return length >= 1 && length <= 64
    ? (value as string)
    : parse.refuse(name, 'a text of 1 to 64 characters', value);
};

const targets = withDefault(list(target), []);

/** The parsers and schemas of all options of a sandbox. */
export const members = {
  root: described('The root file system; read-only.', withDefault(root, 'host')),
  readable: described('Paths of the host that are shown at the same place, read-only.', targets),
  writable: described('Paths of the host that are shown at the same place.', targets),
  protect: described(
    'Paths inside of writable ones that cannot be changed or made; with / at the end, directories.',
    targets,
  ),
  mounts: described(
    'More mounts, files, directories and links, as rootfs() takes them.',
    withDefault(list(rootEntry), []),
  ),
  mask: described('Paths inside that are hidden, if they exist.', targets),
  sys: described('A read-only /sys.', withDefault(boolean, true)),
  tmp: described('Size of /tmp and of /dev/shm.', withDefault(fullSize, '64M')),
  workdir: described('Working directory of commands.', withDefault(hostPath, '/')),
  hostname: described(
    'Host name inside.',
    withDefault(field(hostname, { type: 'string', minLength: 1, maxLength: 64 }), 'sandbox'),
  ),
  user: described("The user of the commands. Default: 'current'; for root, 'nobody'.", user),
  capabilities: described('Capabilities of the commands.', withDefault(capabilities, [])),
  newPrivileges: described('Let exec gain privileges.', withDefault(boolean, false)),
  nestedUserNamespaces: described('Allow user namespaces inside.', withDefault(boolean, false)),
  seccomp: described(
    'Refuse system calls that no namespace makes safe.',
    withDefault(boolean, true),
  ),
  network: described('The network of the commands.', withDefault(network, 'none')),
  limits: described('Limits of what the commands use.', withDefault(limits, {})),
  cgroup: described(
    "A cgroup of the sandbox: 'auto' if it is permitted, true if it is needed, false for none.",
    withDefault(
      field(parse.oneOf('auto', true, false), {
        anyOf: [{ type: 'string', enum: ['auto'] }, { type: 'boolean' }],
      }),
      'auto',
    ),
  ),
  env: described(
    'Variables beside PATH, HOME and LANG.',
    withDefault(
      record(matching('^[^=\\0]+$', 'the name of a variable'), field(variable, { type: 'string' })),
      {},
    ),
  ),
  secrets: described(
    'Files in /run/secrets, in memory, by name.',
    withDefault(
      record(
        matching('^(?!\\.\\.?$)[^/\\0]+$', 'the name of a file'),
        field(secret, { type: 'string' }),
      ),
      {},
    ),
  ),
  time: described(
    'Offsets of the clocks, in milliseconds or with a unit.',
    withDefault(clocks, {}),
  ),
  timeout: described('Time of each command. Default: no limit.', timeout),
  maxBuffer: described(
    'Upper limit in bytes of stdout and stderr each that run() takes. Default: 1 MiB.',
    size,
  ),
  onProgress: field(parse.callback<(progress: UnpackProgress) => void>(), undefined),
  optional: described(
    'Parts to go without where the kernel refuses them.',
    withDefault(list(words(...optionalParts)), []),
  ),
} satisfies Members<SandboxOptions>;

/** The options of a sandbox in their normal form: defaults are filled in, values are parsed. */
export interface Settings extends Parsed<typeof members> {}

/** Parses the options of a sandbox. @throws {TypeError | RangeError} that names the option */
export const parseSandboxOptions: (value: unknown, name?: string) => Settings =
  parse.options(members);
