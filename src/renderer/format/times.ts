import type { TimeSpan } from '../../core/profile/sample-times.js';

const minuteMs = 60_000;
const dayMs = 86_400_000;

/** Which clock times are said by: that of this computer, or UTC, as server logs have it. */
export type TimeZone = 'local' | 'utc';

let shownZone: TimeZone = 'local';

/** Chooses the clock of all times that are said from now on. What is on the screen has to be drawn again. */
export function setTimeZone(zone: TimeZone): void {
  shownZone = zone;
}

/** What a clock and a calendar of the shown zone say. */
interface Moment {
  readonly year: number;
  /** 0 is January. */
  readonly month: number;
  readonly day: number;
  readonly hours: number;
  readonly minutes: number;
  readonly seconds: number;
}

function momentOf(timeMs: number): Moment {
  const date = new Date(timeMs);
  return shownZone === 'utc'
    ? {
        year: date.getUTCFullYear(),
        month: date.getUTCMonth(),
        day: date.getUTCDate(),
        hours: date.getUTCHours(),
        minutes: date.getUTCMinutes(),
        seconds: date.getUTCSeconds(),
      }
    : {
        year: date.getFullYear(),
        month: date.getMonth(),
        day: date.getDate(),
        hours: date.getHours(),
        minutes: date.getMinutes(),
        seconds: date.getSeconds(),
      };
}

/** Milliseconds by which the shown zone is behind UTC at a time. */
export function zoneOffsetMs(timeMs: number): number {
  return shownZone === 'utc' ? 0 : new Date(timeMs).getTimezoneOffset() * minuteMs;
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}

function sameDay(a: Moment, b: Moment): boolean {
  return a.year === b.year && a.month === b.month && a.day === b.day;
}

/** "18 Nov"; with the year when it is not the one of `now`. */
export function formatDay(timeMs: number, nowMs: number): string {
  const { year, month, day } = momentOf(timeMs);
  const name = new Date(2000, month, 1).toLocaleString('en-GB', { month: 'short' });
  return `${day} ${name}${year === momentOf(nowMs).year ? '' : ` ${year}`}`;
}

/** Time of day in the shown zone. */
export function formatClock(timeMs: number, withSeconds = false): string {
  const { hours, minutes, seconds } = momentOf(timeMs);
  const clock = `${pad(hours)}:${pad(minutes)}`;
  return withSeconds ? `${clock}:${pad(seconds)}` : clock;
}

/** Time of day to the millisecond: "14:02:03.240". */
export function formatInstant(timeMs: number): string {
  const whole = Math.round(timeMs);
  return `${formatClock(whole, true)}.${String(((whole % 1000) + 1000) % 1000).padStart(3, '0')}`;
}

/** Spans of time that rise: "14:02:03.240 to 14:02:05.000", "3 spans of 14:02:03.240 to 14:02:05.000". */
export function spansWords(spans: readonly TimeSpan[]): string {
  const [first, last] = [spans[0], spans.at(-1)];
  if (first === undefined || last === undefined) return '';
  const whole = `${formatInstant(first.fromMs)} to ${formatInstant(last.toMs)}`;
  return spans.length === 1 ? whole : `${spans.length} spans of ${whole}`;
}

/** Time of day, with the date when it is not today: "14:02", "18 Nov 14:02". */
export function formatMoment(timeMs: number, nowMs: number, withSeconds = false): string {
  const clock = formatClock(timeMs, withSeconds);
  return sameDay(momentOf(timeMs), momentOf(nowMs)) ? clock : `${formatDay(timeMs, nowMs)} ${clock}`;
}

/** Time of day with its day as people say it: "14:02", "tomorrow 14:02", "yesterday 14:02", "18 Nov 14:02". */
export function formatNearMoment(timeMs: number, nowMs: number): string {
  const moment = momentOf(timeMs);
  const isDaysAway = (days: number): boolean => {
    const { year, month, day } = momentOf(nowMs);
    // By the calendar, not by 24 hours: a day may have 23 or 25 of them.
    const away = new Date(Date.UTC(year, month, day + days));
    return sameDay(moment, {
      ...moment,
      year: away.getUTCFullYear(),
      month: away.getUTCMonth(),
      day: away.getUTCDate(),
    });
  };
  if (isDaysAway(1)) return `tomorrow ${formatClock(timeMs)}`;
  if (isDaysAway(-1)) return `yesterday ${formatClock(timeMs)}`;
  return formatMoment(timeMs, nowMs);
}

/** "14:02 to 14:17"; seconds when the range is shorter than ten minutes. */
export function formatRange(startMs: number, endMs: number, nowMs: number): string {
  const withSeconds = endMs - startMs < 10 * minuteMs;
  const start = formatMoment(startMs, nowMs, withSeconds);
  const end = sameDay(momentOf(startMs), momentOf(endMs))
    ? formatClock(endMs, withSeconds)
    : formatMoment(endMs, nowMs, withSeconds);
  return `${start} to ${end}`;
}

/** A span as people say it: "45 s", "4.5 min", "15 min", "1 h 20 min", "3 d". */
export function formatSpan(durationMs: number): string {
  const seconds = Math.round(durationMs / 1000);
  if (seconds < 120) return `${seconds}\u00a0s`;
  const tenths = Math.round((durationMs / minuteMs) * 10) / 10;
  const minutes = tenths < 10 ? tenths : Math.round(durationMs / minuteMs);
  if (minutes < 120) return `${minutes}\u00a0min`;
  if (durationMs < 2 * dayMs) {
    const rest = minutes % 60;
    return `${Math.floor(minutes / 60)}\u00a0h${rest === 0 ? '' : ` ${rest}\u00a0min`}`;
  }
  return `${Math.round(durationMs / dayMs)}\u00a0d`;
}

/** The value of a datetime-local field, in the shown zone, with seconds. */
export function toLocalField(timeMs: number): string {
  const { year, month, day } = momentOf(timeMs);
  return `${year}-${pad(month + 1)}-${pad(day)}T${formatClock(timeMs, true)}`;
}

/** What a datetime-local field holds, in the shown zone, as Unix milliseconds; undefined when it is not a time. */
export function fromLocalField(text: string): number | undefined {
  const timeMs = new Date(shownZone === 'utc' ? `${text}Z` : text).getTime();
  return text === '' || Number.isNaN(timeMs) ? undefined : timeMs;
}
