import type { WindowsCost } from '../contract/links.js';
import { plural } from '../core/words/numbers.js';
import { ask } from './terminal.js';

/** What it takes to have windows of a source that has to be asked for each of them. */
export function costWords({ requests, windows, windowMs }: WindowsCost): string {
  const here = requests < windows ? ` (${windows - requests} are here already)` : '';
  return `To tell changes from chance Pyroscope has to be asked for ${plural(requests, 'slice', 'slices')} of ${windowMs / 1000} s${here}, four at once.`;
}

/**
 * Says what windows cost, where they cost anything, and asks whether to go on; `otherwise` is what is done then. Where there is no terminal,
 * whoever wrote the command line has said so.
 */
export async function agreesToCost(
  cost: WindowsCost,
  otherwise: string,
  terminal: { readonly ask: typeof ask; readonly say: (text: string) => unknown; readonly isThere: boolean } = {
    ask,
    say: (text) => process.stderr.write(text),
    isThere: process.stdin.isTTY,
  },
): Promise<boolean> {
  if (cost.requests === 0) return true;
  terminal.say(`${costWords(cost)}\n`);
  if (!terminal.isThere) return true;
  const answer = await terminal.ask(`Type yes to go on; anything else: ${otherwise}. `, true);
  return answer?.trim().toLowerCase() === 'yes';
}
