import { intervalWords } from '../../core/compare/sentences.js';
import {
  changeBetween,
  formatCount,
  formatShare,
  formatSignedShare,
  formatSignedValue,
  formatValue,
} from '../format/numbers.js';
import type { FlameModel } from './model.js';

/** One line of numbers about a frame. */
export interface NumberLine {
  readonly label: string;
  readonly value: string;
  /** Of the whole view; "" where it means nothing. */
  readonly share: string;
  /** Of the frame's caller; "" where it means nothing. */
  readonly ofCaller: string;
  /** Of a change which way it goes, of a value its side. */
  readonly tone?: 'more' | 'less' | 'side-a' | 'side-b';
}

/**
 * How many samples a value was added up from; undefined where that is not certain: the profile does not say what a sample counts, its
 * samples do not all count the same, or the value is no whole number of them.
 */
export function samplesOf(value: number, period: number): number | undefined {
  if (!(period > 0)) return undefined;
  const samples = value / period;
  const whole = Math.round(samples);
  // Sources round each sum to whole nanoseconds: a sample is off by less than one of its ten million.
  return Math.abs(samples - whole) <= 1e-6 * Math.max(1, whole) ? whole : undefined;
}

/**
 * Self, total and samples of a node; of a diff its total on both sides, A scaled as the normalisation says, and the change, the same of
 * self, and the samples of both sides.
 */
export function nodeNumbers(model: FlameModel, node: number): readonly NumberLine[] {
  const { graph, unit } = model;
  if (model.isDiff) return comparedNumbers(model, node);
  const total = model.width(node);
  const self = graph.self[node] ?? 0;
  const caller = model.width(graph.parent[node] ?? 0);
  const ofCaller = (value: number): string => (node === 0 ? '' : formatShare(value / caller));
  const samples = samplesOf(total, model.header?.samplePeriod ?? 0);
  const line = (label: string, value: number): NumberLine => ({
    label,
    value: formatValue(value, unit),
    share: formatShare(value / model.total),
    ofCaller: ofCaller(value),
  });
  return [line('total', total), line('self', self), ...samplesLine('samples', samples)];
}

function comparedNumbers(model: FlameModel, node: number): readonly NumberLine[] {
  const { graph, header, unit } = model;
  const [before, after] = sidesOf(model, node);
  const [wholeBefore, wholeAfter] = sidesOf(model, 0);
  const [callerBefore, callerAfter] = node === 0 ? [0, 0] : sidesOf(model, graph.parent[node] ?? 0);
  const [selfBefore, selfAfter] = selfOfSides(model, node);
  const side = (
    tone: 'side-a' | 'side-b' | undefined,
    label: string,
    value: number,
    whole: number,
    caller: number,
  ): NumberLine => ({
    label,
    value: formatValue(value, unit),
    share: whole === 0 ? '' : formatShare(value / whole),
    ofCaller: caller === 0 ? '' : formatShare(value / caller),
    // Their colours are for single letters: words in them would be too faint.
    ...(tone === undefined ? {} : { tone }),
  });
  const [periodBefore, periodAfter] = header?.samplePeriods ?? [0, 0];
  return [
    side('side-a', 'A', before, wholeBefore, callerBefore),
    side('side-b', 'B', after, wholeAfter, callerAfter),
    changeLine('change', before, after, unit),
    ...certaintyLine(model, node, before, after),
    side(undefined, 'self A', selfBefore, wholeBefore, callerBefore),
    side(undefined, 'self B', selfAfter, wholeAfter, callerAfter),
    changeLine('self change', selfBefore, selfAfter, unit),
    // A was scaled to be comparable, its samples were not.
    ...samplesLine('samples A', samplesOf(before / (header?.scaling?.factor ?? 1), periodBefore)),
    ...samplesLine('samples B', samplesOf(after, periodAfter)),
  ];
}

/** Total of a node of a diff on both sides, A scaled. */
export function sidesOf({ graph }: FlameModel, node: number): readonly [before: number, after: number] {
  return [graph.baseline?.[node] ?? 0, graph.comparison?.[node] ?? 0];
}

/** What both sides of a diff measured in a node itself, A scaled. */
export function selfOfSides({ graph }: FlameModel, node: number): readonly [before: number, after: number] {
  return [graph.baselineSelf?.[node] ?? 0, graph.comparisonSelf?.[node] ?? 0];
}

function samplesLine(label: string, samples: number | undefined): readonly NumberLine[] {
  return samples === undefined ? [] : [{ label, value: formatCount(samples), share: '', ofCaller: '' }];
}

function changeLine(label: string, before: number, after: number, unit: string): NumberLine {
  const change = changeBetween(before, after);
  const relative =
    before === 0 ? (after === 0 ? '' : 'new') : after === 0 ? 'gone' : formatSignedShare(change / before);
  return {
    label,
    value: formatSignedValue(change, unit),
    share: relative,
    ofCaller: '',
    ...(change === 0 ? {} : { tone: change > 0 ? ('more' as const) : ('less' as const) }),
  };
}

const certaintyStates = ['too few samples to judge', 'not certain', 'certain'] as const;

/** The interval of a change where windows were judged. */
function certaintyLine(model: FlameModel, node: number, before: number, after: number): readonly NumberLine[] {
  const state = model.certainty?.[node];
  if (state === undefined) return [];
  const margin = model.margins.get(node);
  const value = margin === undefined ? '' : intervalWords({ before, after, margin }, model.unit);
  return [{ label: '95 %', value, share: certaintyStates[state] ?? '', ofCaller: '' }];
}

/** Whether a tone is of a value that went up or down: the value has its colour then, else its label has. */
export function isDirection(tone: NumberLine['tone']): tone is 'more' | 'less' {
  return tone === 'more' || tone === 'less';
}
