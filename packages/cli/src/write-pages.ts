// Part of the build: writes the manual pages and the completions beside the program.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { completionFor } from './completion/completion.js';
import { commandPage, generalPage } from './manual.js';
import { allCommands, version } from './ns.js';

const at = (path: string) => join(import.meta.dirname, '..', path);

async function writePages(): Promise<void> {
  const commands = await allCommands();
  for (const directory of ['man', 'completions']) mkdirSync(at(directory), { recursive: true });
  writeFileSync(at('man/ns.1'), generalPage(commands, version));
  for (const command of commands) {
    writeFileSync(at(`man/ns-${command.name}.1`), commandPage(command, version));
  }
  writeFileSync(at('completions/ns.bash'), completionFor('bash', commands));
  writeFileSync(at('completions/_ns'), completionFor('zsh', commands));
  writeFileSync(at('completions/ns.fish'), completionFor('fish', commands));
}

void writePages();
