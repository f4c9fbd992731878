// The JSON Schema of the options: for editors that check a sandbox.json.
import { schemaOf } from './field.js';
import { members } from './members.js';
import type { Schema } from './schema-type.js';

/** The options of a sandbox as a JSON Schema. Handles, bytes and functions are not JSON. */
export const schema: Readonly<Schema & { $schema: string }> = Object.freeze({
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Options of a sandbox of @ns/sandbox',
  ...schemaOf(members),
});
