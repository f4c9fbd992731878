#!/usr/bin/env node
// The `ns` command. What starts a command is a bundle that holds nothing else and is CommonJS, which
// Node.js loads in half the time: start-up is what a user feels. The rest is loaded if it is needed.
const args = process.argv.slice(2);

const whole = async () => {
  const { main } = await import('@ns/cli');
  await main(args);
};

if (args[0] === 'run' || args[0] === 'enter') {
  const { launch } = require('./launch.cjs') as typeof import('./launch.js');
  void launch(args, whole);
} else void whole();
