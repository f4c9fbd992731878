// The table of all commands. Each is loaded when it is needed.
import type { Command } from '../framework/command.js';

const loaders: Readonly<Record<string, () => Promise<Command>>> = {
  run: async () => (await import('./run/run.js')).run,
  enter: async () => (await import('./enter/enter.js')).enter,
  ls: async () => (await import('./ls/ls.js')).ls,
  doctor: async () => (await import('./doctor/doctor.js')).doctor,
  net: async () => (await import('./net/net.js')).net,
  kill: async () => (await import('./kill/kill.js')).kill,
  cgroup: async () => (await import('./cgroup/cgroup.js')).cgroup,
  ps: async () => (await import('./ps/ps.js')).ps,
  ipc: async () => (await import('./ipc/ipc.js')).ipc,
  mounts: async () => (await import('./mounts/mounts.js')).mounts,
  sandbox: async () => (await import('./sandbox/sandbox.js')).sandbox,
  inspect: async () => (await import('./inspect/inspect.js')).inspect,
  pin: async () => (await import('./pin/pin.js')).pin,
  unpin: async () => (await import('./unpin/unpin.js')).unpin,
  explain: async () => (await import('./explain/explain.js')).explain,
  completion: async () => (await import('./completion/completion.js')).completion,
};

/** Names of all commands, in the order of the help. */
export const commandNames: readonly string[] = Object.keys(loaders);

/** True if there is a command of this name. */
export const isCommand = (name: string): boolean => Object.hasOwn(loaders, name);

/** Loads a command; undefined if there is none of this name. */
export async function loadCommand(name: string): Promise<Command | undefined> {
  return isCommand(name) ? await loaders[name]?.() : undefined;
}

/** Loads all commands, in the order of the help. */
export function allCommands(): Promise<Command[]> {
  return Promise.all(Object.values(loaders).map((load) => load()));
}
