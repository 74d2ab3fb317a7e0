import type { Fates, Trust } from '../../../contract/trust.js';
import { formatCount, formatNanoseconds, formatShare, formatSignedShare } from '../../format/numbers.js';

/** A line of the panel: what is judged, the verdict, and what it rests on. */
export interface TrustRow {
  readonly label: string;
  readonly value: string;
  readonly title: string;
  /** "warn" is worth a look, "ok" is as it should be; undefined where there is nothing to judge. */
  readonly tone?: 'ok' | 'warn';
}

/** What a person should know or do, most important first. */
export interface TrustNote {
  readonly text: string;
  readonly share: string;
  /** Of what the share is. */
  readonly shareTitle: string;
}

/** Shares from which on a person should look: more than noise, less than what falsifies a picture. */
const cutFrom = 0.02;
const unnamedFrom = 0.05;
const schedulerFrom = 0.05;
const maxNotes = 4;

/** The verdicts, in the order in which they matter. `time` says a moment in the window's zone. */
export function trustRows(trust: Trust, time: (ms: number) => string): readonly TrustRow[] {
  const rows: TrustRow[] = [];
  if (trust.totalNs > 0) {
    const whole = 1 - trust.cutNs / trust.totalNs;
    rows.push({
      label: 'whole stacks',
      value: formatShare(whole),
      title: `${formatNanoseconds(trust.cutNs)} of ${formatNanoseconds(trust.totalNs)} could not be walked to the root of the stack`,
      tone: 1 - whole > cutFrom ? 'warn' : 'ok',
    });
  }
  if (trust.frameNs > 0) {
    const named = trust.namedFrameNs / trust.frameNs;
    rows.push({
      label: 'native frames named',
      value: formatShare(named),
      title: 'of the frames of native code in all stacks, each weighed by the time of its stack',
      tone: 1 - named > unnamedFrom ? 'warn' : 'ok',
    });
  }
  if (trust.nativeNs > 0) {
    rows.push({
      label: 'with source lines',
      value: formatShare(trust.linedNs / trust.nativeNs),
      title: 'native code whose debug information says file and line',
    });
  }
  if (trust.fates !== undefined) rows.push(...fateRows(trust.fates, time));
  for (const { name, version } of trust.runtimes) {
    rows.push({
      label: name,
      value: version === '' ? 'version unknown' : version,
      title: 'by the files of the runtime',
    });
  }
  return rows;
}

/** What a list says of a service in one sign and some words. */
export interface TrustMark {
  readonly tone: 'ok' | 'warn';
  readonly words: string;
}

/** The verdicts in short: what is worth a look, or that nothing is. Null where there is nothing to judge. */
export function trustMark(trust: Trust, time: (ms: number) => string): TrustMark | null {
  const judged = trustRows(trust, time).filter(({ tone }) => tone !== undefined);
  if (judged.length === 0) return null;
  const doubtful = judged.filter(({ tone }) => tone === 'warn');
  return doubtful.length === 0
    ? { tone: 'ok', words: 'Trust: all as it should be' }
    : {
        tone: 'warn',
        words: ['Trust, worth a look:', ...doubtful.map(({ label, value }) => `${label}: ${value}`)].join('\n'),
      };
}

function fateRows(fates: Fates, time: (ms: number) => string): readonly TrustRow[] {
  const lost = fates.lostNewProcess + fates.lostTailCall + fates.lostWindowFull + Math.max(0, fates.missing);
  const rows: TrustRow[] = [
    {
      label: 'samples lost',
      value: lost === 0 ? 'none' : `${formatCount(lost)} of ${formatCount(fates.fired)}`,
      title: lossWords(fates),
      tone: lost > fates.fired * cutFrom ? 'warn' : 'ok',
    },
    balanceRow(fates, time),
  ];
  if (fates.schedulerNs > 0) {
    const difference = fates.sampledNs / fates.schedulerNs - 1;
    // Three standard deviations of a count of samples are chance, whatever their share.
    const chance = fates.delivered > 0 ? 3 / Math.sqrt(fates.delivered) : 1;
    const ended =
      fates.endedProcesses === 0
        ? ''
        : `; ${formatCount(fates.endedProcesses)} processes ended, with time that the scheduler no longer tells`;
    rows.push({
      label: 'against scheduler',
      value: formatSignedShare(difference),
      title: `samples stand for ${formatNanoseconds(fates.sampledNs)}, the scheduler says ${formatNanoseconds(fates.schedulerNs)}${ended}`,
      ...(fates.endedProcesses > 0 ? {} : { tone: Math.abs(difference) > schedulerFrom + chance ? 'warn' : 'ok' }),
    });
  }
  return rows;
}

function balanceRow(fates: Fates, time: (ms: number) => string): TrustRow {
  const label = 'balance';
  const first = fates.firstUnbalancedMs;
  if (first !== undefined) {
    return {
      label,
      value: `${formatCount(fates.unbalancedWindows)} of ${formatCount(fates.windows)} off`,
      title: `what the kernel fired and what arrived do not add up, first in the window of ${time(first)}`,
      tone: 'warn',
    };
  }
  const measured = fates.windows - fates.unmeasuredWindows;
  if (measured === 0) return { label, value: 'not counted', title: 'the kernel could not be asked', tone: 'warn' };
  return {
    label,
    value: 'adds up',
    title: `in each of ${formatCount(measured)} windows, what the kernel fired is what arrived or was lost for a known reason`,
    tone: fates.unmeasuredWindows === 0 ? 'ok' : 'warn',
  };
}

/** Each reason with its count. */
export function lossWords(fates: Fates): string {
  const reasons: readonly (readonly [number, string])[] = [
    [fates.lostNewProcess, 'of processes that were too new to be walked'],
    [fates.lostTailCall, 'refused by the kernel'],
    [fates.lostWindowFull, 'without room in their window'],
    [Math.max(0, fates.missing), 'fired and never arrived'],
    [fates.inFlight, 'still on their way'],
  ];
  const said = reasons.filter(([count]) => count > 0).map(([count, words]) => `${formatCount(count)} ${words}`);
  return said.length === 0 ? `all ${formatCount(fates.fired)} samples arrived` : said.join(', ');
}

/** What mends what is not as it should be: the files that lack the most names, and why stacks end early. */
export function trustNotes(trust: Trust): readonly TrustNote[] {
  const mends = trust.files
    .filter(({ mend }) => mend !== '')
    .map((file) => ({
      part: trust.frameNs === 0 ? 0 : (file.frameNs - file.namedFrameNs) / trust.frameNs,
      text: file.mend,
      shareTitle: 'of all native frames lie in this file and have no name',
    }));
  const cuts = trust.cuts.map(({ reason, valueNs }) => ({
    part: trust.totalNs === 0 ? 0 : valueNs / trust.totalNs,
    text: cutWords(reason),
    shareTitle: 'of all samples',
  }));
  return [...mends, ...cuts]
    .toSorted((a, b) => b.part - a.part)
    .filter(({ part }) => part > 0.001)
    .slice(0, maxNotes)
    .map(({ part, text, shareTitle }) => ({ text, share: formatShare(part), shareTitle }));
}

/** What the unwinder means by the reasons that people meet, by its own words without the kind of frame. */
const cutCauses: Readonly<Record<string, string>> = {
  'no pid page mapping': 'code whose file was not known yet, as when a process begins',
  'no vma': 'code that lies in no mapping of the process',
  'stack delta invalid': 'code that does not say how to unwind it',
  'zero pc': 'code that does not say who called it',
  'small pc': 'code that does not say who called it',
  'pc read': 'stack memory that could not be read',
  'no proc info': 'an interpreter that was not looked at yet',
  'stack length exceeded': 'more frames than are walked',
  'max tail calls': 'more frames than the kernel lets a program walk',
};

/** "[stack cut: native pc read]" in a sentence. */
function cutWords(reason: string): string {
  const code = reason.replace(/^\[stack cut: (.*)\]$/, '$1');
  const cause = cutCauses[code] ?? cutCauses[code.replace(/^\S+ /, '')];
  return `stacks end early: ${cause === undefined ? code : `${cause} (${code})`}`;
}
