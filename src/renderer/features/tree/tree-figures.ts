import { changeBetween, formatShare, formatSignedValue, formatValue } from '../../format/numbers.js';
import type { FlameModel } from '../../flame/model.js';
import type { AppState } from '../../state/store.js';
import { changeFigure, sumFigure, type Figure, type FigureSet, type JudgedChange } from '../guidance/figures.js';
import { judgedNode } from '../guidance/node-figures.js';
import { certaintyWords } from '../table/columns.js';
import type { Direction, JudgedRows, TreeLine } from './tree-rows.js';

/** What the numbers of a row are sums of. */
function meaningsOf(direction: Direction, depth: number): { readonly alone: string; readonly whole: string } {
  if (direction === 'callees') {
    return {
      alone: 'this function alone, when nothing it calls runs, in this stack of callers',
      whole: 'this function and all it calls, in this stack of callers',
    };
  }
  return depth === 1
    ? {
        alone: 'this function alone, when nothing it calls runs, wherever it is called',
        whole: 'this function alone, when nothing it calls runs, wherever it is called',
      }
    : {
        alone: 'the function at the head of these rows, where this caller has none of its own',
        whole: 'the function at the head of these rows, as far as it is called this way',
      };
}

/** The numbers of a row of a call tree, in the order of its cells; `chosen` is the cell that is asked for, 0 the first number. */
export function figuresOfLine(
  state: AppState,
  line: Extract<TreeLine, { readonly kind: 'row' }>,
  model: FlameModel,
  direction: Direction,
  judged: JudgedRows | undefined,
  chosen: number,
): FigureSet {
  const { self, total, baselineTotal: before = 0, path } = line;
  const { unit, isDiff } = model;
  const { alone, whole } = meaningsOf(direction, path.length);
  const side = isDiff ? 1 : 0;
  const of = model.labels[path.at(-1) ?? 0] ?? '';
  const share = isDiff ? {} : { share: { label: 'of all', whole: model.total } };
  const figures: Figure[] = [
    sumFigure(state, { label: 'Self', shown: formatValue(self, unit), side, value: self, meaning: alone, ...share }),
    sumFigure(state, { label: 'Total', shown: formatValue(total, unit), side, value: total, meaning: whole, ...share }),
  ];
  if (!isDiff) {
    const shown = formatShare(total / model.total);
    figures.push(sumFigure(state, { label: 'Of all', shown, value: total, meaning: whole, ...share }));
    return { of, figures, chosen: Math.min(chosen, figures.length - 1) };
  }
  const judgement = judged === undefined ? undefined : judgedLine(judged, path);
  const change = { before, after: total, meaning: whole, judged: judgement };
  const amount = formatSignedValue(changeBetween(before, total), unit);
  figures.push(changeFigure(state, { label: 'Change', shown: amount, ...change }));
  if (judgement !== undefined) {
    figures.push(changeFigure(state, { label: 'Certainty', shown: certaintyWords[judgement.state] ?? '', ...change }));
  }
  return { of, figures, chosen: Math.min(chosen, figures.length - 1) };
}

/** What has no width in the graph has no samples in it. */
function judgedLine({ model, nodeOf }: JudgedRows, path: readonly number[]): JudgedChange | undefined {
  const node = nodeOf(path);
  return node === undefined ? { state: 0, margin: undefined, by: model.judgedBy } : judgedNode(model, node);
}
