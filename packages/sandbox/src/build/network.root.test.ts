// A network with a way outside. The world outside is made of network namespaces of the test's own: a
// host, on which a process has the sandbox, and a server. Nothing of the machine's network is touched.
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { createNamespace, run, spawn } from '@ns/core';
import { net, openInside, Rtnetlink } from '@ns/net';
import { expect, test } from 'vitest';

const module = new URL('../../dist/index.js', import.meta.url).href;

/** A host with a way to a server, which is its gateway as well. */
function world() {
  const host = createNamespace(net());
  const server = createNamespace(net());
  const rtnetlink = Rtnetlink.open({ in: host });
  const there = Rtnetlink.open({ in: server });
  rtnetlink.links.up('lo');
  const peer = { name: 'eth0', namespace: server };
  rtnetlink.links.add({ kind: 'veth', name: 'wan', up: true, peer });
  rtnetlink.addresses.add({ dev: 'wan', address: '192.0.2.2/24' });
  rtnetlink.routes.add({ dst: 'default', gateway: '192.0.2.1' });
  there.links.up('eth0');
  there.addresses.add({ dev: 'eth0', address: '192.0.2.1/24' });
  there.close();
  const here = openInside(host);
  const far = openInside(server);
  return {
    host,
    here,
    far,
    links: () => rtnetlink.links.list().map(({ ifname }) => ifname),
    async listen(place: typeof far, port: number, address: string, says: string) {
      const listening = createServer((socket) => socket.end(says));
      await place.listen(listening, { port, host: address });
      return {
        async [Symbol.asyncDispose]() {
          listening.close();
          await once(listening, 'close');
        },
      };
    },
    [Symbol.dispose]() {
      for (const one of [rtnetlink, here, far, host, server]) one.close();
    },
  };
}

const PRELUDE = `
  import { readFileSync } from 'node:fs';
  import { sandbox } from ${JSON.stringify(module)};
  const children = () => readFileSync('/proc/self/task/' + process.pid + '/children', 'utf8').trim();
  const perl = (code) => ['perl', ['-MIO::Socket::INET', '-e', '$| = 1; ' + code], { reject: false }];
  const ask = (address) =>
    perl('my $s = IO::Socket::INET->new(PeerAddr => "' + address + '", Timeout => 2); print $s->getline if $s');
  const serve = perl('my $s = IO::Socket::INET->new(LocalPort => 80, Listen => 5) or die $@;' +
    'print "ready\\\\n"; my $c = $s->accept; print $c "from inside"');
  `;

const words = (script: string) => ['--input-type=module', '-e', PRELUDE + script];

const staying = (uplink: string) => `
  const network = { uplink: ${JSON.stringify(uplink)}, forward: [{ host: 8080, inside: 80 }] };
  const box = await sandbox.create({ network, capabilities: ['net_bind_service'] });
  const outwards = (await box.run(...ask('192.0.2.1:7000'))).stdout;
  const loopback = (await box.run(...ask('192.0.2.1:7001'))).stdout;
  const web = await box.spawn(serve[0], serve[1]);
  for await (const line of web.lines) if (line === 'ready') break;
  console.log(JSON.stringify({ outwards, loopback }));
  process.stdin.resume().on('end', async () => {
    await box.stop();
    console.log(JSON.stringify({ left: children() }));
    process.exit();
  });`;

for (const [tool, program] of [
  ['pasta', '/usr/bin/pasta'],
  ['slirp4netns', '/usr/bin/slirp4netns'],
  ['nat', '/usr/sbin/nft'],
] as const) {
  test(`by ${tool} commands reach the outside and are reached by a port, as long as the sandbox is there`, async ({
    skip,
  }) => {
    skip(!existsSync(program), `${program} is not installed`);
    using outside = world();
    const before = outside.links();
    await using _server = await outside.listen(outside.far, 7000, '0.0.0.0', 'from outside');
    await using _private = await outside.listen(outside.here, 7001, '127.0.0.1', 'for the host');
    await using child = await spawn(process.execPath, words(staying(tool)), {
      namespaces: [outside.host],
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const lines = child.lines[Symbol.asyncIterator]();
    const next = async () => JSON.parse((await lines.next()).value ?? 'null');
    // What listens on the host's loopback is for the host alone.
    expect(await next()).toEqual({ outwards: 'from outside', loopback: '' });
    const way =
      tool === 'nat'
        ? outside.far.connect(8080, '192.0.2.2')
        : outside.here.connect(8080, '127.0.0.1');
    expect(await text(way)).toBe('from inside');
    child.stdin?.end();
    expect(await next()).toEqual({ left: '' });
    await child.exited;
    expect(outside.links()).toEqual(before);
  }, 90_000);
}

test('one command can have a way outside, and otherwise it has none', async ({ skip }) => {
  skip(!existsSync('/usr/bin/pasta'), 'pasta is not installed');
  using outside = world();
  await using _server = await outside.listen(outside.far, 7000, '0.0.0.0', 'from outside');
  const script = `
    const { stdout: reached } = await sandbox.run(...ask('192.0.2.1:7000').slice(0, 2), { network: 'private' });
    const { stdout: none } = await sandbox.run(...ask('192.0.2.1:7000'));
    console.log(JSON.stringify({ reached, none, left: children() }));
    process.exit();`;
  const { stdout } = await run(process.execPath, words(script), { namespaces: [outside.host] });
  expect(JSON.parse(stdout)).toEqual({ reached: 'from outside', none: '', left: '' });
}, 90_000);

test('a way that cannot be made is an error of the network, and nothing is left', async ({
  skip,
}) => {
  skip(!existsSync('/usr/bin/pasta'), 'pasta is not installed');
  using outside = world();
  const script = `
    process.env.PATH = '/nowhere';
    const error = await sandbox.create({ network: 'private' }).catch((error) => error);
    console.log(JSON.stringify({ part: error.part, message: error.message, left: children() }));
    process.exit();`;
  const { stdout } = await run(process.execPath, words(script), { namespaces: [outside.host] });
  expect(JSON.parse(stdout)).toEqual({
    part: 'network',
    message: expect.stringContaining(
      'cannot start slirp4netns: it is not installed; install slirp4netns',
    ),
    left: '',
  });
});
