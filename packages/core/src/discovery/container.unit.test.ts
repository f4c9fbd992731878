// What the names of cgroups tell.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { containerOf, parseContainer } from './container.js';

const id = 'c0ffee'.repeat(11).slice(0, 64);
const other = 'beef'.repeat(16);
const pod = '7e1c2b9a-3a55-4a2f-9f0e-0123456789ab';
const underscored = pod.replaceAll('-', '_');

test.for([
  [`/docker/${id}`, { manager: 'docker', name: id }],
  [`/system.slice/docker-${id}.scope`, { manager: 'docker', name: id }],
  [`/docker/${other}/docker/${id}`, { manager: 'docker', name: id }],
  [`/machine.slice/libpod-${id}.scope/container`, { manager: 'podman', name: id }],
  [`/libpod_parent/libpod-${id}`, { manager: 'podman', name: id }],
  [
    `/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${id}.scope`,
    { manager: 'podman', name: id },
  ],
  [`/system.slice/app.service/libpod-payload-${id}`, { manager: 'podman', name: id }],
  [`/system.slice/nerdctl-${id}.scope`, { manager: 'containerd', name: id }],
  [`/default/${id}`, { manager: 'containerd', name: id }],
  [
    `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${underscored}.slice/cri-containerd-${id}.scope`,
    { manager: 'containerd', name: id, pod },
  ],
  [
    `/system.slice/containerd.service/kubepods-besteffort-pod${underscored}.slice:cri-containerd:${id}`,
    { manager: 'containerd', name: id, pod },
  ],
  [
    `/kubepods.slice/kubepods-pod${underscored}.slice/crio-${id}.scope`,
    { manager: 'cri-o', name: id, pod },
  ],
  [`/kubepods/burstable/pod${pod}/${id}`, { manager: 'kubernetes', name: id, pod }],
  ['/lxc/web.1', { manager: 'lxc', name: 'web.1' }],
  ['/lxc.payload.web/init.scope', { manager: 'lxc', name: 'web' }],
  ['/lxc.payload/web/system.slice/ssh.service', { manager: 'lxc', name: 'web' }],
  ['/machine.slice/machine-my\\x2dbox.scope/payload', { manager: 'machine', name: 'my-box' }],
  ['/machine.slice/systemd-nspawn@box.service/payload', { manager: 'machine', name: 'box' }],
  ['/system.slice/ssh.service', { manager: 'systemd', name: 'ssh.service' }],
  ['/user.slice/user-0.slice/session-2.scope', { manager: 'systemd', name: 'session-2.scope' }],
  [
    '/system.slice/getty.slice/getty@tty1.service/x',
    { manager: 'systemd', name: 'getty@tty1.service' },
  ],
  [
    `/machine.slice/libpod-conmon-${id}.scope`,
    { manager: 'systemd', name: `libpod-conmon-${id}.scope` },
  ],
  ['/lxc.monitor.web', null],
  ['/user.slice', null],
  ['/', null],
] as const)('parseContainer reads the manager and the name from %s', ([path, expected]) => {
  expect(parseContainer(`0::${path}\n`)).toEqual(expected);
});

test('the tree of version 2 counts first, then those of version 1; a container before a unit', () => {
  const v1 = `4:memory:/docker/${id}\n1:name=systemd:/system.slice/docker.service\n`;
  expect(parseContainer(`${v1}0::/\n`)).toEqual({ manager: 'docker', name: id });
  expect(parseContainer(`${v1}0::/lxc/a\n`)).toEqual({ manager: 'lxc', name: 'a' });
  expect(parseContainer('1:name=systemd:/system.slice/a:b.service\n0::/\n')?.name).toBe(
    'a:b.service',
  );
});

test('any id is found behind any path', () => {
  const hex = fc.string({
    unit: fc.constantFrom(...'0123456789abcdef'),
    minLength: 64,
    maxLength: 64,
  });
  const above = fc.array(fc.stringMatching(/^[a-z]{1,8}\.slice$/), { maxLength: 4 });
  fc.assert(
    fc.property(above, hex, (elements, name) => {
      const path = ['', ...elements, `docker-${name}.scope`].join('/');
      expect(parseContainer(`0::${path}\n`)).toEqual({ manager: 'docker', name });
    }),
  );
});

test('no text is an error', () => {
  fc.assert(fc.property(fc.string(), (text) => void parseContainer(text)));
  fc.assert(fc.property(fc.string(), (text) => void parseContainer(`0::/${text}`)));
});

test('a process that has ended has no container', () => {
  expect(containerOf(2 ** 22 + 1)).toBeNull();
});
