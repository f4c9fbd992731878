import { createNamespace } from '@ns/core';
import { skipUnlessKernel } from '@ns/core/testing';
import { expect, test } from 'vitest';
import { isolatedNet } from '../isolated.js';
import { linkBody } from '../rtnetlink/link-table.js';
import { request } from '../rtnetlink/request-context.js';
import { attributes } from './attributes.js';
import { bytes, s32, u8, u16 } from './codec.js';
import { NetlinkError } from './error.js';
import { Body } from './message.js';
import { NetlinkSocket } from './socket.js';
import { struct } from './struct.js';

function refusal(ask: (socket: NetlinkSocket) => void): NetlinkError {
  using namespace = createNamespace(isolatedNet());
  const socket = new NetlinkSocket(0, { in: namespace });
  try {
    ask(socket);
  } catch (error) {
    if (error instanceof NetlinkError) return error;
    throw error;
  } finally {
    socket.close();
  }
  throw new Error('it was not refused');
}

test('NetlinkError has the policy of the refused attribute', (context) => {
  skipUnlessKernel(context, '5.10');
  const data = Buffer.from('a-name-that-no-interface-can-have\0');
  const body = linkBody.encode({}, { unknown: [{ type: 3, data }] });
  const error = refusal((socket) =>
    socket.request(request('NEWLINK', 0, body, linkBody, { name: 'too long' })),
  );
  expect(error).toMatchObject({ attribute: 'ifname', policy: { type: 'string', maxLength: 15 } });
  expect(error.message).toContain('Wanted: string, at most 15 bytes');
});

test('NetlinkError names a missing attribute', (context) => {
  skipUnlessKernel(context, '6.4');
  const body = new Body(
    struct({ family: u8, _pad1: u8, _pad2: u16, ifindex: s32 }),
    attributes({ setEntry: [1, bytes] }),
  );
  const error = refusal((socket) =>
    socket.request({
      type: 84, // RTM_NEWMDB
      name: 'RTM_NEWMDB',
      flags: 0,
      body: body.encode({ family: 7, ifindex: 1 }, {}),
      locator: body,
      about: {},
    }),
  );
  expect(error).toMatchObject({ code: 'EINVAL', missing: 'setEntry' });
  expect(error.message).toContain('Missing: setEntry');
});
