#!/usr/bin/env node
// The `ns` command.
import * as module from 'node:module';

// Node.js 22.1
const { enableCompileCache } = module as { enableCompileCache?: () => unknown };
enableCompileCache?.();
const { main } = await import('./ns.js');
await main(process.argv.slice(2));
