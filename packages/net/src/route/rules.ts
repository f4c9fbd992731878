// Rules that choose a routing table: `ip rule`.
import {
  type Family,
  families,
  familyName,
  familyOf,
  ip,
  parsePrefix,
} from '../netlink/addresses.js';
import { attributes, type RawAttribute } from '../netlink/attributes.js';
import { boolean, choice, s32, text, u8, u16, u32 } from '../netlink/codec.js';
import { Body } from '../netlink/message.js';
import { struct } from '../netlink/struct.js';
import { checked } from '../options.js';
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
    action: choice(u8, actions),
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

/** A rule. */
export interface Rule {
  readonly family: Family;
  /** The lowest comes first. */
  readonly priority: number;
  /** What it does: `lookup` a table, `goto` another rule, `blackhole`, ... */
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
  family?: 'inet' | 'inet6';
  /** Default when adding: the kernel chooses one before the lowest. */
  priority?: number;
  /** Default: lookup. */
  action?: keyof typeof actions;
  /** Default: main. */
  table?: TableName | number;
  goto?: number;
  /** `all` is any, as in what {@link Rules.list} gives. */
  src?: string;
  dst?: string;
  /** The rule is for what does not match. */
  not?: boolean;
  iif?: string;
  oif?: string;
  fwmark?: number;
  fwmask?: number;
  tos?: number;
  ipproto?: number;
  sport?: Range;
  dport?: Range;
  uidrange?: Range;
  l3mdev?: boolean;
  suppress_prefixlength?: number;
  /** Who has made it. Default: the kernel writes `unspec`. */
  protocol?: string | number;
  /** Attributes as {@link Rules.list} tells them: what this package does not know is kept. */
  unknown?: readonly RawAttribute[];
}

/** Which rules are listed. */
export interface RuleFilter {
  /** Default: both. */
  family?: 'inet' | 'inet6';
}

type Values = NonNullable<ReturnType<typeof ruleBody.decode>>;

const NONE = -1; // of suppress_prefixlength

/** A decoded message as a rule. */
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

const keys = [
  ...['family', 'priority', 'action', 'table', 'goto', 'src', 'dst', 'not', 'iif', 'oif', 'fwmark'],
  ...['fwmask', 'tos', 'ipproto', 'sport', 'dport', 'uidrange', 'l3mdev', 'suppress_prefixlength'],
  ...['protocol', 'unknown'],
] as const satisfies readonly (keyof NewRule)[];

function encode(options: NewRule): Uint8Array {
  const { action = 'lookup', not, l3mdev } = options;
  const isAny = options.src === undefined || options.src === 'all';
  const src = isAny ? undefined : parsePrefix(options.src, 'src');
  const dst = options.dst === undefined ? undefined : parsePrefix(options.dst, 'dst');
  const told = src ?? dst;
  const table = action === 'lookup' && !l3mdev ? tableNumber(options.table ?? 'main') : undefined;
  return ruleBody.encode(
    {
      family: families[told ? familyOf(told.address) : (options.family ?? 'inet')],
      srcLength: src?.prefixlen ?? 0,
      dstLength: dst?.prefixlen ?? 0,
      ...(options.tos === undefined ? {} : { tos: options.tos }),
      table: table !== undefined && table < 256 ? table : 0,
      action,
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
      protocol: options.protocol as 'boot' | undefined,
      ...(options.unknown && { unknown: [...options.unknown] }),
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
    const { family } = checked(filter, ['family'], 'filter');
    const body = ruleBody.encode({ family: families[family ?? 'unspec'] }, {});
    return { request: request('GETRULE', 0, body, ruleBody, { family }), decode };
  }

  /**
   * Rules in their order, of one family or both: `ip -j rule`. (The kernel gives no single one, and
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
   * @example route.rule.add({ src: '10.0.0.0/8', table: 100, priority: 1000 });
   */
  add(options: NewRule): void {
    const body = encode(checked(options, keys, 'rule'));
    this.#context.send('NEWRULE', creation.add, body, ruleBody, options);
  }

  /**
   * Removes the first rule that matches: `ip rule delete ...`.
   *
   * @throws {NetlinkError} ENOENT if there is none
   * @throws {TypeError} unless something beside the family says which rule is meant
   */
  delete(options: NewRule): void {
    const rule = checked(options, keys, 'rule');
    // The kernel would take the first rule of all, without which no packet reaches this machine.
    if (!Object.entries(rule).some(([key, value]) => key !== 'family' && value !== undefined)) {
      throw new TypeError('rule must say which one is meant: give its priority, src, table, ...');
    }
    // What is not given is not compared: neither a table nor an action.
    const anything = rule.table === undefined && rule.action === undefined;
    const body = encode(anything ? { ...rule, action: 'unspec' } : rule);
    this.#context.send('DELRULE', 0, body, ruleBody, options);
  }
}
