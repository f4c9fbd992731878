// Archives and images for tests, entry by entry, so that they can be as bad as one wants.
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Header, type HeaderData } from 'tar';

const BLOCK = 512;

/** An entry of an archive: a file, unless `type` says something else. */
export interface Entry extends HeaderData {
  readonly path: string;
  readonly content?: string | Buffer;
}

function blocks(content: Buffer): Buffer {
  const padding = (BLOCK - (content.length % BLOCK)) % BLOCK;
  return Buffer.concat([content, Buffer.alloc(padding)]);
}

/** A tar archive of these entries, in this order. */
export function tarOf(entries: readonly Entry[]): Buffer {
  const parts = entries.map(({ content = '', ...data }) => {
    const bytes = Buffer.from(content);
    const header = Buffer.alloc(BLOCK);
    new Header({
      type: 'File',
      mode: 0o644,
      size: bytes.length,
      mtime: new Date(0),
      ...data,
    }).encode(header);
    return Buffer.concat([header, blocks(bytes)]);
  });
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
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
