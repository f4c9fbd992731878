// Values of columns, and comparisons of them.

/** The value of a column. */
export type Value = string | number | boolean | null | readonly string[];

/** Compares two values. */
export type Comparison = (left: Value, right: Value) => boolean;

/** Returns a value as text. Null is empty. */
export const asText = (value: Value) => (value === null ? '' : String(value));

/** Compares numbers as numbers, and other values as text. Null is neither before nor after a value. */
const ordered =
  (accept: (order: number) => boolean): Comparison =>
  (left, right) => {
    if (left === null || right === null) return false;
    if (typeof left === 'number' || typeof right === 'number') {
      return accept(Number(left) - Number(right));
    }
    return accept(asText(left) < asText(right) ? -1 : Number(asText(left) > asText(right)));
  };

const equal: Comparison = (left, right) => asText(left) === asText(right);

/** Comparisons by their sign. */
export const comparisons: Readonly<Record<string, Comparison>> = {
  '==': equal,
  '!=': (left, right) => !equal(left, right),
  '<': ordered((order) => order < 0),
  '<=': ordered((order) => order <= 0),
  '>': ordered((order) => order > 0),
  '>=': ordered((order) => order >= 0),
};

/** True unless a value is empty, 0, false or null. */
export const isTrue = (value: Value) => (Array.isArray(value) ? value.length > 0 : Boolean(value));
