// A container from a directory: its root is the directory, with an overlay over it, so that the
// directory stays as it is and all changes can be listed.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { sandbox } from '@ns/sandbox';

// A small system. One from `debootstrap`, or from an unpacked image, works the same way, and then
// needs none of the host's directories.
const directory = mkdtempSync('/var/tmp/container-');
mkdirSync(`${directory}/etc`);
writeFileSync(`${directory}/etc/motd`, 'as delivered\n');
writeFileSync(`${directory}/etc/old`, '');

try {
  await using box = await sandbox.create({
    root: { directory, overlay: 'list' },
    readable: ['/usr', '/bin', '/lib', '/lib64'],
    user: 'root',
    hostname: 'container',
  });
  const { stdout } = await box.run('sh', [
    '-ec',
    'echo changed > /etc/motd; rm /etc/old; echo "$(hostname): $(cat /etc/motd)"',
  ]);
  process.stdout.write(stdout);
  for (const { kind, path } of await box.changes()) {
    if (String(path).startsWith('/etc/')) console.log(kind, String(path));
  }
  await box.stop();
  process.stdout.write(readFileSync(`${directory}/etc/motd`, 'utf8'));
} finally {
  rmSync(directory, { recursive: true });
}
