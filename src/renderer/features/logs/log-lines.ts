import type { LogLines } from '../../../contract/agent-log.js';

/** How grave a line is; "other" is what no logger wrote, as a panic's stack. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'other';

/** A line of the agent's log. Its text is hostile. */
export interface LogLine {
  /** Counts from the first line that was seen. */
  readonly number: number;
  /** Unix milliseconds; undefined where the line has none. */
  readonly atMs: number | undefined;
  readonly level: LogLevel;
  /** What was logged, without time and level. */
  readonly text: string;
  /** The line as it is in the log. */
  readonly raw: string;
}

/** What is shown at least: all, what is worth a look, what went wrong. */
export type Gravity = 'all' | 'warn' | 'error';

/** Lines that are kept, the newest. */
export const maxLogLines = 2000;

const levels: Readonly<Record<string, LogLevel>> = { DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' };

/**
 * Reads a line as Go's slog writes it.
 *
 * Example: `time=2026-11-28T23:30:31.642Z level=INFO msg="store made up" windows=40` is at that time, "info", and
 * `store made up  windows=40`.
 */
export function readLogLine(raw: string, number: number): LogLine {
  const parts = /^time=(\S+) level=([A-Z]+)\S* msg=("(?:[^"\\]|\\.)*"|\S*) ?(.*)$/s.exec(raw);
  if (parts === null) return { number, atMs: undefined, level: 'other', text: raw, raw };
  const [, time = '', level = '', message = '', rest = ''] = parts;
  const atMs = Date.parse(time);
  return {
    number,
    atMs: Number.isNaN(atMs) ? undefined : atMs,
    level: levels[level] ?? 'other',
    text: [unquoted(message), rest].filter((part) => part !== '').join('  '),
    raw,
  };
}

/** Go quotes as JSON does, but for \x and \U, which stay as they are. */
function unquoted(text: string): string {
  if (!text.startsWith('"')) return text;
  try {
    const read: unknown = JSON.parse(text);
    return typeof read === 'string' ? read : text;
  } catch {
    return text;
  }
}

/** What is known of a log: its newest lines, and how many are not shown since they came too fast or long ago. */
export interface LogSoFar {
  readonly lines: readonly LogLine[];
  readonly skipped: number;
  readonly seen: number;
}

export const emptyLog: LogSoFar = { lines: [], skipped: 0, seen: 0 };

/** Adds what came. */
export function withLines(log: LogSoFar, { lines, skipped }: LogLines): LogSoFar {
  const more = lines.map((raw, index) => readLogLine(raw, log.seen + index));
  return {
    lines: [...log.lines, ...more].slice(-maxLogLines),
    skipped: log.skipped + skipped,
    seen: log.seen + lines.length,
  };
}

/** Lines that are grave enough and have all words of the filter. What no logger wrote is always grave enough. */
export function chosenLines(lines: readonly LogLine[], gravity: Gravity, filter: string): readonly LogLine[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const graveEnough = ({ level }: LogLine): boolean =>
    gravity === 'all' || level === 'error' || level === 'other' || (gravity === 'warn' && level === 'warn');
  return lines.filter((line) => {
    if (!graveEnough(line)) return false;
    const text = line.raw.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}
