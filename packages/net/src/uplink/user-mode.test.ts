import { accessSync, constants, existsSync } from 'node:fs';
import { spawn } from '@ns/core';
import { expect, test } from 'vitest';
import { Route } from '../route/route.js';
import { net } from '../spec.js';
import { userUplink } from './user-mode.js';

function mayOpenTun(): boolean {
  try {
    accessSync('/dev/net/tun', constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

const start = () =>
  spawn('sleep', ['60'], { namespaces: [{ type: 'user' }, net()], stdio: 'ignore' });

for (const tool of ['slirp4netns', 'pasta'] as const) {
  test(`${tool} gives a child an interface and a way outside, and ends with it`, async ({
    skip,
  }) => {
    skip(!existsSync(`/usr/bin/${tool}`), `${tool} is not installed`);
    skip(!mayOpenTun(), 'this user may not open /dev/net/tun');
    skip(
      tool === 'pasta' && process.getuid?.() === 0,
      'pasta gives up root, and then cannot enter',
    );
    await using child = await start();
    await using way = await userUplink(child.pid, { tool });
    expect(way.tool).toBe(tool);
    using route = Route.open({ in: child.pid });
    expect(route.link.get('tap0').flags).toContain('UP');
    expect(route.route.list({ family: 'inet' })).toContainEqual(
      expect.objectContaining({ dst: 'default', dev: 'tap0' }),
    );
  });
}

test('wrong arguments are refused', async () => {
  await expect(userUplink(0)).rejects.toThrow(RangeError);
  await expect(userUplink(1, { tool: 'x' as 'pasta' })).rejects.toThrow(TypeError);
  await expect(userUplink(1, { forward: [{ host: 0 }] })).rejects.toThrow(RangeError);
});
