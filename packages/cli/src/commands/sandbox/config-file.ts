// The config file of `ns sandbox`: options of a sandbox, a preset, and a command.
import { readFileSync } from 'node:fs';
import type { SandboxOptions } from '@ns/sandbox';
import { UsageError } from '../../framework/usage-error.js';

/** The content of a config file. */
export interface Config extends SandboxOptions {
  preset?: string;
  command?: string[];
}

function isListOfWords(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((word) => typeof word === 'string');
}

/**
 * Reads a config file. The options of the sandbox are checked when it is created.
 *
 * @throws {UsageError} if it is not a JSON object, or its command is not a list of words
 */
export function readConfig(path: string): Config {
  const text = readFileSync(path, 'utf8');
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${path} is not JSON: ${(error as Error).message}`);
  }
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw new UsageError(`${path} must be an object`);
  }
  const { $schema: _schema, ...options } = config as Config & { $schema?: string };
  const { command } = options;
  if (command !== undefined && !isListOfWords(command)) {
    throw new UsageError(`${path}: command must be a list of words`);
  }
  return options;
}
