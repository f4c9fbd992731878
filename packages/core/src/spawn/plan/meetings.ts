// Meetings of a child with its parent, as the calls that the child makes.
import type { Call, MeetingAction, ProgramArgument } from '../../program/call.js';
import { Program } from '../../program/program.js';

/** Writes meetings as the calls that the child makes. */
export function expandMeetings(
  entries: readonly Call[],
  status: ProgramArgument,
  go: ProgramArgument,
): { entries: Call[]; meetings: MeetingAction[] } {
  const expanded: Call[] = [];
  const meetings: MeetingAction[] = [];
  for (const entry of entries) {
    if (!entry.action) {
      expanded.push(entry);
      continue;
    }
    const program = new Program();
    program.call('write', status, 'P', 1, { step: entry.options.step ?? 'meeting the parent' });
    program.call('read', go, new Uint8Array(8), 1, { expect: 1, step: 'waiting for the parent' });
    expanded.push(...program.entries);
    meetings.push(entry.action);
  }
  return { entries: expanded, meetings };
}
