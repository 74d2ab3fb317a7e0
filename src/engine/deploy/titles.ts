import type { Selection } from '../../contract/selection.js';
import { unquotedLabelValue } from '../../core/words/selectors.js';

/** A selection in words: "revel_web on build-1, 14:03:00-14:18:00". Times are this computer's. */
export function selectionTitle(selection: Selection, targetName: string): string {
  const found = /^\{service_name="((?:[^"\\]|\\.)*)"(,pyrometer_origin="push")?\}$/.exec(selection.selector);
  const service = found?.[1] === undefined ? undefined : unquotedLabelValue(found[1]);
  const pushed = found?.[2] === undefined ? '' : ' (pushed)';
  const what =
    (service === undefined ? undefined : service + pushed) ??
    (selection.selector === '{}' ? 'Everything' : selection.selector);
  return `${what} on ${targetName}, ${clock(selection.startMs)}-${clock(selection.endMs)}`;
}

function clock(timeMs: number): string {
  const time = new Date(timeMs);
  return [time.getHours(), time.getMinutes(), time.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}
