const minuteMs = 60_000;
const dayMs = 86_400_000;

function pad(value: number): string {
  return String(value).padStart(2, '0');
}

function sameDay(a: Date, b: Date): boolean {
  return a.getFullYear() === b.getFullYear() && a.getMonth() === b.getMonth() && a.getDate() === b.getDate();
}

/** "18 Nov"; with the year when it is not the one of `now`. */
export function formatDay(timeMs: number, nowMs: number): string {
  const date = new Date(timeMs);
  const month = date.toLocaleString('en-GB', { month: 'short' });
  const year = date.getFullYear() === new Date(nowMs).getFullYear() ? '' : ` ${date.getFullYear()}`;
  return `${date.getDate()} ${month}${year}`;
}

/** Time of day in the local zone. */
export function formatClock(timeMs: number, withSeconds = false): string {
  const date = new Date(timeMs);
  const clock = `${pad(date.getHours())}:${pad(date.getMinutes())}`;
  return withSeconds ? `${clock}:${pad(date.getSeconds())}` : clock;
}

/** Local time, with the date when it is not today: "14:02", "18 Nov 14:02". */
export function formatMoment(timeMs: number, nowMs: number, withSeconds = false): string {
  const clock = formatClock(timeMs, withSeconds);
  return sameDay(new Date(timeMs), new Date(nowMs)) ? clock : `${formatDay(timeMs, nowMs)} ${clock}`;
}

/** Local time with its day as people say it: "14:02", "tomorrow 14:02", "yesterday 14:02", "18 Nov 14:02". */
export function formatNearMoment(timeMs: number, nowMs: number): string {
  const date = new Date(timeMs);
  const awayFromNow = (days: number): Date => {
    const day = new Date(nowMs);
    day.setDate(day.getDate() + days);
    return day;
  };
  if (sameDay(date, awayFromNow(1))) return `tomorrow ${formatClock(timeMs)}`;
  if (sameDay(date, awayFromNow(-1))) return `yesterday ${formatClock(timeMs)}`;
  return formatMoment(timeMs, nowMs);
}

/** "14:02 to 14:17"; seconds when the range is shorter than ten minutes. */
export function formatRange(startMs: number, endMs: number, nowMs: number): string {
  const withSeconds = endMs - startMs < 10 * minuteMs;
  const start = formatMoment(startMs, nowMs, withSeconds);
  const end = sameDay(new Date(startMs), new Date(endMs))
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

/** The value of a datetime-local field, in the local zone, with seconds. */
export function toLocalField(timeMs: number): string {
  const date = new Date(timeMs);
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}T${formatClock(timeMs, true)}`;
}

/** What a datetime-local field holds, as Unix milliseconds; undefined when it is not a time. */
export function fromLocalField(text: string): number | undefined {
  const timeMs = new Date(text).getTime();
  return text === '' || Number.isNaN(timeMs) ? undefined : timeMs;
}
