// Where each page of docs/ is found. A page that is missing here fails the check of the site.

const page = (text: string, link: string) => ({ text, link });

/** The pages that people wrote. */
export const navigation = [
  {
    text: 'Start',
    items: [
      page('What it is', '/'),
      page('Getting started', '/getting-started'),
      page('Comparison', '/comparison'),
    ],
  },
  {
    text: 'Namespaces',
    items: [
      page('Overview', '/namespaces/'),
      page('user', '/namespaces/user'),
      page('mount', '/namespaces/mount'),
      page('pid', '/namespaces/pid'),
      page('net', '/namespaces/net'),
      page('uts', '/namespaces/uts'),
      page('ipc', '/namespaces/ipc'),
      page('cgroup', '/namespaces/cgroup'),
      page('time', '/namespaces/time'),
    ],
  },
  {
    text: 'Guides',
    items: [
      page('Without root', '/guides/rootless'),
      page('A network lab', '/guides/network-lab'),
      page('Sandboxing', '/guides/sandboxing'),
      page('The command line', '/guides/command-line'),
      page('Presets of sandboxes', '/presets'),
      page('Security of sandboxes', '/security'),
      page('Processes', '/processes'),
      page('Threads', '/threads'),
    ],
  },
  {
    text: 'Background',
    items: [
      page('Kernel support', '/kernel-support'),
      page('Architecture', '/architecture'),
      page('Internals', '/internals'),
      page('Glossary', '/glossary'),
      page('Performance', '/performance'),
    ],
  },
  {
    text: 'Reference',
    items: [
      page('Options of the command', '/cli-options'),
      page('JSON of the command', '/cli-json'),
      page('API', '/api/'),
    ],
  },
];

/** The pages of the reference that lead to all others. */
export const packages = [
  'core',
  'user',
  'mount',
  'pid',
  'net',
  'uts',
  'ipc',
  'cgroup',
  'time',
  'sandbox',
  'cli',
].map((name) => page(`@ns/${name}`, `/api/@ns/${name}/`));
