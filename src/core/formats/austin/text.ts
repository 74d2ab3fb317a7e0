import { looksLikeText, tooManyCallPaths, type ImportContext, type Importer, type ImportSteps } from '../importing.js';
import { AustinSamples, austinMode, mostHeaderLines, type AustinMode } from './samples.js';

const blank = 0x20;
const carriageReturn = 0x0d;
const colon = 0x3a;
const semicolon = 0x3b;
const lineFeed = 0x0a;
const hash = 0x23;
const stackLine = /^P\d+;T/;
/** Each blank belongs to one part only, else a long line of them would be tried at each. */
const headerLine = /^#\s*([\w.-][\w .-]*?):\s*(.*)$/s;
const lineNumber = /:(\d+)$/;

/**
 * Austin's own text, which looks like folded stacks and says more: "P42;T0:7;/app/shop.py:list_orders:12;... 300" for a
 * process, a thread, frames as file, function and line, and what was measured: microseconds, bytes that may be negative, or
 * "microseconds,idle,bytes" in full mode. Which it is stands in a header of "# mode: memory" and its like.
 */
export const austinTextImporter: Importer = {
  format: 'Austin',
  read(bytes, context) {
    if (!looksLikeText(bytes) || !beginsLikeAustin(bytes, context)) return undefined;
    return readText(bytes, context);
  },
};

function* linesOf(bytes: Uint8Array): Generator<Uint8Array, void, undefined> {
  for (let start = 0; start < bytes.length;) {
    let end = bytes.indexOf(lineFeed, start);
    if (end < 0) end = bytes.length;
    yield bytes.subarray(start, end);
    start = end + 1;
  }
}

function trimmed(line: Uint8Array): Uint8Array {
  let end = line.length;
  while (end > 0 && (line[end - 1] === blank || line[end - 1] === carriageReturn)) end--;
  return line.subarray(0, end);
}

/** "file:function:line"; what has no such parts is a name alone. */
function locationOf(frame: Uint8Array, text: string, samples: AustinSamples): number {
  const { builder } = samples;
  const number = lineNumber.exec(text);
  const nameEnd = number === null ? -1 : frame.lastIndexOf(colon);
  const fileEnd = nameEnd < 1 ? -1 : frame.lastIndexOf(colon, nameEnd - 1);
  if (fileEnd < 0) return samples.location(builder.string(frame), 0, 0);
  const name = builder.string(frame.subarray(fileEnd + 1, nameEnd));
  return samples.location(name, builder.string(frame.subarray(0, fileEnd)), Number(number?.[1] ?? 0));
}

/** Its header names it; without one, its first stack tells process and thread. */
function beginsLikeAustin(bytes: Uint8Array, { decode }: ImportContext): boolean {
  for (const line of linesOf(bytes.subarray(0, 4096))) {
    const text = decode(line).trim();
    if (text === '') continue;
    if (line[0] !== hash) return stackLine.test(text);
    if (headerLine.exec(text)?.[1] === 'austin') return true;
  }
  return false;
}

/** So many lines are a step. */
const linesOfStep = 4096;

function* readText(bytes: Uint8Array, context: ImportContext): ImportSteps {
  const header = new Map<string, string>();
  let samples: AustinSamples | undefined;
  let mode: AustinMode = 'wall';
  let notUnderstood = 0;
  // A frame is written out in each line: its location is looked up by its text.
  const locations = new Map<string, number>();
  let looked = 0;
  for (const whole of linesOf(bytes)) {
    if (++looked % linesOfStep === 0) yield (whole.byteOffset - bytes.byteOffset) / bytes.length;
    const line = trimmed(whole);
    if (line.length === 0) continue;
    if (line[0] === hash) {
      const [, name, value] = headerLine.exec(context.decode(line)) ?? [];
      if (name !== undefined && header.size < mostHeaderLines) header.set(name, value ?? '');
      continue;
    }
    if (samples === undefined) {
      mode = austinMode(header.get('mode'));
      samples = new AustinSamples(mode, context);
    }
    const at = line.lastIndexOf(blank);
    const metrics = at < 0 ? undefined : metricsOf(context.decode(line.subarray(at + 1)), mode);
    // Behind process and thread.
    const first = line.indexOf(semicolon, line.indexOf(semicolon) + 1);
    if (metrics === undefined || !stackLine.test(context.decode(line.subarray(0, 40)))) {
      notUnderstood++;
      continue;
    }
    let stack = 0;
    for (let start = first < 0 ? at : first + 1; start < at;) {
      let end = line.indexOf(semicolon, start);
      if (end < 0 || end > at) end = at;
      const frame = line.subarray(start, end);
      const text = context.decode(frame);
      const location = locations.get(text) ?? locationOf(frame, text, samples);
      locations.set(text, location);
      if (frame.length > 0) stack = samples.builder.stack(stack, location);
      start = end + 1;
    }
    samples.add(stack, metrics);
    if (samples.tooMany) return tooManyCallPaths(context.callPathLimit);
  }
  const warnings =
    notUnderstood === 0
      ? []
      : [
          `${notUnderstood === 1 ? '1 line is no stack' : `${notUnderstood} lines are no stacks`} of Austin's; left out.`,
        ];
  return (samples ?? new AustinSamples(mode, context)).finish('Austin', header, warnings);
}

function metricsOf(text: string, mode: AustinMode): Parameters<AustinSamples['add']>[1] | undefined {
  const numbers = text.split(',', 4).map(wholeNumber);
  const [value, idle, memoryBytes] = numbers;
  if (mode === 'full') {
    if (numbers.length !== 3 || value === undefined || idle === undefined || memoryBytes === undefined)
      return undefined;
    return { timeUs: value, idle: idle !== 0, memoryBytes };
  }
  if (numbers.length !== 1 || value === undefined) return undefined;
  return mode === 'memory'
    ? { timeUs: 0, idle: false, memoryBytes: value }
    : { timeUs: value, idle: false, memoryBytes: 0 };
}

/** As large as a sum can still be told from its neighbours: what is larger is none that was measured. */
function wholeNumber(text: string): number | undefined {
  const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value : undefined;
}
