import type { FlameHeader } from '../../../contract/decoder.js';
import type { SearchResult } from '../../../core/flame/search.js';
import { formatCount, formatShare, formatValue } from '../../format/numbers.js';
import { visibleText } from '../../format/visible-text.js';
import type { AppState } from '../../state/store.js';
import { line, measuredOf, originOf, sumFigure, totalFigure, type Figure, type FigureSet } from './figures.js';

/** What is measured in all: of the view as it is shown, of a comparison by side as it was measured. Null while there is no view. */
export function figuresOfWhole(state: AppState, chosen: string): FigureSet | null {
  const { viewHeader, viewTitle } = state;
  if (viewHeader === null) return null;
  const value = viewHeader.total;
  const shown = formatValue(value, viewHeader.sampleType.unit);
  const figures =
    viewHeader.comparisonTotal === undefined
      ? [sumFigure(state, { label: 'total', shown, value, meaning: 'all samples that are shown' })]
      : ([0, 1] as const).map((side) => sideFigure(state, viewHeader, side));
  const place = figures.findIndex(({ label }) => label === chosen);
  return { of: visibleText(viewTitle), figures, chosen: Math.max(0, place) };
}

/** What of a side was chosen to be compared, as it was measured. */
function sideFigure(state: AppState, header: FlameHeader, side: 0 | 1): Figure {
  const value = (side === 0 ? header.baselineTotal : header.comparisonTotal) ?? 0;
  const scaled = side === 0 ? value * (header.scaling?.factor ?? 1) : value;
  return {
    label: side === 0 ? 'A' : 'B',
    shown: formatValue(value, header.sampleType.unit),
    measured: measuredOf(state, side, scaled, 'all samples that are compared'),
  };
}

/** A line of the overview of a side: its total, or what was counted in its profile. Null of what is no figure. */
export function figuresOfOverview(state: AppState, label: string, side: 0 | 1): FigureSet | null {
  const total = totalFigure(state, state.viewSummaries.length === 1 ? 'total' : side === 0 ? 'A' : 'B');
  const summary = state.viewSummaries[side];
  const origin = originOf(state, side, true);
  if (total === undefined || summary === undefined || origin === undefined) return null;
  const counted = (count: number, what: string): Figure => ({
    label,
    shown: formatCount(count),
    how: [line('counted', what)],
    measured: total.measured,
  });
  const figureOf: Readonly<Record<string, () => Figure>> = {
    total: () => total,
    stacks: () => counted(summary.sampleCount, 'stacks in the profile; equal ones may stand there more than once'),
    functions: () => counted(summary.functionCount, 'functions that the profile names'),
    frames: () =>
      counted(state.viewHeader?.nodeCount ?? 0, 'functions in different stacks of callers, as they are drawn'),
  };
  const figure = figureOf[label]?.();
  return figure === undefined ? null : { of: visibleText(origin.title), figures: [figure], chosen: 0 };
}

/** The share that a search found. */
export function figuresOfSearch(state: AppState, found: SearchResult): FigureSet {
  const whole = state.viewHeader?.total ?? 0;
  const share = { label: 'of all', whole };
  const meaning = 'stacks with a match; one with several counts once';
  const value = found.share * whole;
  const shown = formatShare(found.share);
  const figure: Figure =
    state.viewHeader?.comparisonTotal === undefined
      ? sumFigure(state, { label: 'share', shown, value, meaning, share })
      : { label: 'share', shown, how: [line('is', `${meaning}, by the mean of A and B`)], measured: [] };
  return { of: `Search: ${visibleText(state.search)}`, figures: [figure], chosen: 0 };
}

/** What a function takes wherever it is called. */
export function figuresOfFunction(state: AppState, name: string, total: number): FigureSet {
  const { viewHeader } = state;
  const share = { label: 'of all', whole: viewHeader?.total ?? 0 };
  const shown = formatValue(total, viewHeader?.sampleType.unit ?? '');
  const meaning = 'this function and all it calls, wherever it is called';
  const figure: Figure =
    viewHeader?.comparisonTotal === undefined
      ? sumFigure(state, { label: 'total', shown, value: total, meaning, share })
      : { label: 'total', shown, how: [line('is', `${meaning}, by the mean of A and B`)], measured: [] };
  return { of: visibleText(name), figures: [figure], chosen: 0 };
}
