#!/usr/bin/env node
// The `ns` command: loads the bundle for its arguments. `run` and `enter` have a small bundle of their
// own, because users feel the time that a start takes.
import { join } from 'node:path';
import { loadBundle } from './code-cache.js';

const args = process.argv.slice(2);
const [name = ''] = args;

async function whole(): Promise<void> {
  type Whole = typeof import('../main.js');
  const part = /^[a-z]+$/.test(name) ? name : 'help';
  const { exports, keep } = loadBundle<Whole>(join(__dirname, 'whole.cjs'), part, require);
  if (part !== name || exports.isCommand(name)) process.once('exit', keep);
  await exports.main(args);
}

if (name === 'run' || name === 'enter') {
  type Launch = typeof import('./launch.js');
  const { exports, keep } = loadBundle<Launch>(join(__dirname, 'launch.cjs'), name, require);
  void exports.launch(args, whole, keep);
} else void whole();
