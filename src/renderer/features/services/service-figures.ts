import type { ServiceRow } from '../../../contract/links.js';
import { cpuProfileType } from '../../../contract/selection.js';
import type { Trust } from '../../../contract/trust.js';
import { formatCores, formatValue, plural } from '../../format/numbers.js';
import { formatMoment, formatSpan } from '../../format/times.js';
import { visibleText } from '../../format/visible-text.js';
import { sourceIsPySpy } from '../../state/active-time.js';
import { currentExtent } from '../../state/selection-control.js';
import type { AppState } from '../../state/store.js';
import { line, originOfSelection, type Figure, type FigureSet } from '../guidance/figures.js';
import { trustRows } from '../trust/trust-words.js';
import { totalOf } from './service-rows.js';

/** What a row of the list says of a service, or (null) of all of them. */
export function figuresOfService(state: AppState, row: ServiceRow | null, nowMs: number): FigureSet {
  const cores = row === null ? totalOf(state.services).cores : row.cpuCores;
  const trust = row === null ? undefined : state.serviceTrust[row.selector];
  return {
    of: row === null ? 'All services' : visibleText(row.name),
    figures: [
      ...(cores === undefined || row?.notProfiled === true ? [] : [usedFigure(state, row, cores)]),
      ...(trust === undefined ? [] : [trustFigure(trust, nowMs)]),
    ],
    chosen: 0,
  };
}

function usedFigure(state: AppState, row: ServiceRow | null, cores: number): Figure {
  const { targetId, source } = state;
  const extent = currentExtent(state);
  const [startMs, endMs] = [Math.max(0, Math.floor(extent.startMs)), Math.ceil(extent.endMs)];
  const sumNs = cores * (endMs - startMs) * 1e6;
  const sampled = state.services.filter(({ pushed }) => pushed !== true);
  const figure = { label: sourceIsPySpy(state) ? 'active threads' : 'CPU', shown: formatCores(cores) };
  const how = [
    line('mean of', `${formatValue(sumNs, 'nanoseconds')} in ${formatSpan(endMs - startMs)}`),
    ...(row === null ? [line('of', `${plural(sampled.length, 'service', 'services')}, without what was pushed`)] : []),
  ];
  if (targetId === null) return { ...figure, how, measured: [] };
  const selector = row?.selector ?? '{}';
  const profileType = row?.profileTypes?.find((type) => type.includes(':cpu:')) ?? cpuProfileType;
  const selection = { targetId, source, profileType, selector, startMs, endMs };
  const origin = originOfSelection(state, selection, 'nanoseconds');
  return { ...figure, how, measured: [{ meaning: 'all its samples of this time', value: sumNs, origin }] };
}

function trustFigure(trust: Trust, nowMs: number): Figure {
  const rows = trustRows(trust, (ms) => formatMoment(ms, nowMs, true));
  const doubts = rows.filter(({ tone }) => tone === 'warn').length;
  return {
    label: 'trust',
    shown: doubts === 0 ? 'as it should be' : plural(doubts, 'doubt', 'doubts'),
    how: rows.map(({ label, value, title }) => line(label, title === '' ? value : `${value}: ${title}`)),
    measured: [],
  };
}
