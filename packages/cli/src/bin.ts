#!/usr/bin/env node
// The `ns` command. What starts a command is a bundle that holds nothing else and is CommonJS, which
// Node.js loads in half the time: start-up is what a user feels. The rest is loaded if it is needed.
import { join } from 'node:path';
import { loadBundle } from './code-cache.js';

const args = process.argv.slice(2);

const whole = async () => {
  const { main } = await import('@ns/cli');
  await main(args);
};

const [name] = args;
if (name === 'run' || name === 'enter') {
  type Launch = typeof import('./launch.js');
  const { exports, keep } = loadBundle<Launch>(join(__dirname, 'launch.cjs'), name, require);
  void exports.launch(args, whole, keep);
} else void whole();
