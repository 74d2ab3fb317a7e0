import { formatShare, plural } from '../words/numbers.js';
import type { SummaryPart } from './summary.js';

/** What stands behind the share of a part: "in json, most of it in iterencode, called from 3 places". Names as they came. */
export function partWords(part: SummaryPart): string {
  switch (part.kind) {
    case 'package':
    case 'function': {
      const { name, leading, callers } = part;
      const most = leading === '' || leading === name ? '' : `, most of it in ${leading}`;
      return `in ${name}${most}${callers === 0 ? '' : `, called from ${plural(callers, 'place', 'places')}`}`;
    }
    case 'gc':
      return 'garbage collection';
    case 'kernel':
      return 'in the kernel';
    case 'unnamed':
      return 'not named';
    case 'cut':
      return 'in stacks that were cut';
  }
}

/** The summary as one line: "41.2 % in json, called from 3 places; 6.1 % garbage collection; 2.0 % in the kernel." */
export function summaryWords(parts: readonly SummaryPart[]): string {
  return parts.length === 0
    ? 'No package does much of the work itself.'
    : `${parts.map((part) => `${formatShare(part.share)} ${partWords(part)}`).join('; ')}.`;
}
