import type { PushState } from '../../contract/push.js';
import { pushTitle, warnSeries } from '../features/pushes/push-words.js';
import { formatCount } from '../format/numbers.js';
import type { StatusItem } from './status-words.js';

/** What the status bar says of the servers that an agent pushes to: what they lack, and what they may soon refuse. */
export function pushItems(pushes: readonly PushState[]): readonly StatusItem[] {
  const items: StatusItem[] = [];
  const lacking = pushes.filter(({ windowsTooOld, windowsRefused }) => windowsTooOld + windowsRefused > 0);
  if (lacking.length > 0) {
    // The server that lacks most: one window that several lack is one window all the same.
    const most = Math.max(...lacking.map(({ windowsTooOld, windowsRefused }) => windowsTooOld + windowsRefused));
    items.push({
      key: 'unpushed',
      before: '',
      value: formatCount(most),
      after: most === 1 ? ' window only on the agent' : ' windows only on the agent',
      tone: 'warn',
      title: lacking
        .map(
          (push) =>
            `${pushTitle(push)}: ${formatCount(push.windowsTooOld)} were too old, ` +
            `${formatCount(push.windowsRefused)} it refused for good`,
        )
        .join('\n'),
    });
  }
  const crowded = pushes.filter(({ seriesForecast }) => seriesForecast > warnSeries);
  if (crowded.length > 0) {
    items.push({
      key: 'series',
      before: '',
      value: formatCount(Math.max(...crowded.map(({ seriesForecast }) => seriesForecast))),
      after: ' series forecast',
      tone: 'warn',
      title: [
        ...crowded.map((push) => `${pushTitle(push)}: ${formatCount(push.series)} series in the last hour`),
        'A server refuses new series from 5,000 on: leave out labels that change with every container.',
      ].join('\n'),
    });
  }
  return items;
}
