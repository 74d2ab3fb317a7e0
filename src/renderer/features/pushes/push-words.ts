import type { PushState } from '../../../contract/push.js';
import { formatCount } from '../../format/numbers.js';

/** From here on a server may refuse new series: it takes 5,000 by default, of all who push to it together. */
export const warnSeries = 4000;

/** A sentence about a server that is pushed to. */
export interface PushLine {
  readonly text: string;
  readonly tone?: 'warn' | 'bad';
}

const windows = (count: number): string => (count === 1 ? '1 window' : `${formatCount(count)} windows`);

const onlyOnAgent = (count: number): string => `${windows(count)} only on the agent, for as long as it keeps them`;

/** How pushing goes, what the server lacks, and what it may trip over. */
export function pushLines(push: PushState): readonly PushLine[] {
  const lines: PushLine[] = [];
  if (push.error !== '') lines.push({ text: push.error, tone: 'bad' });
  const waiting = push.windowsWaiting > 1 ? `${windows(push.windowsWaiting)} wait` : push.error === '' ? 'in step' : '';
  const sent = `${windows(push.windowsPushed)} pushed since the agent began`;
  lines.push({ text: waiting === '' ? sent : `${waiting}; ${sent}` });
  if (push.windowsTooOld > 0) {
    lines.push({ text: `${onlyOnAgent(push.windowsTooOld)}: too old for the server`, tone: 'warn' });
  }
  if (push.windowsRefused > 0) {
    lines.push({ text: `${onlyOnAgent(push.windowsRefused)}: refused for good`, tone: 'warn' });
  }
  if (push.seriesForecast > warnSeries) {
    lines.push({
      text:
        `${formatCount(push.series)} series in the last hour, ${formatCount(push.seriesForecast)} as new ones come: ` +
        'a server refuses new ones from 5,000 on. Leave out labels that change with every container.',
      tone: 'warn',
    });
  } else if (push.series > 0) lines.push({ text: `${formatCount(push.series)} series in the last hour` });
  if (push.labelsLeftOut.length > 0) {
    lines.push({ text: `Left out, for a series has room for 12 labels: ${push.labelsLeftOut.join(', ')}` });
  }
  return lines;
}

/** What a server is called in the list. */
export function pushTitle(push: Pick<PushState, 'url' | 'tenant'>): string {
  return push.tenant === '' ? push.url : `${push.url}, tenant ${push.tenant}`;
}

const authenticationWords = { none: '', basic: 'user and password', bearer: 'token' } as const;

/** How the agent proves who it is; empty where it does not. */
export function pushAccess(push: PushState): string {
  return [authenticationWords[push.authentication], push.ownCa ? 'own certificates' : '']
    .filter((part) => part !== '')
    .join(', ');
}
