// One run of the virtual machine, from its start to its end.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildInitramfs } from './initramfs.mjs';

/**
 * @typedef {object} Job
 * @property {string} tree the directory of the project, the same in the machine
 * @property {string} directory of this run: it holds console.log, and `share`, which the machine
 *   can write to as /run/share
 * @property {string | undefined} script for bash, run by root in the tree
 * @property {string | undefined} systemdScript likewise, but after that and with systemd as PID 1
 * @property {number} limit seconds after which the machine is ended
 */

/**
 * Boots the kernel, runs the scripts, and returns the exit status of the first that fails, or 0.
 *
 * @param {import('./kernel.mjs').Kernel} kernel
 * @param {Job} job
 */
export async function runInMachine(kernel, { tree, directory, script, systemdScript, limit }) {
  const share = join(directory, 'share');
  mkdirSync(share, { recursive: true });
  const status = join(share, 'status');
  const systemdJob = join(share, 'systemd-job');
  for (const file of [status, systemdJob]) rmSync(file, { force: true });
  writeFileSync(join(share, 'job'), script ?? '');
  if (systemdScript !== undefined) writeFileSync(systemdJob, systemdScript);
  const initramfs = join(directory, 'initramfs');
  buildInitramfs(kernel, initramfs);

  const commandLine = [
    'console=ttyS0',
    'quiet',
    'panic=-1',
    // Emulation is slow enough without defences against a processor's leaks.
    'mitigations=off',
    'no_timer_check',
    `NS_TREE=${tree}`,
    `NS_MODULES=${kernel.modules}`,
  ];
  const machine = spawn(
    'qemu-system-x86_64',
    [
      ...['-nodefaults', '-display', 'none', '-no-reboot'],
      ...['-accel', 'tcg,thread=multi,tb-size=1024', '-cpu', 'max'],
      ...['-smp', '2', '-m', '4G', '-device', 'virtio-rng-pci'],
      ...['-kernel', kernel.image, '-initrd', initramfs, '-append', commandLine.join(' ')],
      ...['-virtfs', 'local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap'],
      ...['-virtfs', `local,path=${share},mount_tag=share,security_model=none`],
      ...['-chardev', `stdio,id=console,signal=off,logfile=${join(directory, 'console.log')}`],
      ...['-serial', 'chardev:console'],
    ],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  );
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    machine.kill('SIGKILL');
  }, limit * 1000);
  const end = () => machine.kill('SIGKILL');
  process.on('exit', end);
  try {
    await once(machine, 'exit');
  } finally {
    clearTimeout(timer);
    process.off('exit', end);
  }
  if (late) throw new Error(`the machine was not done after ${limit} s, and was ended`);
  if (!existsSync(status)) throw new Error('the machine stopped before it was done');
  return Number(readFileSync(status, 'utf8'));
}
