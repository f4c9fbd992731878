// A step of the build: writes the manual pages and the completions beside the program.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { allCommands } from './commands/commands.js';
import { type Shell, shells } from './framework/completion/shells.js';
import { commandPage, generalPage } from './framework/manual.js';
import { version } from './version.js';

const at = (path: string) => join(import.meta.dirname, '..', path);

const completionFiles: Readonly<Record<Shell, string>> = {
  bash: 'ns.bash',
  zsh: '_ns',
  fish: 'ns.fish',
};

async function writeAll(): Promise<void> {
  const commands = await allCommands();
  for (const directory of ['man', 'completions']) mkdirSync(at(directory), { recursive: true });
  writeFileSync(at('man/ns.1'), generalPage(commands, version));
  for (const command of commands) {
    writeFileSync(at(`man/ns-${command.name}.1`), commandPage(command, version));
  }
  for (const [shell, file] of Object.entries(completionFiles) as [Shell, string][]) {
    writeFileSync(at(`completions/${file}`), shells[shell](commands));
  }
}

void writeAll();
