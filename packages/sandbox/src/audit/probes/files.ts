// Files of the host: what can be read.
import { constants } from 'node:fs';
import { join } from 'node:path';
import type { Calls } from '../calls.js';
import { judge, type Probe, type Verdict } from '../probe.js';
import type { View } from '../view.js';

/** Files in homes that attackers look for. */
const HOME_SECRETS = [
  '.ssh',
  '.aws',
  '.azure',
  '.config',
  '.config/gcloud',
  '.config/gh',
  '.docker',
  '.gnupg',
  '.kube',
  '.local/share/keyrings',
  '.mozilla',
  '.password-store',
  '.pki',
  '.terraform.d',
  '.bash_history',
  '.git-credentials',
  '.gitconfig',
  '.my.cnf',
  '.netrc',
  '.npmrc',
  '.pgpass',
  '.pypirc',
  '.vault-token',
  '.zsh_history',
  '.ssh/authorized_keys',
  '.ssh/id_ed25519',
  '.ssh/id_ecdsa',
  '.ssh/id_rsa',
];
const PASSWORDS = [
  '/etc/shadow',
  '/etc/shadow-',
  '/etc/gshadow',
  '/etc/gshadow-',
  '/etc/security/opasswd',
  '/etc/sudoers',
  '/etc/sudoers.d',
  '/var/backups/shadow.bak',
  '/var/backups/gshadow.bak',
];
const KEYS = [
  '/etc/ssh/ssh_host_ecdsa_key',
  '/etc/ssh/ssh_host_ed25519_key',
  '/etc/ssh/ssh_host_rsa_key',
  '/etc/ssl/private',
  '/etc/pki/tls/private',
  '/etc/krb5.keytab',
  '/etc/wireguard',
  '/etc/openvpn',
  '/etc/ipsec.secrets',
  '/etc/swanctl/private',
  '/etc/letsencrypt/live',
  '/etc/letsencrypt/archive',
  '/etc/NetworkManager/system-connections',
  '/var/lib/NetworkManager/secret_key',
  '/etc/machine-key',
  '/var/lib/tpm',
  '/var/lib/systemd/credential.secret',
  '/etc/credstore',
  '/etc/credstore.encrypted',
];
const CLOUD = [
  '/var/lib/cloud/instance/user-data.txt',
  '/var/lib/cloud/instances',
  '/etc/kubernetes',
  '/var/lib/kubelet',
  '/etc/rancher',
  '/var/lib/rancher',
  '/run/secrets/kubernetes.io',
  '/run/cloud-init',
  '/etc/boto.cfg',
  '/etc/docker/key.json',
  '/var/lib/docker',
  '/var/lib/containers',
];
const BACKUPS = ['/boot', '/var/backups', '/swapfile', '/swap.img', '/lost+found'];
const LOGS = ['/var/log', '/var/mail', '/var/spool', '/var/tmp', '/mnt', '/media', '/run'];

/**
 * Looks for paths of the host that can be read inside: a directory that is not empty, a file that can be opened.
 * A cover is another file: only the host's file counts.
 */
function readableOf(calls: Calls, { host }: View, paths: readonly string[]): () => string[] {
  const tried = paths.map((path) => ({
    path,
    stat: calls.stat(path),
    opened: calls.open(path, constants.O_RDONLY),
    names: calls.list(path),
  }));
  return () =>
    tried
      .filter(({ path, stat, opened, names }) => {
        const facts = stat();
        if (!host.isSame(path, facts)) return false;
        if (facts?.kind === 'directory') return (names() ?? []).length > 0;
        return facts?.kind === 'file' && facts.size > 0n && opened.result() >= 0;
      })
      .map(({ path }) => path);
}

const tried = (paths: readonly string[]) => `${paths.length} paths tried`;

function reading(
  paths: (view: View) => readonly string[],
  rest: Pick<Probe, 'title' | 'hint'>,
): Probe {
  return {
    area: 'files',
    ...rest,
    prepare(calls, view) {
      const all = paths(view);
      const found = readableOf(calls, view, all);
      return () => judge(found(), tried(all), view.host.isNamed);
    },
  };
}

const MASK =
  "Add the path to `mask`, or use the preset 'untrusted' or 'host', which show only what is named.";

/** Variables of the caller by whose names a secret can be guessed. */
const SECRET_NAME = /TOKEN|SECRET|PASSW|CREDENTIAL|APIKEY|API_KEY|ACCESS_KEY|PRIVATE|AUTH/i;

function judgeEnvironment(text: string | undefined, { host, options }: View): Verdict {
  const inside = (text ?? '')
    .split('\0')
    .map((pair) => pair.slice(0, Math.max(0, pair.indexOf('='))));
  const found = inside.filter(
    (name) => SECRET_NAME.test(name) && host.environment[name] !== undefined,
  );
  const named = new Set(Object.keys(options.env ?? {}));
  return judge(found, `${inside.filter(Boolean).length} variables`, (name) => named.has(name));
}

export const fileProbes = {
  'home-directories': reading(({ host }) => host.homes, {
    title: 'home directories of the host can be listed',
    hint: MASK,
  }),
  'home-secrets': reading(
    ({ host }) => host.homes.flatMap((home) => HOME_SECRETS.map((name) => join(home, name))),
    { title: 'keys, tokens and histories in home directories can be read', hint: MASK },
  ),
  passwords: reading(() => PASSWORDS, {
    title: 'password hashes and the rules of sudo can be read',
    hint: MASK,
  }),
  keys: reading(() => KEYS, { title: 'private keys of the machine can be read', hint: MASK }),
  'cloud-credentials': reading(() => CLOUD, {
    title: 'credentials of clouds and clusters can be read',
    hint: MASK,
  }),
  backups: reading(() => BACKUPS, {
    title: 'backups, swap files and boot files can be read',
    hint: MASK,
  }),
  'logs-and-mail': reading(() => LOGS, {
    title: 'logs, mail, runtime files and other disks can be read',
    hint: MASK,
  }),
  users: {
    area: 'files',
    title: 'names of the users of the host can be read',
    hint: "They are in /etc/passwd: use root: 'empty' without it, or a `file` entry in `mounts`.",
    prepare(calls, view) {
      const passwd = calls.read('/etc/passwd', 8);
      return () => {
        const inside = new Set((passwd() ?? '').split('\n').map((line) => line.split(':')[0]));
        const found = view.host.users.filter((name) => inside.has(name));
        const named = view.host.isNamed('/etc/passwd');
        return judge(found, 'none of them', () => named);
      };
    },
  },
  environment: {
    area: 'files',
    title: 'secrets in the environment of the caller can be read',
    hint: 'Nothing is passed on but `env`; use `secrets` for what should not show in /proc.',
    prepare(calls, view) {
      const text = calls.read('/proc/self/environ', 32);
      return () => judgeEnvironment(text(), view);
    },
  },
} satisfies Record<string, Probe>;
