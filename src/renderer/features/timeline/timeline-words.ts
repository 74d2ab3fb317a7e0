import type { Timeline } from '../../../contract/links.js';
import { formatCores, formatValue } from '../../format/numbers.js';
import { formatMoment } from '../../format/times.js';

/** Time and value below the pointer: "14:07:30, 1.42 cores". */
export function pointWords(timeline: Timeline | null, timeMs: number, nowMs: number): string {
  const moment = formatMoment(timeMs, nowMs, true);
  if (timeline === null) return moment;
  const value = timeline.values[Math.floor((timeMs - timeline.startMs) / timeline.stepMs)];
  if (value === undefined || Number.isNaN(value)) return `${moment}, no data`;
  const said = timeline.unit === 'cores' ? `${formatCores(value)} cores` : `${formatValue(value, timeline.unit)}/s`;
  return `${moment}, ${said}`;
}
