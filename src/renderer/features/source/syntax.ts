import { highlightTree, tagHighlighter, tags } from '@lezer/highlight';
import type { Tree } from '@lezer/common';
import type { LRParser } from '@lezer/lr';

/** What colours tell apart in source code. */
const highlighter = tagHighlighter([
  { tag: tags.comment, class: 'code-comment' },
  { tag: [tags.string, tags.character, tags.regexp, tags.docString], class: 'code-string' },
  { tag: [tags.number, tags.bool, tags.null, tags.atom], class: 'code-number' },
  {
    tag: [
      tags.keyword,
      tags.controlKeyword,
      tags.definitionKeyword,
      tags.moduleKeyword,
      tags.operatorKeyword,
      tags.modifier,
    ],
    class: 'code-keyword',
  },
  {
    tag: [
      tags.function(tags.definition(tags.variableName)),
      tags.function(tags.definition(tags.propertyName)),
      tags.definition(tags.className),
      tags.definition(tags.typeName),
    ],
    class: 'code-name',
  },
  { tag: [tags.meta, tags.annotation], class: 'code-meta' },
]);

type Load = () => Promise<LRParser>;

const python: Load = () => import('@lezer/python').then(({ parser }) => parser);
const cpp: Load = () => import('@lezer/cpp').then(({ parser }) => parser);
const go: Load = () => import('@lezer/go').then(({ parser }) => parser);
const rust: Load = () => import('@lezer/rust').then(({ parser }) => parser);
const java: Load = () => import('@lezer/java').then(({ parser }) => parser);
const php: Load = () => import('@lezer/php').then(({ parser }) => parser);
const javascript =
  (dialect: string): Load =>
  () =>
    import('@lezer/javascript').then(({ parser }) => parser.configure({ dialect }));

/** By the ending of a file, its grammar: fetched once a file needs it. Files of other languages have no colours. */
const grammars: ReadonlyMap<string, Load> = new Map([
  ...['py', 'pyi', 'pyx', 'pxd', 'pxi'].map((ending) => [ending, python] as const),
  ...['c', 'h', 'cc', 'cpp', 'cxx', 'c++', 'hh', 'hpp', 'hxx', 'inl', 'ipp', 'tcc'].map(
    (ending) => [ending, cpp] as const,
  ),
  ...['js', 'mjs', 'cjs'].map((ending) => [ending, javascript('')] as const),
  ...['ts', 'mts', 'cts'].map((ending) => [ending, javascript('ts')] as const),
  ['jsx', javascript('jsx')],
  ['tsx', javascript('jsx ts')],
  ['go', go],
  ['rs', rust],
  ['java', java],
  ['php', php],
  ['phtml', php],
]);

/** The grammar of a file by its name; undefined where there is none. */
export function grammarOf(file: string): Load | undefined {
  return grammars.get(file.slice(file.lastIndexOf('.') + 1).toLowerCase());
}

/** The window draws between pieces of work of this length. */
const sliceMs = 8;

/** Reads the syntax of a text in slices. Undefined when it was given up. What breaks a language's rules gets as far as it can. */
export async function parseInSlices(
  parser: LRParser,
  text: string,
  signal: AbortSignal,
  now: () => number = () => performance.now(),
): Promise<Tree | undefined> {
  const parse = parser.startParse(text);
  let sliceEnd = now() + sliceMs;
  for (;;) {
    const tree = parse.advance();
    if (tree !== null) return tree;
    if (now() < sliceEnd) continue;
    await new Promise((resolve) => setTimeout(resolve, 0));
    if (signal.aborted) return undefined;
    sliceEnd = now() + sliceMs;
  }
}

/** A part of a line that has one colour; "" is that of plain text. */
export interface CodePart {
  readonly text: string;
  readonly className: string;
}

/** A line of a text, which begins at `from`, in parts. */
export function partsOfLine(tree: Tree, line: string, from: number): readonly CodePart[] {
  const parts: CodePart[] = [];
  let at = 0;
  const add = (to: number, className: string): void => {
    if (to > at) parts.push({ text: line.slice(at, to), className });
    at = Math.max(at, to);
  };
  highlightTree(
    tree,
    highlighter,
    (start, end, className) => {
      add(Math.min(line.length, start - from), '');
      add(Math.min(line.length, end - from), className);
    },
    from,
    from + line.length,
  );
  add(line.length, '');
  return parts;
}
