// Part of the build: writes the manual pages and the completions beside the program.
import { mkdirSync, writeFileSync } from 'node:fs';
import { completionFor } from './completion.js';
import { commandPage, generalPage } from './manual.js';
import { allCommands, version } from './ns.js';

const commands = await allCommands();
const at = (path: string) => new URL(path, import.meta.url);
for (const directory of ['man', 'completions']) mkdirSync(at(directory), { recursive: true });
writeFileSync(at('man/ns.1'), generalPage(commands, version()));
for (const command of commands) {
  writeFileSync(at(`man/ns-${command.name}.1`), commandPage(command, version()));
}
writeFileSync(at('completions/ns.bash'), completionFor('bash', commands));
writeFileSync(at('completions/_ns'), completionFor('zsh', commands));
writeFileSync(at('completions/ns.fish'), completionFor('fish', commands));
