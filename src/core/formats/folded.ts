import type { CallTree } from '../profile/call-tree.js';
import { createProfileBuilder } from '../profile/builder.js';
import { f64At, u32At, u8At } from '../profile/columns.js';
import {
  importFailed,
  looksLikeText,
  tooManyCallPaths,
  type ImportContext,
  type Importer,
  type ImportSteps,
} from './importing.js';

const blank = 0x20;
const tab = 0x09;
const semicolon = 0x3b;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const hash = 0x23;

/**
 * Folded stacks: a line a stack, frames from the root with ";" between them, then a blank and a count, which may be a
 * fraction: "main;read file 12". Written by stackcollapse scripts, py-spy, async-profiler, and by us. Frames may
 * hold blanks; the last one of a line is the one before the count. Lines that begin with "#" are comments.
 */
export const foldedImporter: Importer = {
  format: 'folded stacks',
  read(bytes, context) {
    if (!looksLikeText(bytes) || !beginsLikeFolded(bytes)) return undefined;
    return readFolded(bytes, context);
  },
};

/** [start, end) of each line, without line ends and blanks around it. */
function* linesOf(bytes: Uint8Array): Generator<readonly [start: number, end: number], void, undefined> {
  const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  for (let start = hasMark ? 3 : 0; start < bytes.length;) {
    let next = bytes.indexOf(lineFeed, start);
    if (next < 0) next = bytes.length;
    let end = next;
    while (end > start && isSpace(u8At(bytes, end - 1))) end--;
    yield [start, end];
    start = next + 1;
  }
}

function isSpace(byte: number): boolean {
  return byte === blank || byte === tab || byte === carriageReturn;
}

/** Where a line's stack ends, and the count behind it; undefined for a line that does not end in a count. */
function splitCount(bytes: Uint8Array, start: number, end: number): { stackEnd: number; count: number } | undefined {
  let word = end;
  while (word > start && !isSpace(u8At(bytes, word - 1))) word--;
  if (word === start) return undefined;
  // A count longer than this is none, and text is not to be spread over a call's arguments at any length.
  if (end - word > 32) return undefined;
  const text = String.fromCharCode(...bytes.subarray(word, end));
  if (!/^-?\d+(?:\.\d+)?(?:e[+-]?\d{1,3})?$/i.test(text)) return undefined;
  let stackEnd = word;
  while (stackEnd > start && isSpace(u8At(bytes, stackEnd - 1))) stackEnd--;
  return { stackEnd, count: Number(text) };
}

/** Whether one of the first lines is a stack with a count. Log files have lines like that too, but not many do. */
function beginsLikeFolded(bytes: Uint8Array): boolean {
  let looked = 0;
  for (const [start, end] of linesOf(bytes)) {
    if (end === start || bytes[start] === hash) continue;
    const split = splitCount(bytes, start, end);
    if (split !== undefined && split.stackEnd > start) return true;
    if (++looked === 20) return false;
  }
  return false;
}

/** So many lines are a step. */
const linesOfStep = 4096;

function* readFolded(bytes: Uint8Array, { decode, callPathLimit }: ImportContext): ImportSteps {
  const builder = createProfileBuilder(1);
  const locationOfFunction: number[] = [0]; // by function index
  const comments: string[] = [];
  let withoutCount = 0;
  let negative = 0;
  let stacksRead = 0;
  const frame = (start: number, end: number): number => {
    const name = builder.string(bytes.subarray(start, end));
    const index = builder.function({ name, systemName: 0, file: 0, library: 0, startLine: 0 });
    let location = locationOfFunction[index];
    if (location === undefined) {
      location = builder.location(0, 0n);
      builder.line(index, 0);
      locationOfFunction[index] = location;
    }
    return location;
  };
  let looked = 0;
  for (const [start, end] of linesOf(bytes)) {
    if (++looked % linesOfStep === 0) yield start / bytes.length;
    if (end === start) continue;
    const split = splitCount(bytes, start, end);
    if (bytes[start] === hash && (split === undefined || bytes.subarray(start, end).indexOf(semicolon) < 0)) {
      if (comments.length < 100) comments.push(decode(bytes.subarray(start + 1, end)).trim());
      continue;
    }
    if (split === undefined || !Number.isFinite(split.count)) {
      withoutCount++;
      continue;
    }
    if (split.count < 0) {
      negative++;
      continue;
    }
    let stack = 0;
    let at = start;
    while (at < split.stackEnd) {
      let next = bytes.indexOf(semicolon, at);
      if (next < 0 || next > split.stackEnd) next = split.stackEnd;
      if (next > at) stack = builder.stack(stack, frame(at, next));
      at = next + 1;
    }
    builder.sample(stack, [split.count]);
    stacksRead++;
    if (builder.stackCount > callPathLimit) return tooManyCallPaths(callPathLimit);
  }
  if (stacksRead === 0)
    return importFailed('bad-profile', 'None of the stacks in the file has a count that can be shown.');
  const profile = builder.freeze({
    sampleTypes: [{ type: 'samples', unit: 'count' }],
    defaultValueIndex: 0,
    timeNs: 0,
    durationNs: 0,
    period: 0,
    periodType: undefined,
    comments,
  });
  const warnings = [
    ...(withoutCount > 0 ? [`${lineWords(withoutCount)} without a count at the end; left out.`] : []),
    ...(negative > 0 ? [`${lineWords(negative)} with a negative count; left out.`] : []),
  ];
  return { ok: true, value: { format: 'folded stacks', profile, warnings } };
}

function lineWords(count: number): string {
  return count === 1 ? '1 line' : `${count.toLocaleString('en')} lines`;
}

/**
 * Writes a call tree as folded stacks, one line for each node with a value of its own. Frames cannot hold ";" or line
 * ends: those become ":" and blanks. With `baseline` each line carries two counts, before and after, as difffolded.pl
 * writes and flamegraph.pl reads them. Yields lines in chunks, so that a large tree is never one string.
 */
export function* writeFolded(
  tree: CallTree,
  nameOf: (functionIndex: number) => string,
  baseline?: Float64Array,
): Generator<string, void, undefined> {
  const path: string[] = [];
  let chunk = '';
  for (let node = 1; node < tree.nodeCount; node++) {
    path.length = u32At(tree.depth, node) - 1;
    path.push(foldedName(nameOf(u32At(tree.functionIndex, node))));
    const self = f64At(tree.self, node);
    const before = baseline === undefined ? 0 : f64At(baseline, node);
    if (self === 0 && before === 0) continue;
    chunk += `${path.join(';')} ${baseline === undefined ? '' : `${before} `}${self}\n`;
    if (chunk.length > 65_536) {
      yield chunk;
      chunk = '';
    }
  }
  // Values of the empty stack have no frame to stand on; they get a frame that says so.
  const rootSelf = f64At(tree.self, 0);
  const rootBefore = baseline === undefined ? 0 : f64At(baseline, 0);
  if (rootSelf > 0 || rootBefore > 0) {
    chunk += `[no stack] ${baseline === undefined ? '' : `${rootBefore} `}${rootSelf}\n`;
  }
  if (chunk !== '') yield chunk;
}

function foldedName(name: string): string {
  const plain = name
    .replaceAll(';', ':')
    .replace(/[\r\n\t]+/g, ' ')
    .trim();
  return plain === '' ? '[unknown]' : plain;
}
