// Reads what the packages export, and which options their functions take, from the types.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Namespace } from '@ns/core';
import ts from 'typescript';
import { closeAfterTests } from './owned.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** A member of an options object. */
export interface Member {
  readonly name: string;
  /** The members of its own options object, if it is one. */
  readonly members: readonly Member[];
}

/** One of the forms that options can have: `kind` or the like tells those of a union apart. */
export interface Form {
  /** The members that tell it from others, with their values: `{ kind: 'veth' }`. */
  readonly base: Readonly<Record<string, unknown>>;
  readonly members: readonly Member[];
}

/** A function, method or constructor that packages export. */
export interface Callable {
  /** Its name in the package: `spawn`, `Namespace.fromPath`, `Pidfd#signal`, `new NamespaceWorker`. */
  readonly name: string;
  /** The position of the options among the arguments; -1 if it takes none. */
  readonly optionsAt: number;
  /** The members of the options, of all their forms. */
  readonly members: readonly Member[];
  /** The forms of the options. */
  readonly forms: readonly Form[];
  /** An argument of the right type for each parameter before the options, or for all without options. */
  readonly sample: readonly unknown[];
  /** True if it returns a promise. */
  readonly isAsync: boolean;
}

/** An export that is not a type. */
export interface Export {
  readonly name: string;
  readonly kind: 'function' | 'class' | 'value';
  /** The function itself, or the constructor, static functions and methods of the class. */
  readonly callables: readonly Callable[];
  /** The ways to dispose of an object of the class. */
  readonly disposal: readonly ('dispose' | 'asyncDispose')[];
}

/** A package with its exports. */
export interface PackageExports {
  readonly name: string;
  readonly exports: readonly Export[];
}

/** A pid, or descriptor, that nothing has. */
export const NO_PROCESS = 2 ** 22 - 1;

/** Depth at which options of options of options end. */
const MAX_DEPTH = 4;

/** Reads the exports of packages by a program of the TypeScript compiler. */
class Reader {
  readonly #checker: ts.TypeChecker;
  readonly #namespace = closeAfterTests(Namespace.current('net'));

  readonly #program: ts.Program;

  constructor(program: ts.Program) {
    this.#program = program;
    this.#checker = program.getTypeChecker();
  }

  exportsOf(file: string): Export[] {
    const source = this.#program.getSourceFile(file);
    const module = source && this.#checker.getSymbolAtLocation(source);
    if (!module) throw new Error(`cannot read the exports of ${file}`);
    return this.#checker
      .getExportsOfModule(module)
      .map((symbol) => this.#exportOf(symbol))
      .filter((found) => found !== undefined);
  }

  #exportOf(exported: ts.Symbol): Export | undefined {
    const isAlias = (exported.flags & ts.SymbolFlags.Alias) !== 0;
    const symbol = isAlias ? this.#checker.getAliasedSymbol(exported) : exported;
    if ((symbol.flags & ts.SymbolFlags.Value) === 0) return undefined;
    const { name } = exported;
    const declaration = symbol.valueDeclaration;
    if (!declaration) return { name, kind: 'value', callables: [], disposal: [] };
    const type = this.#checker.getTypeOfSymbolAtLocation(symbol, declaration);
    if (ts.isClassDeclaration(declaration)) return this.#classOf(name, symbol, type);
    const callables = this.#callablesOf(name, type);
    const kind = callables.length > 0 ? 'function' : 'value';
    callables.push(...this.#functionsOf(name, type, declaration));
    return { name, kind, callables, disposal: [] };
  }

  /** Returns the functions of an exported object: `sandbox.run`. */
  #functionsOf(name: string, type: ts.Type, at: ts.Declaration | undefined): Callable[] {
    if (!at || type.isUnion()) return [];
    return type
      .getProperties()
      .filter((member) => this.#isDeclaredHere(member) && !this.#isHidden(member))
      .flatMap((member) =>
        this.#callablesOf(
          `${name}.${member.name}`,
          this.#checker.getTypeOfSymbolAtLocation(member, at),
        ),
      );
  }

  #classOf(name: string, symbol: ts.Symbol, type: ts.Type): Export {
    const instance = this.#checker.getDeclaredTypeOfSymbol(symbol);
    const callables: Callable[] = [];
    const own = (members: readonly ts.Symbol[]) =>
      members.filter((member) => this.#isDeclaredHere(member) && !this.#isHidden(member));
    for (const member of own(type.getProperties())) {
      callables.push(...this.#callablesOf(`${name}.${member.name}`, this.#typeOf(member)));
    }
    for (const member of own(instance.getProperties())) {
      const type = this.#typeOf(member);
      if (member.flags & ts.SymbolFlags.Method) {
        callables.push(...this.#callablesOf(`${name}#${member.name}`, type));
      } else {
        callables.push(
          ...this.#functionsOf(`${name}#${member.name}`, type, symbol.valueDeclaration),
        );
      }
    }
    for (const signature of type.getConstructSignatures().slice(-1)) {
      const { declaration } = signature;
      const isInternal =
        !declaration ||
        (ts.getCombinedModifierFlags(declaration as ts.Declaration) &
          (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) !==
          0 ||
        ts.getJSDocTags(declaration).some((tag) => tag.tagName.text === 'internal');
      if (!isInternal) callables.push(this.#callableOf(`new ${name}`, signature));
    }
    const has = (word: string) =>
      instance.getProperties().some((member) => member.name.startsWith(`__@${word}@`));
    const disposal = (['dispose', 'asyncDispose'] as const).filter(has);
    return { name, kind: 'class', callables, disposal };
  }

  /** Returns true for a member that callers do not see, or shall not call. */
  #isHidden(member: ts.Symbol): boolean {
    const declaration = member.declarations?.[0];
    const flags = declaration ? ts.getCombinedModifierFlags(declaration) : 0;
    return (
      /^(__|#)/.test(member.name) ||
      member.getJsDocTags(this.#checker).some((tag) => tag.name === 'internal') ||
      (flags & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) !== 0
    );
  }

  #typeOf(symbol: ts.Symbol): ts.Type {
    return this.#checker.getTypeOfSymbolAtLocation(
      symbol,
      symbol.valueDeclaration as ts.Declaration,
    );
  }

  #callablesOf(name: string, type: ts.Type): Callable[] {
    const signatures = type.getCallSignatures();
    const last = signatures.at(-1);
    // A type guard takes any value.
    if (!last || this.#checker.getTypePredicateOfSignature(last)) return [];
    return [this.#callableOf(name, last)];
  }

  #callableOf(name: string, signature: ts.Signature): Callable {
    const parameters = signature.getParameters();
    const types = parameters.map((parameter) =>
      this.#checker.getNonNullableType(this.#typeOf(parameter)),
    );
    const optionsAt = types.findLastIndex((type) => this.#formsOf(type).length > 0);
    const type = types[optionsAt];
    const forms = type ? this.#formsOf(type).map((one) => this.#formOf(one)) : [];
    const returned = signature.getReturnType();
    const before = optionsAt === -1 ? types : types.slice(0, optionsAt);
    return {
      name,
      optionsAt,
      sample: before.map((one) => this.#sampleOf(one)),
      members: forms.flatMap(({ members }) => members),
      forms,
      isAsync: returned.symbol?.name === 'Promise',
    };
  }

  /** Returns the types of the forms of options; none if the type is not that of options. */
  #formsOf(type: ts.Type): ts.Type[] {
    const forms = type.isUnion() ? type.types : [type];
    return forms.every((form) => this.#isOptions(form)) ? forms : [];
  }

  #formOf(type: ts.Type): Form {
    const literals = type.getProperties().flatMap((property) => {
      const value = this.#typeOf(property);
      return value.isStringLiteral() ? [[property.name, value.value] as const] : [];
    });
    return { base: Object.fromEntries(literals), members: this.#membersOf(type, 1) };
  }

  #membersOf(type: ts.Type, depth: number): Member[] {
    return type.getProperties().map((property) => {
      const member = this.#checker.getNonNullableType(this.#typeOf(property));
      const parts = member.isUnion() ? member.types : [member];
      const nested = parts.filter((part) => this.#isOptions(part));
      const isDeep = nested.length === 1 && depth < MAX_DEPTH;
      return {
        name: property.name,
        members: isDeep ? this.#membersOf(nested[0] as ts.Type, depth + 1) : [],
      };
    });
  }

  /** Returns a value of a type, one that does no harm: the path and the process do not exist. */
  #sampleOf(type: ts.Type): unknown {
    const [first = type] = type.isUnion() ? type.types.filter((part) => !this.#isNull(part)) : [];
    if (first.isStringLiteral() || first.isNumberLiteral()) return first.value;
    if (first.flags & ts.TypeFlags.StringLike) return '/nonexistent/contract';
    if (first.flags & ts.TypeFlags.NumberLike) return NO_PROCESS;
    if (first.flags & ts.TypeFlags.BooleanLike) return true;
    if (first.getCallSignatures().length > 0) return () => undefined;
    if (this.#checker.isArrayLikeType(first)) return [];
    if (first.symbol?.name === 'Namespace') return this.#namespace;
    if (/Array$|^Buffer$/.test(first.symbol?.name ?? '')) return new Uint8Array(8);
    return {};
  }

  #isNull(type: ts.Type): boolean {
    return (type.flags & (ts.TypeFlags.Undefined | ts.TypeFlags.Null)) !== 0;
  }

  /** Returns true for an object type that a package declares as a literal: not a class, a function or an array. */
  #isOptions(type: ts.Type): boolean {
    if (type.isUnion()) return false;
    if ((type.flags & ts.TypeFlags.Object) === 0 && !type.isIntersection()) return false;
    if (type.getCallSignatures().length > 0 || type.isClass()) return false;
    if (type.getStringIndexType() || type.getNumberIndexType()) return false;
    const properties = type.getProperties();
    if (properties.length === 0) return false;
    return properties.every(
      (property) =>
        this.#isDeclaredHere(property) && (property.flags & ts.SymbolFlags.Method) === 0,
    );
  }

  #isDeclaredHere(symbol: ts.Symbol): boolean {
    const file = symbol.declarations?.[0]?.getSourceFile().fileName ?? '';
    return file.startsWith(join(root, 'packages')) && !file.includes('/node_modules/');
  }
}

function optionsOfCompiler(): ts.CompilerOptions {
  const file = join(root, 'tsconfig.base.json');
  const { config } = ts.readConfigFile(file, ts.sys.readFile);
  return ts.parseJsonConfigFileContent(config, ts.sys, root).options;
}

/** The packages with code of their own that is used by import. */
const names = readdirSync(join(root, 'packages')).filter(
  (name) => !['all', 'cli', 'contract-tests'].includes(name),
);

let read: PackageExports[] | undefined;

/** Returns all packages with what they export. */
export function readExports(): PackageExports[] {
  read ??= readAll();
  return read;
}

function readAll(): PackageExports[] {
  const files = names.map((name) => join(root, 'packages', name, 'src/index.ts'));
  const reader = new Reader(ts.createProgram(files, optionsOfCompiler()));
  return names.map((name, i) => ({ name, exports: reader.exportsOf(files[i] as string) }));
}
