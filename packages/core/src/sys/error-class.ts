// Classes of errors that keep their name in a bundle, and are recognized across copies of a package.

/**
 * Gives a class of errors its name, and marks its instances.
 *
 * Called after the class, not inside of it: a class that names itself is renamed by the bundler.
 *
 * @param name of the class
 */
export function nameErrorClass(errorClass: { prototype: Error }, name: string): void {
  Object.defineProperties(errorClass.prototype, {
    name: { value: name, writable: true, configurable: true },
    [Symbol.for(`@ns/${name}`)]: { value: true },
  });
}

/** True if a value is an error of the class with this name, from any copy of the package. */
export function isErrorOf(value: unknown, name: string): boolean {
  return value instanceof Error && Symbol.for(`@ns/${name}`) in value;
}
