import { spanOfCell, type Cell } from '../../../core/heat-map/brush.js';
import type { HeatMap } from '../../../core/heat-map/heat-map.js';
import { formatCount, formatShare, plural } from '../../format/numbers.js';
import { formatInstant } from '../../format/times.js';
import type { AppState } from '../../state/store.js';
import { line, originOf, type ExplainedLine, type Figure, type FigureSet, type Measured } from '../guidance/figures.js';
import { lengthWords, type OwnCells } from './heat-words.js';

/** The numbers of a cell: its samples, and of them those of the marked function. */
export function figuresOfCell(state: AppState, map: HeatMap, cell: Cell, own: OwnCells | null): FigureSet {
  const at = cell.column * map.rows + cell.row;
  const { fromMs, toMs } = spanOfCell(map, cell);
  const all = map.counts.reduce((sum, count) => sum + count, 0);
  const samples = map.counts[at] ?? 0;
  const when = line('when', `${formatInstant(fromMs)} to ${formatInstant(toMs)}, ${lengthWords(toMs - fromMs)}`);
  const figure = (label: string, count: number, how: readonly ExplainedLine[], meaning: string): Figure => ({
    label,
    shown: plural(count, 'sample', 'samples'),
    how: [when, ...how],
    measured: countOf(state, count, meaning),
  });
  const share = [line('of all', `${formatShare(all > 0 ? samples / all : 0)} of ${formatCount(all)}`)];
  const figures = [figure('samples', samples, share, 'samples that say that they were taken then')];
  if (own !== null) {
    const count = own.counts[at] ?? 0;
    const part = [line('of the cell', `${formatShare(samples > 0 ? count / samples : 0)} of ${formatCount(samples)}`)];
    figures.push(figure('marked', count, part, `those of them with ${own.name} in their stack`));
  }
  return { of: `Heat map, ${formatInstant(fromMs)}`, figures, chosen: 0 };
}

/** Cells count samples, whatever a sample measures. */
function countOf(state: AppState, count: number, meaning: string): readonly Measured[] {
  const origin = originOf(state, 0, true);
  if (origin === undefined) return [];
  // Of what is done to the profile only filters by label choose which samples the map counts.
  const operations = (state.viewSource?.operations ?? []).filter((operation) => 'label' in operation);
  return [{ meaning, value: count, origin: { ...origin, operations, unit: 'count', period: 1 } }];
}
