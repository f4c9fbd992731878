// The code blocks of the documents.
import ts from 'typescript';

/** A fenced block of a Markdown document. */
export interface Block {
  /** Line of the opening fence, from 1. */
  line: number;
  /** Everything after the fence's backticks: `ts`. */
  info: string;
  /** Requirement that the comment before it states: `root`. */
  needs: string | undefined;
  code: string;
}

/** Languages of blocks. Anything other than code and commands is `text`. */
export const languages = ['ts', 'js', 'sh', 'json', 'c', 'text'];

/** Returns all fenced blocks of a document. */
export function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = [];
  const lines = markdown.split('\n');
  let needs: string | undefined;
  for (let at = 0; at < lines.length; at++) {
    const text = lines[at] ?? '';
    const [, indent = '', fence, info = ''] = /^([\s>]*)(`{3,}|~{3,})(.*)$/.exec(text) ?? [];
    if (fence === undefined) {
      if (text.trim() !== '') needs = /^<!-- needs: (.+) -->$/.exec(text.trim())?.[1];
      continue;
    }
    const code: string[] = [];
    const line = at + 1;
    for (at++; at < lines.length && lines[at]?.trim() !== fence; at++) {
      code.push((lines[at] ?? '').slice(indent.length));
    }
    if (at === lines.length) throw new Error(`line ${line}: the block has no end`);
    blocks.push({ line, info: info.trim(), needs, code: code.join('\n') });
    needs = undefined;
  }
  return blocks;
}

/** The block as a module for Node.js 20: without types, and `using` in older words. */
export function toModule({ info, code }: Block): string {
  const { outputText, diagnostics = [] } = ts.transpileModule(code, {
    fileName: `block.${info}`,
    reportDiagnostics: true,
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      allowJs: true,
      verbatimModuleSyntax: true,
    },
  });
  for (const { messageText } of diagnostics) {
    throw new SyntaxError(ts.flattenDiagnosticMessageText(messageText, '\n'));
  }
  return outputText;
}

/**
 * Compiles TypeScript blocks, each as a module in `directory`, with strict options against the built
 * packages, and returns the errors.
 */
export function typeErrors(blocks: readonly Block[], directory: string): string[] {
  const texts = new Map(blocks.map(({ line, code }) => [`${directory}/line-${line}.ts`, code]));
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
    module: ts.ModuleKind.NodeNext,
    moduleDetection: ts.ModuleDetectionKind.Force,
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    verbatimModuleSyntax: true,
    skipLibCheck: true,
    noEmit: true,
  };
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile } = host;
  host.fileExists = (path) => texts.has(path) || fileExists(path);
  host.readFile = (path) => texts.get(path) ?? readFile(path);
  host.getCurrentDirectory = () => directory;
  const program = ts.createProgram([...texts.keys()], options, host);
  return ts.getPreEmitDiagnostics(program).map(({ file, start = 0, messageText }) => {
    const [, line] = /line-(\d+)\.ts$/.exec(file?.fileName ?? '') ?? [];
    const at = Number(line) + 1 + (file?.getLineAndCharacterOfPosition(start).line ?? 0);
    return `line ${at}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
}
