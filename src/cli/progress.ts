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

/** How often a step that goes on is told of in a log. */
const quietMs = 10_000;

/**
 * On a terminal one line that is drawn over. In a log a line for each new step, and every ten seconds one that says how far
 * it is: what differs from the text before in its numbers alone is the same step.
 */
export function progressOn(stream: ProgressStream, clock: () => number = () => performance.now()): Progress {
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
  let step = '';
  let toldAtMs = 0;
  const line = (text: string): void => {
    step = stepOf(text);
    toldAtMs = clock();
    stream.write(`${text}\n`);
  };
  return {
    show: (text) => {
      if (stepOf(text) !== step || clock() - toldAtMs >= quietMs) line(text);
    },
    done: (text) => {
      if (text !== '') line(text);
    },
  };
}

function stepOf(text: string): string {
  return text.replace(/\d+/g, '#');
}
