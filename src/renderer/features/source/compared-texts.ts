import type { FoundCode } from '../../../contract/code.js';
import { alignLines, type AlignedLine } from '../../../core/source/align-lines.js';
import { linesOfText } from './source-rows.js';
import type { CodeState } from './use-code.js';

/** How the lines of a comparison's sides are told to be the same ones. */
export interface ComparedTexts {
  /** By what both texts say; absent: by number. */
  readonly byText?: { readonly aligned: readonly AlignedLine[]; readonly before: FoundCode };
  /** What there is to say of it, a sentence or two; hostile text. */
  readonly note?: string;
}

const byNumber = 'Lines are compared by number; a function that begins elsewhere now takes its lines along.';

/** Compares the text that is shown, the comparison's, with what is known of the baseline's. */
export function compareTexts(after: FoundCode, baseline: CodeState): ComparedTexts {
  switch (baseline.phase) {
    case 'none':
    case 'reading':
      return {};
    case 'alike':
      return { note: `Nothing tells which text A ran. ${byNumber}` };
    case 'failed':
      return { note: `The text that A ran was not read: ${baseline.failure.message} ${byNumber}` };
    case 'read':
      break;
  }
  const { found: before, looks } = baseline.answer;
  if (before === null) {
    const look = looks.find(({ mend }) => mend !== undefined) ?? looks[0];
    const why =
      look === undefined ? '' : ` (${look.where}: ${look.why}${look.mend === undefined ? '' : ` ${look.mend}`})`;
    return { note: `The text that A ran was not found${why}. ${byNumber}` };
  }
  if (before.text === after.text) {
    return mayDiffer(before, after) ? { note: `Only one text of A and B was found. ${byNumber}` } : {};
  }
  const [old, own] = [before, after].map(({ text }) => linesOfText(text).map((line) => line.text));
  const aligned = alignLines(old ?? [], own ?? []);
  if (aligned === undefined) return { note: `The texts of A and B have too little in common. ${byNumber}` };
  return {
    byText: { aligned, before },
    ...(before.doubt === undefined ? {} : { note: `Of A’s text: ${before.doubt}` }),
  };
}

/** Whether one text for both sides may be what a place has now, whatever ran then. */
function mayDiffer(before: FoundCode, after: FoundCode): boolean {
  const sameNow = before.place === 'target' && after.place === 'target' && before.where === after.where;
  return sameNow || before.doubt !== undefined || after.doubt !== undefined;
}
