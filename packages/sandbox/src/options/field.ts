// Fields: each describes one member of the options, as a parser and as a JSON Schema at once.
import { type Parsed, type Parser, parse } from '@ns/core/authors';
import type { Schema } from './schema-type.js';

/** A parser with the JSON Schema of the values that it accepts. */
export interface Field<Value> extends Parser<Value> {
  /** Undefined for a value that JSON does not have, such as a function. */
  readonly schema: Schema | undefined;
  /** True if the member must be there. */
  readonly isRequired?: boolean;
}

/** A field that has a value even if the caller leaves it out. */
export interface FilledField<Value> extends Field<Value> {
  readonly takesUndefined: true;
}

/** Returns the field of a parser and a schema. */
export function field<Value>(parser: Parser<Value>, schema: Schema | undefined): Field<Value> {
  const own: Parser<Value> = (value, name) => parser(value, name);
  return Object.assign(own, { schema });
}

/** Returns the same field with a description. */
export function described<One extends Field<unknown>>(description: string, one: One): One {
  const copy = (value: unknown, name: string) => one(value, name);
  const { schema, ...flags } = { ...one };
  return Object.assign(copy, flags, {
    schema: schema && { description, ...schema },
  }) as unknown as One;
}

/** Returns the same field with a value for a member that is left out: as the caller would write it. */
export function withDefault<Value>(one: Field<Value>, value: unknown): FilledField<Value> {
  const own: Parser<Value> = (given, name) => one(given === undefined ? value : given, name);
  const schema = one.schema && { ...one.schema, default: value };
  return Object.assign(own, { schema, takesUndefined: true as const });
}

/** Returns the same field for a member that must be there. */
export function required<Value>(one: Field<Value>): FilledField<Value> {
  return Object.assign(parse.required(one), { schema: one.schema, isRequired: true });
}

/** Returns the field of a text that matches a pattern of a JSON Schema. */
export function matching(pattern: string, expected: string): Field<string> {
  const expression = new RegExp(pattern);
  const parser: Parser<string> = (value, name) =>
    expression.test(parse.text(value, name))
      ? (value as string)
      : parse.refuse(name, expected, value);
  return field(parser, { type: 'string', pattern });
}

/** A boolean. */
export const boolean = field(parse.boolean, { type: 'boolean' });

/** Returns the field of one of these words. */
export function words<const Words extends readonly string[]>(...all: Words): Field<Words[number]> {
  return field(parse.oneOf(...all), { type: 'string', enum: all });
}

/** Returns the field of an integer from `least` to `most`. */
export function integer(least: number, most = Number.MAX_SAFE_INTEGER): Field<number> {
  return field(parse.integer(least, most), { type: 'integer', minimum: least, maximum: most });
}

/** Returns the field of a list. */
export function list<Item>(item: Field<Item>, minItems = 0): Field<Item[]> {
  const items = parse.list(item);
  const parser: Parser<Item[]> = (value, name) => {
    const result = items(value, name);
    return result.length < minItems ? parse.refuse(name, 'an array that has items', value) : result;
  };
  return field(parser, {
    type: 'array',
    ...(item.schema && { items: item.schema }),
    ...(minItems > 0 && { minItems }),
  });
}

/** Returns the field of an object whose keys are the caller's choice. */
export function record<Item>(key: Field<string>, item: Field<Item>): Field<Record<string, Item>> {
  const items = parse.record(item);
  const parser: Parser<Record<string, Item>> = (value, name) => {
    for (const one of Object.keys(parse.ownMembers(value, name))) key(one, `a name in ${name}`);
    return items(value, name);
  };
  return field(parser, {
    type: 'object',
    ...(key.schema && { propertyNames: key.schema }),
    ...(item.schema && { additionalProperties: item.schema }),
  });
}

/** The fields of an object. */
export type Fields = Readonly<Record<string, Field<unknown>>>;

/** Returns the schema of an object with these members. */
export function schemaOf(fields: Fields): Schema {
  const entries = Object.entries(fields).flatMap(([name, { schema }]) =>
    schema ? [[name, schema] as const] : [],
  );
  const needed = Object.keys(fields).filter((name) => fields[name]?.isRequired);
  return {
    type: 'object',
    properties: Object.fromEntries(entries),
    ...(needed.length > 0 && { required: needed }),
    additionalProperties: false,
  };
}

/** Returns the field of an object with these members. */
export function object<const Shape extends Fields>(fields: Shape): Field<Parsed<Shape>> {
  return field(parse.options(fields), schemaOf(fields));
}

/** Returns the field of one of these words, or another value. */
export function wordOr<const Word extends string, Value>(
  all: readonly Word[],
  expected: string,
  other: Field<Value>,
): Field<Word | Value> {
  const isWord = (value: unknown): value is Word => all.includes(value as Word);
  const parser: Parser<Word | Value> = (value, name) => {
    if (isWord(value)) return value;
    if (typeof value !== 'string') return other(value, name);
    const quoted = all.map((word) => JSON.stringify(word));
    return parse.refuse(name, [...quoted, expected].join(', '), value);
  };
  const word: Schema = { type: 'string', enum: all };
  return field(parser, { anyOf: [word, ...(other.schema ? [other.schema] : [])] });
}

/** Returns the field of an object that is one of several: the one whose first member it has. */
export function variant<const Objects extends Fields>(
  objects: Objects,
): Field<ReturnType<Objects[keyof Objects]>> {
  const names = Object.keys(objects);
  const expected = names.map((one) => `{ ${one} }`).join(' or ');
  const parser: Parser<unknown> = (value, name) => {
    if (typeof value !== 'object' || value === null) return parse.refuse(name, expected, value);
    const found = names.filter((one) => Object.hasOwn(value, one));
    const [only = ''] = found;
    if (found.length !== 1) return parse.refuse(name, expected, value);
    return objects[only]?.(value, name);
  };
  const anyOf = Object.values(objects).flatMap(({ schema }) => (schema ? [schema] : []));
  return field(parser as Parser<ReturnType<Objects[keyof Objects]>>, { anyOf });
}
