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

/** Self, total and samples of a node, or of a diff its total on both sides, A scaled as the normalisation says, and the change. */
export function nodeNumbers(model: FlameModel, node: number): readonly NumberLine[] {
  const { graph, unit } = model;
  if (!model.isDiff) {
    const total = model.width(node);
    const self = graph.self[node] ?? 0;
    const caller = model.width(graph.parent[node] ?? 0);
    const ofCaller = (value: number): string => (node === 0 ? '' : formatShare(value / caller));
    const period = model.header?.samplePeriod ?? 0;
    const samples = samplesOf(total, period);
    const line = (label: string, value: number): NumberLine => ({
      label,
      value: formatValue(value, unit),
      share: formatShare(value / model.total),
      ofCaller: ofCaller(value),
    });
    return [
      line('total', total),
      line('self', self),
      ...(samples === undefined ? [] : [{ label: 'samples', value: formatCount(samples), share: '', ofCaller: '' }]),
    ];
  }
  const before = graph.baseline?.[node] ?? 0;
  const after = graph.comparison?.[node] ?? 0;
  const [wholeBefore, wholeAfter] = [graph.baseline?.[0] ?? 0, graph.comparison?.[0] ?? 0];
  const change = changeBetween(before, after);
  const caller = graph.parent[node] ?? 0;
  const ofCaller = (value: number, callers: number): string =>
    node === 0 || callers === 0 ? '' : formatShare(value / callers);
  return [
    {
      label: 'A',
      value: formatValue(before, unit),
      share: formatShare(before / wholeBefore),
      ofCaller: ofCaller(before, graph.baseline?.[caller] ?? 0),
      tone: 'side-a',
    },
    {
      label: 'B',
      value: formatValue(after, unit),
      share: formatShare(after / wholeAfter),
      ofCaller: ofCaller(after, graph.comparison?.[caller] ?? 0),
      tone: 'side-b',
    },
    {
      label: 'change',
      value: formatSignedValue(change, unit),
      share: before === 0 ? 'new' : after === 0 ? 'gone' : formatSignedShare(change / before),
      ofCaller: '',
      ...(change === 0 ? {} : { tone: change > 0 ? ('more' as const) : ('less' as const) }),
    },
    ...certaintyLine(model, node, before, after),
  ];
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
