import type { LineTable } from '../../../contract/decoder.js';
import { changeBetween, formatShare, formatSignedValue, formatValue } from '../../format/numbers.js';
import type { AppState } from '../../state/store.js';
import { changeFigure, sumFigure, type Figure, type FigureSet } from '../guidance/figures.js';

const alone = 'samples that were taken on this line itself';
const whole = 'samples on this line and in all that it called; a stack counts once';

/** The numbers of a line, in the order of their cells; `chosen` is the cell that is asked for, 0 the first number. */
export function figuresOfSourceLine(
  state: AppState,
  table: LineTable,
  place: number,
  name: string,
  chosen: number,
): FigureSet {
  const unit = state.viewHeader?.sampleType.unit ?? '';
  const [own, baseline] = table.columns;
  const total = own?.total[place] ?? 0;
  const seen = { ...state, viewSource: keptOperations(state, table) };
  const figures = baseline === undefined ? lineFigures() : comparedFigures();
  return { of: name, figures, chosen: Math.min(chosen, figures.length - 1) };

  function lineFigures(): readonly Figure[] {
    const self = own?.self[place] ?? 0;
    const all = table.wholes[0] ?? 0;
    const share = { label: 'of all', whole: all };
    return [
      sumFigure(seen, { label: 'Self', shown: formatValue(self, unit), value: self, meaning: alone, share }),
      sumFigure(seen, { label: 'Total', shown: formatValue(total, unit), value: total, meaning: whole, share }),
      sumFigure(seen, { label: 'Of all', shown: formatShare(total / all), value: total, meaning: whole, share }),
    ];
  }

  function comparedFigures(): readonly Figure[] {
    const before = baseline?.total[place] ?? 0;
    const shown = formatSignedValue(changeBetween(before, total), unit);
    return [
      sumFigure(seen, { label: 'A', shown: formatValue(before, unit), value: before, meaning: whole }),
      sumFigure(seen, { label: 'B', shown: formatValue(total, unit), side: 1, value: total, meaning: whole }),
      changeFigure(seen, { label: 'Change', shown, before, after: total, meaning: whole, judged: 'never' }),
    ];
  }
}

/** Operations behind which lines are lost do not count. */
function keptOperations({ viewSource }: AppState, { operationCount }: LineTable): AppState['viewSource'] {
  const operations = viewSource?.operations;
  if (viewSource === null || operations === undefined) return viewSource;
  return { ...viewSource, operations: operations.slice(0, operationCount) };
}
