// Meetings of a child with its parent, as the calls that the child makes.
import type { Call, MeetingAction } from '../../program/call.js';
import { Program } from '../../program/program.js';

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
    program.call('write', status, 'P', 1, { step: entry.options.step ?? 'meeting the parent' });
    program.call('read', go, new Uint8Array(8), 1, { expect: 1, step: 'waiting for the parent' });
    meetings.push(entry.action);
  }
  return { entries: program.entries, meetings };
}
