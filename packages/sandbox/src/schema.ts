// The options of a sandbox as a JSON Schema: the one place that says what is allowed. validate.ts
// checks options by it, and editors can check a sandbox.json by it.

/** The part of JSON Schema that the options need. */
export interface Schema {
  readonly description?: string;
  readonly type?: 'object' | 'array' | 'string' | 'number' | 'integer' | 'boolean';
  readonly enum?: readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  /** What the names of properties have to be. */
  readonly propertyNames?: Schema;
  /** Properties that are not named; false: there are none. */
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  /** What the pattern means, for messages. */
  readonly title?: string;
}

const text: Schema = { type: 'string', minLength: 1 };
const count: Schema = { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER };
/** As many as a timer can wait. */
const milliseconds: Schema = { type: 'integer', minimum: 0, maximum: 2 ** 31 - 1 };
const id: Schema = { type: 'integer', minimum: 0, maximum: 4_294_967_294 };
const hostPath: Schema = { type: 'string', pattern: '^/', title: 'an absolute path' };
/** A path in a root, which a mount or a cover is for. */
const target: Schema = {
  type: 'string',
  pattern: '^(?!(?:/\\.?)*$)(?![\\s\\S]*/\\.\\.(?:/|$))/',
  title: 'an absolute path without .., and not that of the root itself',
};
const targets: Schema = { type: 'array', items: target };
const size: Schema = {
  anyOf: [
    { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
    { type: 'string', pattern: '^\\d{1,12}[kmgKMG]?$', title: "a size such as '64M'" },
  ],
};
/** To the kernel, a file system of size 0 is one without a limit. */
const fullSize: Schema = {
  anyOf: [
    { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
    {
      type: 'string',
      pattern: '^0*[1-9]\\d{0,11}[kmgKMG]?$',
      title: "a size such as '64M', and not 0",
    },
  ],
};

function object(properties: Record<string, Schema>, required: readonly string[] = []): Schema {
  return { type: 'object', properties, required, additionalProperties: false };
}

const duration: Schema = { anyOf: [{ type: 'number' }, { type: 'string' }] };

/** A user and a group. */
export const idPair: Schema = object({ uid: id, gid: id }, ['uid', 'gid']);

const describe = (description: string, schema: Schema): Schema => ({ description, ...schema });

const overlay: Schema = {
  anyOf: [
    { type: 'string', enum: ['discard', 'list'] },
    object({ discard: describe('Most bytes of changes, in memory.', fullSize) }, ['discard']),
    object({ keep: describe('A directory that takes the changes.', hostPath) }, ['keep']),
  ],
};

const changes = { writable: { type: 'boolean' }, overlay } as const;

const root: Schema = {
  anyOf: [
    { type: 'string', enum: ['host', 'empty'] },
    object({ directory: hostPath, ...changes }, ['directory']),
    object({ tar: hostPath, ...changes, maxSize: size }, ['tar']),
    object({ oci: hostPath, reference: text, ...changes, maxSize: size }, ['oci']),
  ],
};

const range: Schema = object(
  { inside: id, outside: id, length: { ...count, maximum: 2 ** 32 - 1 } },
  ['inside', 'outside'],
);

const user: Schema = {
  anyOf: [
    { type: 'string', enum: ['current', 'root', 'nobody', 'ranges'] },
    object({
      uid: id,
      gid: id,
      map: object({
        uid: { type: 'array', items: range, minItems: 1 },
        gid: { type: 'array', items: range, minItems: 1 },
      }),
    }),
  ],
};

const port: Schema = { type: 'integer', minimum: 1, maximum: 65_535 };

const network: Schema = {
  anyOf: [
    { type: 'string', enum: ['none', 'host', 'private'] },
    object({
      uplink: { type: 'string', enum: ['auto', 'pasta', 'slirp4netns', 'nat'] },
      forward: {
        type: 'array',
        items: object(
          { host: port, inside: port, protocol: { type: 'string', enum: ['tcp', 'udp'] } },
          ['host'],
        ),
      },
      dns: { type: 'array', items: text },
    }),
  ],
};

const limits: Schema = object({
  memory: describe('Memory of all processes together (cgroup), or of each one (rlimit).', size),
  pids: describe('Processes and threads at a time.', count),
  cpus: describe('Processors at a time; fractions are allowed. Needs a cgroup.', {
    type: 'number',
    minimum: 0.01,
  }),
  cpuTime: describe('Seconds of processor time of each process.', count),
  files: describe('Open descriptors of each process.', count),
  fileSize: describe('Size of each file that is written.', size),
});

/** Parts that a sandbox can be allowed to go without. */
export const optionalParts = Object.freeze(['time', 'cgroup', 'ipc', 'uts', 'limits'] as const);

/** What {@link SandboxOptions} allows, as a JSON Schema. */
export const schema = Object.freeze({
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Options of a sandbox of @ns/sandbox',
  ...object({
    root: describe("The root file system. Default: 'host', read-only.", root),
    readable: describe('Paths of the host that are shown at the same place, read-only.', targets),
    writable: describe('Paths of the host that are shown at the same place.', targets),
    protect: describe(
      'Paths inside of writable ones that cannot be changed or made; with / at the end, directories.',
      targets,
    ),
    mounts: describe('More mounts, files, directories and links, as rootfs() takes them.', {
      type: 'array',
      items: {
        type: 'object',
        properties: { type: text, target },
        required: ['type', 'target'],
        additionalProperties: true,
      },
    }),
    mask: describe('Paths inside that are hidden, if they exist.', targets),
    sys: describe('A read-only /sys. Default: true.', { type: 'boolean' }),
    tmp: describe("Size of /tmp and of /dev/shm. Default: '64M'.", fullSize),
    workdir: describe('Working directory of commands. Default: /.', hostPath),
    hostname: describe("Default: 'sandbox'.", { type: 'string', minLength: 1, maxLength: 64 }),
    user: describe("Who the commands are. Default: oneself; for root, 'nobody'.", user),
    capabilities: describe('What commands may have. Default: none.', {
      anyOf: [
        { type: 'string', enum: ['all'] },
        { type: 'array', items: text },
      ],
    }),
    newPrivileges: describe('Let exec gain privileges. Default: false.', { type: 'boolean' }),
    nestedUserNamespaces: describe('Allow user namespaces inside. Default: false.', {
      type: 'boolean',
    }),
    seccomp: describe('Refuse system calls that no namespace makes safe. Default: true.', {
      type: 'boolean',
    }),
    network: describe("Default: 'none'.", network),
    limits,
    cgroup: describe("A cgroup of its own: 'auto' if it can be had, or needed, or not at all.", {
      anyOf: [{ type: 'string', enum: ['auto'] }, { type: 'boolean' }],
    }),
    env: describe('Variables beside PATH, HOME and LANG.', {
      type: 'object',
      propertyNames: { pattern: '^[^=\\0]+$', title: 'the name of a variable' },
      additionalProperties: { type: 'string' },
    }),
    secrets: describe('Files in /run/secrets, in memory, by name.', {
      type: 'object',
      propertyNames: { pattern: '^(?!\\.\\.?$)[^/\\0]+$', title: 'the name of a file' },
      additionalProperties: { type: 'string' },
    }),
    time: describe("Offsets of the clocks: milliseconds, or a text such as '1h'.", {
      type: 'object',
      properties: { monotonic: duration, boottime: duration },
      additionalProperties: false,
    }),
    timeout: describe('Milliseconds that each command has. Default: no limit.', milliseconds),
    maxBuffer: describe('Most bytes of stdout and stderr each that run() takes. Default: 1 MiB.', {
      type: 'integer',
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
    }),
    optional: describe('Parts to go without where the kernel refuses them.', {
      type: 'array',
      items: { type: 'string', enum: optionalParts },
    }),
  }),
});
