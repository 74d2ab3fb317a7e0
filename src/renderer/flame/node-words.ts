import { changeBetween, formatShare, formatSignedShare, formatSignedValue, formatValue } from '../format/numbers.js';
import type { FlameModel } from './model.js';

/** One line of numbers about a frame. */
export interface NumberLine {
  readonly label: string;
  readonly value: string;
  /** Of the whole view; "" where it means nothing. */
  readonly share: string;
  readonly tone?: 'more' | 'less' | 'side-a' | 'side-b';
}

/** Self and total of a node, or of a diff its total on both sides, A scaled as the normalisation says, and the change. */
export function nodeNumbers(model: FlameModel, node: number): readonly NumberLine[] {
  const { graph, unit } = model;
  if (!model.isDiff) {
    const total = model.width(node);
    const self = graph.self[node] ?? 0;
    return [
      { label: 'total', value: formatValue(total, unit), share: formatShare(total / model.total) },
      { label: 'self', value: formatValue(self, unit), share: formatShare(self / model.total) },
    ];
  }
  const before = graph.baseline?.[node] ?? 0;
  const after = graph.comparison?.[node] ?? 0;
  const [wholeBefore, wholeAfter] = [graph.baseline?.[0] ?? 0, graph.comparison?.[0] ?? 0];
  const change = changeBetween(before, after);
  return [
    { label: 'A', value: formatValue(before, unit), share: formatShare(before / wholeBefore), tone: 'side-a' },
    { label: 'B', value: formatValue(after, unit), share: formatShare(after / wholeAfter), tone: 'side-b' },
    {
      label: 'change',
      value: formatSignedValue(change, unit),
      share: before === 0 ? 'new' : after === 0 ? 'gone' : formatSignedShare(change / before),
      ...(change === 0 ? {} : { tone: change > 0 ? ('more' as const) : ('less' as const) }),
    },
  ];
}
