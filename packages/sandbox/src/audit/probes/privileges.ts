// What a command may do by what it is: capabilities, ids, filter.
import { blocked, judge, limited, listed, type Probe, reachable } from '../probe.js';

export const privilegeProbes = {
  capabilities: {
    area: 'privileges',
    title: 'capabilities are in effect, in the user namespace of the sandbox',
    hint: '`capabilities` keeps them; cap_sys_admin ends the protection of files.',
    prepare:
      (_, { capabilities: { effective, permitted, ambient } }) =>
      () =>
        judge([...effective, ...permitted, ...ambient], 'none'),
  },
  'bounding-set': {
    area: 'privileges',
    title: 'an exec could gain capabilities',
    hint: '`newPrivileges: true` permits it.',
    prepare:
      (_, { capabilities: { bounding }, noNewPrivileges }) =>
      () => {
        const kept = listed([...bounding]);
        if (kept === '') return blocked('the bounding set is empty');
        return noNewPrivileges ? blocked('no_new_privs is set') : reachable(kept);
      },
  },
  'no-new-privileges': {
    area: 'privileges',
    title: 'no_new_privs is not set',
    hint: '`newPrivileges: true` leaves it out.',
    prepare:
      (_, { noNewPrivileges }) =>
      () =>
        noNewPrivileges ? blocked('set') : reachable('not set'),
  },
  'system-call-filter': {
    area: 'privileges',
    title: 'system calls are not filtered',
    hint: '`seccomp: false` leaves the filter out.',
    prepare:
      (_, { filtered }) =>
      () =>
        filtered ? blocked('in force') : reachable('none'),
  },
  'host-root': {
    area: 'privileges',
    title: 'the command is the root user of the host, as whom it owns files and devices',
    hint: "`user: 'nobody'`, the default of root, is another user.",
    prepare:
      (_, { uid, outsideUid }) =>
      () => {
        const text = `uid ${uid} inside, ${outsideUid ?? 'not mapped'} outside`;
        return outsideUid === 0 ? reachable(text) : blocked(text);
      },
  },
  groups: {
    area: 'privileges',
    title: 'supplementary groups of the caller are kept',
    hint: 'Only root can drop groups: files and sockets that belong to them are open to the command.',
    prepare:
      (_, { groups, gid, host }) =>
      () => {
        const kept = groups.filter((group) => group !== gid).map((group) => `group ${group}`);
        if (kept.length === 0) return blocked('none');
        return host.uid === 0
          ? reachable(listed(kept))
          : limited(`${listed(kept)}: cannot be dropped`);
      },
  },
} satisfies Record<string, Probe>;
