// The layout of an OCI image: index.json leads to a manifest, and that to the layers of a root. All are
// blobs, named by the hash of their content. Docker's types of the same are accepted as well.
import { isSystemError } from '@ns/core';
import { type Parsed, type Parser, parse } from '@ns/core/authors';
import type { SandboxFiles } from '../files/files.js';
import type { Compression } from './archive.js';
import { ArchiveError } from './archive-error.js';
import { quoted } from './names.js';

const OCI = 'application/vnd.oci.image.';
const DOCKER = 'application/vnd.docker.';
const INDEXES = [`${OCI}index.v1+json`, `${DOCKER}distribution.manifest.list.v2+json`];
const MANIFESTS = [`${OCI}manifest.v1+json`, `${DOCKER}distribution.manifest.v2+json`];
const CONFIGS = [`${OCI}config.v1+json`, `${DOCKER}container.image.v1+json`];
const LAYERS: Readonly<Record<string, Compression>> = {
  [`${OCI}layer.v1.tar`]: 'none',
  [`${OCI}layer.v1.tar+gzip`]: 'gzip',
  [`${OCI}layer.v1.tar+zstd`]: 'zstd',
  [`${DOCKER}image.rootfs.diff.tar`]: 'none',
  [`${DOCKER}image.rootfs.diff.tar.gzip`]: 'gzip',
  [`${DOCKER}image.rootfs.diff.tar.zstd`]: 'zstd',
};
const REF_NAME = 'org.opencontainers.image.ref.name';
const MAX_DOCUMENT = 4 * 1024 * 1024;
const MAX_INDEXES = 4;
/** Each layer costs time, also one that is read again and again, and adds nothing. */
const MAX_LAYERS = 512;
/** Names of images in an error message. */
const MAX_NAMES = 10;

/** Returns the parser of an object of a document, which may have other members as well. */
function known<const Shape extends Readonly<Record<string, Parser<unknown>>>>(shape: Shape) {
  const members = parse.options(shape);
  const names = Object.keys(shape);
  return (value: unknown, name: string): Parsed<Shape> => {
    const given = parse.ownMembers(value, name);
    return members(Object.fromEntries(names.map((one) => [one, given[one]])), name);
  };
}

const text: Parser<string> = (value, name) =>
  typeof value === 'string' ? value : parse.refuse(name, 'a string', value);

const digest: Parser<string> = (value, name) =>
  /^sha256:[0-9a-f]{64}$/.test(text(value, name))
    ? (value as string)
    : parse.refuse(name, 'a digest by sha256', value);

const parseDescriptor = known({
  mediaType: parse.required(text),
  digest: parse.required(digest),
  size: parse.required(parse.integer(0)),
  platform: known({ os: parse.required(text), architecture: parse.required(text) }),
  annotations: parse.record(text),
});

/** A blob, as documents name it. */
export type Descriptor = ReturnType<typeof parseDescriptor>;

/** A layer of a root. */
export interface Layer extends Descriptor {
  readonly compression: Compression;
}

const parseIndex = known({ manifests: parse.required(parse.list(parseDescriptor)) });
const parseManifest = known({
  config: parse.required(parseDescriptor),
  layers: parse.required(parse.list(parseDescriptor)),
});

/** Returns the path of a blob, below the layout. */
export const pathOf = ({ digest }: Descriptor): string => `blobs/${digest.replace(':', '/')}`;

function parseDocument<Document>(
  content: Buffer,
  parser: Parser<Document>,
  name: string,
): Document {
  try {
    return parser(JSON.parse(content.toString('utf8')), name);
  } catch (error) {
    throw new ArchiveError(`${name} is malformed: ${quoted((error as Error).message)}`);
  }
}

async function readFile(files: SandboxFiles, path: string, maxBytes: number): Promise<Buffer> {
  try {
    return await files.read(path, { maxBytes });
  } catch (error) {
    if (error instanceof RangeError) throw new ArchiveError(error.message, { cause: error });
    if (!isSystemError(error, 'ENOENT')) throw error;
    throw new ArchiveError(`it has no ${path}`, { cause: error });
  }
}

/** Verifies that a blob has the size and hash of its name. @throws {ArchiveError} */
export function verify(
  { digest, size }: Descriptor,
  found: { digest: string; size: number },
): void {
  if (found.size !== size) {
    throw new ArchiveError(`${digest} has ${found.size} bytes, and should have ${size}`);
  }
  if (`sha256:${found.digest}` !== digest) throw new ArchiveError(`${digest} has another content`);
}

async function readBlob(files: SandboxFiles, blob: Descriptor): Promise<Buffer> {
  if (blob.size > MAX_DOCUMENT) {
    throw new ArchiveError(`${blob.digest} has ${blob.size} bytes, more than ${MAX_DOCUMENT}`);
  }
  const content = await readFile(files, pathOf(blob), blob.size);
  const { createHash } = process.getBuiltinModule('node:crypto'); // takes a while to load
  const digest = createHash('sha256').update(content).digest('hex');
  verify(blob, { digest, size: content.length });
  return content;
}

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

function fits({ platform }: Descriptor): boolean {
  return platform?.os === 'linux' && platform.architecture === ARCHITECTURES[process.arch];
}

function choose(all: readonly Descriptor[], reference: string | undefined): Descriptor {
  const named =
    reference === undefined ? all : all.filter((one) => one.annotations?.[REF_NAME] === reference);
  const chosen = named.length > 1 ? named.filter(fits) : named;
  const [only, ...others] = chosen;
  if (only !== undefined && others.length === 0) return only;
  const names = all.flatMap((one) => one.annotations?.[REF_NAME] ?? []).map(quoted);
  const more = names.length > MAX_NAMES ? ', …' : '';
  const known = names.length > 0 ? `; it has ${names.slice(0, MAX_NAMES).join(', ')}${more}` : '';
  const wanted =
    reference === undefined ? 'one image for this machine' : `one image ${quoted(reference)}`;
  throw new ArchiveError(`it has not just ${wanted}${known}: see reference`);
}

/** Returns the layers of an image, the lowest first. */
export async function layersOf(files: SandboxFiles, reference?: string): Promise<Layer[]> {
  const index = await readFile(files, 'index.json', MAX_DOCUMENT);
  let { manifests } = parseDocument(index, parseIndex, 'index.json');
  let chosen = choose(manifests, reference);
  for (let depth = 0; INDEXES.includes(chosen.mediaType); depth++) {
    if (depth === MAX_INDEXES) throw new ArchiveError('its indexes do not come to an end');
    ({ manifests } = parseDocument(await readBlob(files, chosen), parseIndex, 'the index'));
    chosen = choose(manifests, undefined);
  }
  if (!MANIFESTS.includes(chosen.mediaType)) {
    throw new ArchiveError(`${quoted(chosen.mediaType)} is not a manifest of an image`);
  }
  const { config, layers } = parseDocument(
    await readBlob(files, chosen),
    parseManifest,
    'the manifest',
  );
  if (!CONFIGS.includes(config.mediaType)) {
    throw new ArchiveError(`it is not an image of a root, but of ${quoted(config.mediaType)}`);
  }
  if (layers.length > MAX_LAYERS) {
    throw new ArchiveError(`it has ${layers.length} layers, more than ${MAX_LAYERS}`);
  }
  return layers.map((layer) => {
    const compression = Object.hasOwn(LAYERS, layer.mediaType)
      ? LAYERS[layer.mediaType]
      : undefined;
    if (compression === undefined) {
      throw new ArchiveError(`${quoted(layer.mediaType)} is not a layer that can be unpacked`);
    }
    return { ...layer, compression };
  });
}
