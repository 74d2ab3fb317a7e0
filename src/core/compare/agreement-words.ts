import { formatCores, formatCount, formatNanoseconds, formatShare, plural } from '../words/numbers.js';
import { differenceOf, seenFrom, type Agreement, type AgreementRow } from './agreement.js';

/** A difference of shares in percentage points: "1.2 points". */
export function points(share: number): string {
  return `${(Math.abs(share) * 100).toFixed(1)}\u00a0points`;
}

/** A part as a name: "parse", "parse:12" for a line. */
export function partName({ name, line }: Pick<AgreementRow, 'name' | 'line'>): string {
  return line > 0 ? `${name}:${line}` : name;
}

/** What a row compares, for people. */
export const partWords: Readonly<Record<AgreementRow['part'], string>> = {
  self: 'own time',
  total: 'with callees',
  line: 'line that runs',
};

/** The verdict in one sentence. */
export function verdictSentence(agreement: Agreement): string {
  const { functions, largest, samples, rows, lost } = agreement;
  switch (agreement.verdict) {
    case 'agrees':
      return largest === undefined
        ? 'Agrees, but no function was seen often enough to be compared.'
        : `Agrees: ${plural(functions, 'function', 'functions')}, largest difference ${points(differenceOf(largest))} (${partName(largest)}), expected up to ${points(largest.margin)}.`;
    case 'differs': {
      const [first] = rows;
      if (samples[0] === 0) return 'Differs: the agent saw no Python where py-spy did.';
      if (lost > 0 && !rows.some(({ differs }) => differs)) return `Differs: ${lostWords(lost)}.`;
      return first === undefined ? 'Differs.' : `Differs: ${rowSentence(first)}${othersWords(rows.length - 1)}.`;
    }
    case 'too-few':
      return `Too few samples to say: ${formatCount(samples[0])} by the agent, ${formatCount(samples[1])} by py-spy.`;
  }
}

/** What else there is to know of a verdict, most important first. */
export function verdictNotes(agreement: Agreement): readonly string[] {
  const { verdict, samples, cores, waiting, lost, rows, smallest, samplesNeeded, secondsNeeded } = agreement;
  const notes: string[] = [];
  if (verdict === 'differs' && lost > 0 && samples[0] > 0 && rows.some(({ differs }) => differs))
    notes.push(`${lostWords(lost)}.`);
  if (verdict === 'too-few') {
    notes.push(
      Math.min(...samples) === 0
        ? `${samples[0] === 0 ? 'The agent' : 'Py-spy'} saw no Python run: verify while the service is busy.`
        : `${formatCount(samplesNeeded)} of each would show a difference of ${points(seenFrom)}: about ${formatNanoseconds(secondsNeeded * 1e9)} at this load.`,
    );
  } else if (verdict === 'agrees')
    notes.push(
      `Of a function with half of the time, a difference of less than ${points(smallest)} would not have been seen.`,
    );
  notes.push(
    `${formatCount(samples[0])} samples by the agent (${formatCores(cores[0])} cores), ${formatCount(samples[1])} by py-spy (${formatCores(cores[1])} active threads). Py-spy counts threads that wait for a CPU, too.`,
  );
  if (waiting[0] + waiting[1] > 0) {
    notes.push(
      `Left out: ${formatCount(waiting[0])} and ${formatCount(waiting[1])} samples in functions that py-spy takes for waiting (select, wait, poll).`,
    );
  }
  return notes;
}

/** One difference: "json.dumps is 12.0 points higher by py-spy (31.0 % against 19.0 %, own time)". */
function rowSentence(row: AgreementRow): string {
  const by = row.pyspy > row.agent ? 'py-spy' : 'the agent';
  const [more, less] = row.pyspy > row.agent ? [row.pyspy, row.agent] : [row.agent, row.pyspy];
  return `${partName(row)} is ${points(differenceOf(row))} higher by ${by} (${partWords[row.part]}: ${formatShare(more)} against ${formatShare(less)}), expected up to ${points(row.margin)}`;
}

function othersWords(count: number): string {
  return count > 0 ? `, and ${plural(count, 'other', 'others')}` : '';
}

function lostWords(lost: number): string {
  return `${formatShare(lost)} of the agent's stacks have no Python frame where py-spy sees Python`;
}
