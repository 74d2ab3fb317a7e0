/** Where progress goes: standard error, so that standard output stays free. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** A line that says what is being done, and how far. */
export interface Progress {
  /** `fraction` of 0 to 1, or undefined where nobody knows. */
  show(text: string, fraction?: number): void;
  /** Ends the line. */
  done(text: string): void;
}

/** "[######----] 60 %", `width` characters between the brackets. */
export function bar(fraction: number, width: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, fraction)) * width);
  return `[${'#'.repeat(filled)}${'-'.repeat(width - filled)}] ${String(Math.round(fraction * 100)).padStart(3)} %`;
}

/** On a terminal one line that is drawn over; elsewhere a line for each new text. */
export function progressOn(stream: ProgressStream): Progress {
  let last = '';
  if (stream.isTTY === true) {
    const draw = (text: string): void => {
      stream.write(`\r\u001b[K${text.slice(0, Math.max(20, (stream.columns ?? 80) - 1))}`);
    };
    return {
      show: (text, fraction) => {
        draw(fraction === undefined ? text : `${bar(fraction, 24)}  ${text}`);
      },
      done: (text) => {
        draw(text);
        stream.write('\n');
      },
    };
  }
  const line = (text: string): void => {
    if (text !== last) stream.write(`${text}\n`);
    last = text;
  };
  return { show: line, done: line };
}
