// Archives and images for tests, entry by entry, so that they can be as bad as one wants.
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const BLOCK = 512;

const TYPES = {
  File: '0',
  Link: '1',
  SymbolicLink: '2',
  CharacterDevice: '3',
  BlockDevice: '4',
  Directory: '5',
  FIFO: '6',
  GlobalExtendedHeader: 'g',
  ExtendedHeader: 'x',
  NextFileHasLongPath: 'L',
  NextFileHasLongLinkpath: 'K',
  SparseFile: 'S',
} as const;

/** An entry of an archive: a file, unless `type` says something else. */
export interface Entry {
  readonly path: string;
  readonly type?: keyof typeof TYPES;
  readonly linkpath?: string;
  readonly mode?: number;
  readonly mtime?: Date;
  readonly content?: string | Buffer;
  /** Written in the place of the content's own. */
  readonly size?: number;
}

function blocks(content: Buffer): Buffer {
  const padding = (BLOCK - (content.length % BLOCK)) % BLOCK;
  return Buffer.concat([content, Buffer.alloc(padding)]);
}

function headerOf(entry: Entry, length: number): Buffer {
  const { path, type = 'File', linkpath = '', mode = 0o644, mtime, size = length } = entry;
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`;
  // A name that is too long is cut in the middle: into a prefix and the rest.
  const cut = path.length > 100 ? path.lastIndexOf('/', 155) : -1;
  header.write(path.slice(cut + 1), 0, 100);
  header.write(octal(mode, 7) + octal(0, 7) + octal(0, 7), 100);
  header.write(octal(size, 11) + octal((mtime?.getTime() ?? 0) / 1000, 11), 124);
  header.write(`        ${TYPES[type]}`, 148);
  header.write(linkpath, 157, 100);
  header.write('ustar\x0000', 257);
  header.write(path.slice(0, Math.max(0, cut)), 345, 155);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${octal(sum, 6)} `, 148);
  return header;
}

/** A tar archive of these entries, in this order. */
export function tarOf(entries: readonly Entry[]): Buffer {
  const parts = entries.map((entry) => {
    const bytes = Buffer.from(entry.content ?? '');
    return Buffer.concat([headerOf(entry, bytes.length), blocks(bytes)]);
  });
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
}

/** An extended header with these records, for the entry after it. */
export function paxOf(
  records: Readonly<Record<string, string | Buffer>>,
  type: 'ExtendedHeader' | 'GlobalExtendedHeader' = 'ExtendedHeader',
): Entry {
  const lines = Object.entries(records).map(([key, value]) => {
    const rest = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value), Buffer.from('\n')]);
    let length = rest.length;
    while (length !== rest.length + String(length).length) {
      length = rest.length + String(length).length;
    }
    return Buffer.concat([Buffer.from(String(length)), rest]);
  });
  return { path: 'pax', type, content: Buffer.concat(lines) };
}

const sha256 = (content: Buffer) => createHash('sha256').update(content).digest('hex');

/** A layer as it is written into a layout. */
export interface LayerSource {
  readonly content: Buffer;
  readonly mediaType?: string;
  /** Written in its place, under the name of `content`. */
  readonly forged?: Buffer;
}

/** Writes an OCI image layout. */
export class LayoutWriter {
  readonly #directory: string;
  readonly #manifests: object[] = [];

  constructor(directory: string) {
    this.#directory = directory;
    mkdirSync(join(directory, 'blobs/sha256'), { recursive: true });
    writeFileSync(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  }

  blob(content: Buffer, mediaType: string, forged = content) {
    writeFileSync(join(this.#directory, 'blobs/sha256', sha256(content)), forged);
    return { mediaType, digest: `sha256:${sha256(content)}`, size: content.length };
  }

  document(content: unknown, mediaType: string) {
    return this.blob(Buffer.from(JSON.stringify(content)), mediaType);
  }

  /** Adds an image to the index. */
  image(layers: readonly LayerSource[], more: object = {}): this {
    const manifest = this.manifest(layers);
    this.#manifests.push({ ...manifest, ...more });
    return this.index();
  }

  manifest(layers: readonly LayerSource[]) {
    const config = this.document({ os: 'linux' }, 'application/vnd.oci.image.config.v1+json');
    const written = layers.map(
      ({ content, forged, mediaType = 'application/vnd.oci.image.layer.v1.tar+gzip' }) =>
        this.blob(content, mediaType, forged),
    );
    return this.document(
      { schemaVersion: 2, config, layers: written },
      'application/vnd.oci.image.manifest.v1+json',
    );
  }

  /** Writes the index with these manifests, or with those of the images. */
  index(manifests: readonly object[] = this.#manifests): this {
    const content = JSON.stringify({ schemaVersion: 2, manifests });
    writeFileSync(join(this.#directory, 'index.json'), content);
    return this;
  }
}

/** A layer of these entries. */
export const layerOf = (entries: readonly Entry[]): LayerSource => ({
  content: gzipSync(tarOf(entries)),
});
