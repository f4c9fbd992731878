// `sandbox`: everything of sandboxes under one name.
import { attach } from './attach.js';
import { audit } from './audit/audit.js';
import { create } from './create-sandbox.js';
import type { SandboxOptions } from './options/types.js';
import { plan } from './plan.js';
import { run } from './run.js';
import type { Sandbox } from './sandbox.js';
import { schema } from './options/schema.js';

/**
 * Sandboxes. Called itself, it is `sandbox.create`.
 *
 * @example
 * const { stdout } = await sandbox.run('id', ['-u']);
 * await using box = await sandbox({ hostname: 'box' });
 */
export const sandbox: {
  (options?: SandboxOptions): Promise<Sandbox>;
  readonly run: typeof run;
  readonly create: typeof create;
  readonly attach: typeof attach;
  readonly audit: typeof audit;
  readonly plan: typeof plan;
  readonly schema: typeof schema;
} = Object.assign((options?: SandboxOptions) => create(options), {
  run,
  create,
  attach,
  audit,
  plan,
  schema,
});
