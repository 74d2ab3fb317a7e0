import type { SummaryPart } from '../../../core/guidance/summary.js';
import { partWords } from '../../../core/guidance/summary-words.js';
import { formatShare } from '../../format/numbers.js';
import { visibleText } from '../../format/visible-text.js';
import type { AppState } from '../../state/store.js';
import { sumFigure, type FigureSet } from './figures.js';

function meaningOf(part: SummaryPart): string {
  switch (part.kind) {
    case 'package':
    case 'function':
      return `${part.name} and all it calls; a stack with much of it counts once`;
    case 'gc':
      return 'the garbage collector and all it calls';
    case 'kernel':
      return 'the kernel, whoever called it';
    case 'unnamed':
      return 'stacks whose innermost frame has no name';
    case 'cut':
      return 'stacks that could not be walked to their root';
  }
}

/** The share of a part of the summary. */
export function figuresOfPart(state: AppState, part: SummaryPart): FigureSet {
  const share = { label: 'of all', whole: state.viewHeader?.total ?? 0 };
  const shown = formatShare(part.share);
  const figure = sumFigure(state, { label: 'share', shown, value: part.value, meaning: meaningOf(part), share });
  return { of: visibleText(partWords(part)), figures: [figure], chosen: 0 };
}
