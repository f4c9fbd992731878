/**
 * Returns an object without a prototype, for functions that read optional members: a member that is
 * left out must not come from a polluted `Object.prototype`.
 */
export function own<Value extends object>(value: Value): Value {
  return Object.assign(Object.create(null), value);
}
