import type { ContainerStart } from '../../../core/compare/container-starts.js';
import type { Turnover } from '../../../core/compare/turnovers.js';
import { formatMoment } from '../../format/times.js';
import { visibleText } from '../../format/visible-text.js';

/** "web was deployed, 11:50:00", "web restarted, 11:50:00". */
export function turnoverWords({ service, kind, newFromMs }: Turnover, nowMs: number): string {
  const what = kind === 'deploy' ? 'was deployed' : 'restarted';
  return `${visibleText(service)} ${what}, ${formatMoment(newFromMs, nowMs, true)}`;
}

/** "web: the container web-3 started, 11:50:00", or "started again". */
export function startWords({ service, container, atMs, again }: ContainerStart, nowMs: number): string {
  const what = `the container ${visibleText(container)} started${again ? ' again' : ''}`;
  return `${visibleText(service)}: ${what}, ${formatMoment(atMs, nowMs, true)}`;
}

const longestVersion = 24;

/** Versions of a deploy, "" otherwise; digests and git refs are told apart by their beginning. */
export function versionWords({ from, to }: Turnover): string {
  const short = (version: string): string => visibleText(version.slice(0, longestVersion));
  return from === '' ? '' : `${short(from)} → ${short(to)}`;
}
