// Rules that choose a routing table: `ip rule`.
import { type Members, parse } from '@ns/core/authors';
import {
  type Family,
  families,
  familyName,
  familyOf,
  ip,
  ipFamily,
  parsePrefix,
} from '../netlink/addresses.js';
import { attributes, type RawAttribute, rawAttributes } from '../netlink/attributes.js';
import { boolean, choice, encodable, s32, text, u8, u16, u32 } from '../netlink/codec.js';
import { Body } from '../netlink/message.js';
import { struct } from '../netlink/struct.js';
import { linkName } from './device.js';
import { protocol, type TableName, tableName, tableNumber } from './iproute2-names.js';
import {
  type Context,
  creation,
  defined,
  leftovers,
  type Question,
  request,
} from './request-context.js';

const actions = {
  unspec: 0,
  lookup: 1,
  goto: 2,
  nop: 3,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
};
const INVERT = 2;
const MAIN_TABLE = 254;

const action = choice(u8, actions);
const range = struct({ start: u16, end: u16 });

/** Messages about rules: struct fib_rule_hdr. */
export const ruleBody = new Body(
  struct({
    family: u8,
    dstLength: u8,
    srcLength: u8,
    tos: u8,
    table: u8,
    _reserved1: u8,
    _reserved2: u8,
    action,
    flags: u32,
  }),
  attributes({
    dst: [1, ip],
    src: [2, ip],
    iif: [3, text(15)],
    goto: [4, u32],
    priority: [6, u32],
    fwmark: [10, u32],
    suppressPrefixlength: [14, s32],
    fullTable: [15, u32],
    fwmask: [16, u32],
    oif: [17, text(15)],
    l3mdev: [19, boolean(u8)],
    uidrange: [20, struct({ start: u32, end: u32 })],
    protocol: [21, protocol],
    ipproto: [22, u8],
    sport: [23, range],
    dport: [24, range],
  }),
);

/** A range of ports or uids, both ends included. */
export interface Range {
  start: number;
  end: number;
}

/** Returns the parser of a range. */
const parseRange = (most: number) =>
  parse.options({
    start: parse.required(parse.integer(0, most)),
    end: parse.required(parse.integer(0, most)),
  } satisfies Members<Range>);

/** A rule. */
export interface Rule {
  readonly family: Family;
  /** The lowest comes first. */
  readonly priority: number;
  /** Action: `lookup` a table, `goto` another rule, `blackhole`, ... */
  readonly action: string | number;
  /** The table looked up. */
  readonly table?: TableName | number;
  readonly goto?: number;
  /** Prefix that the source must be in; `all` if any. */
  readonly src: string;
  readonly dst?: string;
  readonly not?: boolean;
  readonly iif?: string;
  readonly oif?: string;
  readonly fwmark?: number;
  readonly fwmask?: number;
  readonly tos?: number;
  readonly ipproto?: number;
  readonly sport?: Range;
  readonly dport?: Range;
  readonly uidrange?: Range;
  readonly l3mdev?: boolean;
  /** Routes of prefixes up to this length are not taken. */
  readonly suppress_prefixlength?: number;
  readonly protocol?: string | number;
  readonly unknown?: readonly RawAttribute[];
  readonly malformed?: readonly RawAttribute[];
}

/** A rule to be added. */
export interface NewRule {
  /** Family of a rule without a prefix that tells. Default: inet. */
  family?: 'inet' | 'inet6' | undefined;
  /** Default when adding: the kernel chooses one before the lowest. */
  priority?: number | undefined;
  /** Default: lookup. */
  action?: keyof typeof actions | undefined;
  /** Default: main. */
  table?: TableName | number | undefined;
  goto?: number | undefined;
  /** `all` is any, as in what {@link Rules.list} gives. */
  src?: string | undefined;
  dst?: string | undefined;
  /** Inverts the match. */
  not?: boolean | undefined;
  iif?: string | undefined;
  oif?: string | undefined;
  fwmark?: number | undefined;
  fwmask?: number | undefined;
  tos?: number | undefined;
  ipproto?: number | undefined;
  sport?: Range | undefined;
  dport?: Range | undefined;
  uidrange?: Range | undefined;
  l3mdev?: boolean | undefined;
  suppress_prefixlength?: number | undefined;
  /** Origin. Default: the kernel writes `unspec`. */
  protocol?: string | number | undefined;
  /** Attributes as {@link Rules.list} tells them: what this package does not know is kept. */
  unknown?: readonly RawAttribute[] | undefined;
}

/** Limits the rules that are listed. */
export interface RuleFilter {
  /** Default: both. */
  family?: 'inet' | 'inet6' | undefined;
}

type Values = NonNullable<ReturnType<typeof ruleBody.decode>>;

const NONE = -1; // of suppress_prefixlength

/** Converts a decoded message to a rule. */
export function toRule(values: Values): Rule {
  const { src, srcLength, dst, dstLength, suppressPrefixlength, flags } = values;
  const whole = values.family === families.inet ? 32 : 128;
  const prefix = (address: string, length: number) =>
    length === whole ? address : `${address}/${length}`;
  return defined({
    family: familyName(values.family) ?? 'unspec',
    priority: values.priority ?? 0,
    action: values.action,
    table: values.action === 'lookup' ? tableName(values.fullTable ?? values.table) : undefined,
    goto: values.goto,
    src: src === undefined ? 'all' : prefix(src, srcLength),
    dst: dst === undefined ? undefined : prefix(dst, dstLength),
    not: (flags & INVERT) !== 0 ? true : undefined,
    iif: values.iif,
    oif: values.oif,
    fwmark: values.fwmark,
    fwmask: values.fwmask,
    tos: values.tos === 0 ? undefined : values.tos,
    ipproto: values.ipproto,
    sport: values.sport,
    dport: values.dport,
    uidrange: values.uidrange,
    l3mdev: values.l3mdev,
    suppress_prefixlength: suppressPrefixlength === NONE ? undefined : suppressPrefixlength,
    protocol: values.protocol,
    ...leftovers(values),
  }) as Rule;
}

function decode(bytes: Buffer, start: number, end: number): Rule | undefined {
  const values = ruleBody.decode(bytes, start, end);
  return values && toRule(values);
}

const number = encodable(u32);
const ports = parseRange(0xffff);

const parseNew = parse.options({
  family: ipFamily,
  priority: number,
  action: encodable(action),
  table: tableNumber,
  goto: number,
  src: (value, name) => (value === 'all' ? undefined : parsePrefix(value, name)),
  dst: parsePrefix,
  not: parse.boolean,
  iif: linkName,
  oif: linkName,
  fwmark: number,
  fwmask: number,
  tos: encodable(u8),
  ipproto: encodable(u8),
  sport: ports,
  dport: ports,
  uidrange: parseRange(0xffff_ffff),
  l3mdev: parse.boolean,
  suppress_prefixlength: encodable(s32),
  protocol: encodable(protocol),
  unknown: rawAttributes,
} satisfies Members<NewRule>);

const parseFilter = parse.options({ family: ipFamily } satisfies Members<RuleFilter>);

type RuleOptions = ReturnType<typeof parseNew>;

function encode(options: RuleOptions, does: NonNullable<RuleOptions['action']>): Uint8Array {
  const { not, l3mdev, src, dst, unknown } = options;
  const prefix = src ?? dst;
  const table = does === 'lookup' && !l3mdev ? (options.table ?? MAIN_TABLE) : undefined;
  return ruleBody.encode(
    {
      family: families[prefix ? familyOf(prefix.address) : (options.family ?? 'inet')],
      srcLength: src?.prefixlen ?? 0,
      dstLength: dst?.prefixlen ?? 0,
      ...(options.tos === undefined ? {} : { tos: options.tos }),
      table: table !== undefined && table < 256 ? table : 0,
      action: does,
      flags: not ? INVERT : 0,
    },
    {
      src: src?.address,
      dst: dst?.address,
      priority: options.priority,
      fullTable: table,
      goto: options.goto,
      iif: options.iif,
      oif: options.oif,
      fwmark: options.fwmark,
      fwmask: options.fwmask,
      ipproto: options.ipproto,
      sport: options.sport,
      dport: options.dport,
      uidrange: options.uidrange,
      l3mdev,
      suppressPrefixlength: options.suppress_prefixlength,
      protocol: options.protocol,
      ...(unknown && { unknown }),
    },
  );
}

/** The rules of a namespace. */
export class Rules {
  readonly #context: Context;

  /** @internal */
  constructor(context: Context) {
    this.#context = context;
  }

  #table(filter: RuleFilter): Question<Rule> {
    const { family } = parseFilter(filter, 'filter');
    const body = ruleBody.encode({ family: families[family ?? 'unspec'] }, {});
    return { request: request('GETRULE', 0, body, ruleBody, { family }), decode };
  }

  /**
   * Lists rules in their order, of one family or both: `ip -j rule`. (The kernel gives no single one, and
   * changes none that is there.)
   */
  list(filter: RuleFilter = {}): Rule[] {
    return this.#context.list(this.#table(filter));
  }

  /** The same as an asynchronous iterator, which lets the event loop go on in between. */
  dump(filter: RuleFilter = {}): AsyncGenerator<Rule, void, undefined> {
    return this.#context.each(this.#table(filter));
  }

  /**
   * Adds a rule: `ip rule add ...`.
   *
   * @throws {NetlinkError} EEXIST
   * @example rtnetlink.rules.add({ src: '10.0.0.0/8', table: 100, priority: 1000 });
   */
  add(options: NewRule): void {
    const rule = parseNew(options, 'rule');
    const body = encode(rule, rule.action ?? 'lookup');
    this.#context.send('NEWRULE', creation.add, body, ruleBody, options);
  }

  /**
   * Removes the first rule that matches: `ip rule delete ...`.
   *
   * @throws {NetlinkError} ENOENT if there is none
   * @throws {TypeError} if `options` has no more than a family
   */
  remove(options: NewRule): void {
    const rule = parseNew(options, 'rule');
    // The kernel would take the first rule of all, without which no packet reaches this machine.
    // (`src: 'all'` alone names a rule as little.)
    if (!Object.entries(rule).some(([key, value]) => key !== 'family' && value !== undefined)) {
      parse.refuse('rule', 'more than a family: give its priority, src, table, ...', options);
    }
    // A table and an action that are left out are not compared.
    const body = encode(rule, rule.action ?? (rule.table === undefined ? 'unspec' : 'lookup'));
    this.#context.send('DELRULE', 0, body, ruleBody, options);
  }
}
