// Checks a value by a schema; the error names the argument and says what it could be.
import type { Schema } from './schema.js';

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

function isOfType(type: NonNullable<Schema['type']>, value: unknown): boolean {
  switch (type) {
    case 'integer':
      return typeof value === 'number' && Number.isInteger(value);
    case 'number':
      return (typeof value === 'number' && Number.isFinite(value)) || typeof value === 'bigint';
    default:
      return typeOf(value) === type;
  }
}

/** What a value has to be, in words. */
function wanted(schema: Schema): string {
  if (schema.anyOf) return schema.anyOf.map(wanted).join(' or ');
  if (schema.enum) return schema.enum.map((word) => `'${word}'`).join(' or ');
  if (schema.title) return schema.title;
  if (schema.type !== 'object')
    return schema.type === 'array' ? 'a list' : `of type ${schema.type}`;
  const { required = [], properties = {} } = schema;
  const names = required.length > 0 ? required : Object.keys(properties);
  return names.length > 0 ? `{ ${names.join(', ')} }` : 'an object';
}

function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  return typeof value === 'object' && value !== null ? typeOf(value) : String(value);
}

/** `options.root.directory` for a reader, from the outermost name on. */
const below = (name: string, key: string | number) =>
  typeof key === 'number' ? `${name}[${key}]` : name === '' ? key : `${name}.${key}`;

function checkRange(schema: Schema, value: unknown, name: string): void {
  const { minimum, maximum, minLength, maxLength, pattern, minItems } = schema;
  if (typeof value === 'number') {
    if (minimum !== undefined && value < minimum) {
      throw new RangeError(`${name} must be at least ${minimum}: ${value}`);
    }
    if (maximum !== undefined && value > maximum) {
      throw new RangeError(`${name} must be at most ${maximum}: ${value}`);
    }
  }
  if (typeof value === 'string') {
    if (value.includes('\0')) throw new TypeError(`${name} must not contain a NUL character`);
    if (minLength !== undefined && value.length < minLength) {
      throw new TypeError(`${name} must not be empty`);
    }
    if (maxLength !== undefined && value.length > maxLength) {
      throw new RangeError(`${name} must not be longer than ${maxLength} characters`);
    }
    if (pattern !== undefined && !new RegExp(pattern).test(value)) {
      throw new TypeError(`${name} must be ${wanted(schema)}: ${shown(value)}`);
    }
  }
  if (Array.isArray(value) && minItems !== undefined && value.length < minItems) {
    throw new TypeError(`${name} must not be empty`);
  }
}

function checkProperties(schema: Schema, value: object, name: string): void {
  const { properties = {}, required = [], additionalProperties = true, propertyNames } = schema;
  for (const key of required) {
    if (!Object.hasOwn(value, key) || (value as Record<string, unknown>)[key] === undefined) {
      throw new TypeError(`${below(name, key)} is missing`);
    }
  }
  for (const [key, item] of Object.entries(value)) {
    const { pattern = '', title } = propertyNames ?? {};
    if (!new RegExp(pattern).test(key)) {
      throw new TypeError(`${name}: not ${title}: ${JSON.stringify(key)}`);
    }
    if (item === undefined) continue;
    const known = Object.hasOwn(properties, key) ? properties[key] : undefined;
    if (known) validate(known, item, below(name, key));
    else if (typeof additionalProperties === 'object') {
      validate(additionalProperties, item, below(name, key));
    } else if (!additionalProperties) {
      const names = Object.keys(properties).join(', ');
      throw new TypeError(`${name === '' ? 'options' : name} has no ${key}; it has ${names}`);
    }
  }
}

function checkAnyOf(
  choices: readonly Schema[],
  schema: Schema,
  value: unknown,
  name: string,
): void {
  // Of several objects, the one that is meant is the one whose required names are there.
  const meant = choices.filter(
    ({ type, required = [] }) =>
      type !== undefined &&
      isOfType(type, value) &&
      (type !== 'object' || required.every((key) => Object.hasOwn(value as object, key))),
  );
  const only = meant.length === 1 ? meant[0] : undefined;
  if (!only || (only.enum && !only.enum.includes(value as string))) {
    throw new TypeError(`${name} must be ${wanted(schema)}: ${shown(value)}`);
  }
  validate(only, value, name);
}

const isPlain = (value: object): boolean => {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

/**
 * The same with the own properties of all plain objects in it, and nothing that they inherit: options
 * that something has put into Object.prototype are nobody's choice. Other objects, such as handles and
 * bytes, stay as they are.
 */
export function ownProperties<Value>(value: Value): Value {
  if (Array.isArray(value)) return value.map(ownProperties) as Value;
  if (typeof value !== 'object' || value === null || !isPlain(value)) return value;
  const own = Object.entries(value).map(([key, item]) => [key, ownProperties(item)] as const);
  const copy: Record<string, unknown> = Object.create(null);
  for (const [key, item] of own) copy[key] = item;
  return copy as Value;
}

/** Throws unless there is an object to take options from. */
export function assertOptions(options: unknown): asserts options is object {
  if (typeof options === 'object' && options !== null && !Array.isArray(options)) return;
  throw new TypeError(`options must be an object: ${String(options)}`);
}

/** What another package says of its argument, under the name that the argument has here. */
export function within<Result>(name: string, check: () => Result): Result {
  try {
    return check();
  } catch (error) {
    const message = `${name}.${(error as Error).message}`;
    if (error instanceof RangeError) throw new RangeError(message, { cause: error });
    if (error instanceof TypeError) throw new TypeError(message, { cause: error });
    throw error;
  }
}

/**
 * Checks a value by a schema.
 *
 * @param name what messages call it; empty for the options as a whole
 * @throws {TypeError | RangeError} that names the argument
 */
export function validate(schema: Schema, value: unknown, name = ''): void {
  if (schema.anyOf) {
    checkAnyOf(schema.anyOf, schema, value, name);
    return;
  }
  const { type } = schema;
  if (type !== undefined && !isOfType(type, value)) {
    throw new TypeError(`${name || 'options'} must be ${wanted(schema)}: ${shown(value)}`);
  }
  if (schema.enum && !schema.enum.includes(value as string)) {
    throw new TypeError(`${name} must be ${wanted(schema)}: ${shown(value)}`);
  }
  checkRange(schema, value, name);
  if (Array.isArray(value)) {
    const { items } = schema;
    if (!items) return;
    for (const [i, item] of value.entries()) validate(items, item, below(name, i));
  } else if (typeof value === 'object' && value !== null) checkProperties(schema, value, name);
}
