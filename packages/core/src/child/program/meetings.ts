// Meetings of a child with its parent, as the calls that the child makes.
import type { Call, MeetingAction } from '../../program/call.js';
import { Program } from '../../program/program.js';
import type { ChildPart } from '../../sys/child-part.js';

/** Returns the action of a meeting, whose errors belong to its part. */
function actionOf(action: MeetingAction, part: ChildPart | undefined): MeetingAction {
  if (part === undefined) return action;
  const fail = (error: unknown): never => {
    // Any error can come of it, and stays as it is for readers.
    if (error instanceof Error && !('part' in error)) {
      Reflect.defineProperty(error, 'part', { value: part });
    }
    throw error;
  };
  return (child) => {
    try {
      const done = action(child);
      return done instanceof Promise ? done.catch(fail) : done;
    } catch (error) {
      return fail(error);
    }
  };
}

/** Writes meetings as the calls that the child makes, and lists what the parent does in them. */
export function expandMeetings(
  entries: readonly Call[],
  status: number,
  go: number,
): { entries: readonly Call[]; meetings: readonly MeetingAction[] } {
  const program = new Program();
  const meetings: MeetingAction[] = [];
  for (const entry of entries) {
    if (!entry.action) {
      program.append([entry]);
      continue;
    }
    const { options, part } = entry;
    const calls = [
      program.call('write', status, 'P', 1, { step: options.step ?? 'meeting the parent' }),
      program.call('read', go, new Uint8Array(8), 1, { expect: 1, step: 'waiting for the parent' }),
    ];
    for (const call of calls) call.part = part;
    meetings.push(actionOf(entry.action, part));
  }
  return { entries: program.entries, meetings };
}
