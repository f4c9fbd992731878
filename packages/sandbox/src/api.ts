// `sandbox`: everything of sandboxes under one name.
import { attach } from './attach.js';
import { audit } from './audit/audit.js';
import { createSandbox } from './create-sandbox.js';
import { schema } from './options/schema.js';
import { plan } from './plan.js';
import { run } from './run.js';

/**
 * Sandboxes. A call of it is one of `sandbox.create`.
 *
 * @example
 * const { stdout } = await sandbox.run('id', ['-u']);
 * await using box = await sandbox({ hostname: 'box' });
 */
export const sandbox: typeof createSandbox & {
  readonly run: typeof run;
  readonly create: typeof createSandbox;
  readonly attach: typeof attach;
  readonly audit: typeof audit;
  readonly plan: typeof plan;
  readonly schema: typeof schema;
} = Object.assign(((options) => createSandbox(options)) as typeof createSandbox, {
  run,
  create: createSandbox,
  attach,
  audit,
  plan,
  schema,
});
