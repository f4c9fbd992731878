import { expect, test } from 'vitest';
import { linkBody } from '../rtnetlink/link-table.js';
import { request } from '../rtnetlink/request-context.js';
import { attributes } from './attributes.js';
import { text, u32 } from './codec.js';
import { errorOf } from './error.js';
import { HEADER, NLM_F } from './message.js';

const acknowledgement = attributes({
  message: [1, text()],
  offset: [2, u32],
  missingType: [5, u32],
  missingNest: [6, u32],
});

const body = Buffer.from(linkBody.encode({ index: 1 }, { linkinfo: { info_kind: 'vlan' } }));
const asked = request('NEWLINK', 0, body, linkBody, { name: 'x' });
const NEST = HEADER + 16; // what follows the two headers is linkinfo

function refusal(values: Parameters<typeof acknowledgement.encode>[0]) {
  const errno = Buffer.alloc(4);
  errno.writeInt32LE(-22);
  const bytes = Buffer.concat([errno, Buffer.alloc(HEADER), acknowledgement.encode(values)]);
  return errorOf(bytes, 0, bytes.length, NLM_F.CAPPED | NLM_F.ACK_TLVS, asked, true);
}

test('errorOf names a missing attribute by its path', () => {
  expect(refusal({ missingType: 2, missingNest: NEST })?.missing).toBe('linkinfo.info_data');
  expect(refusal({ missingType: 3 })?.missing).toBe('ifname');
  expect(refusal({ missingType: 3000, missingNest: NEST })?.missing).toBe(
    'linkinfo.attribute 3000',
  );
});

test('errorOf names a wrong attribute by its path', () => {
  const error = refusal({ offset: NEST + 4, message: 'no' });
  expect(error).toMatchObject({ attribute: 'linkinfo.info_kind', explanation: 'no' });
});

test('an answer that is cut off anywhere is an error all the same', () => {
  const errno = Buffer.alloc(4);
  errno.writeInt32LE(-22);
  const whole = Buffer.concat([
    ...[errno, Buffer.alloc(HEADER)],
    acknowledgement.encode({ message: 'no', offset: 9999, missingType: 1, missingNest: 9999 }),
  ]);
  for (let end = 0; end <= whole.length; end++) {
    const error = errorOf(whole, 0, end, NLM_F.CAPPED | NLM_F.ACK_TLVS, asked, true);
    expect(error?.code).toBe(end < 4 ? 'EIO' : 'EINVAL');
  }
});
