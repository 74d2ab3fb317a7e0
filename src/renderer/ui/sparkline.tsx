import type { ReactElement } from 'react';

interface SparklineProps {
  /** Oldest first; NaN is a gap. */
  readonly values: readonly number[];
  readonly width?: number;
  readonly height?: number;
}

/** The path of a curve from 0 at the bottom to its own highest value; gaps break it. */
export function sparklinePath(values: readonly number[], width: number, height: number): string {
  const highest = values.reduce((most, value) => (value > most ? value : most), 0);
  const step = values.length > 1 ? width / (values.length - 1) : 0;
  let path = '';
  let drawing = false;
  values.forEach((value, index) => {
    if (Number.isNaN(value)) {
      drawing = false;
      return;
    }
    const x = (index * step).toFixed(1);
    const y = (height - 1 - (highest > 0 ? value / highest : 0) * (height - 2)).toFixed(1);
    path += `${drawing ? 'L' : 'M'}${x} ${y}`;
    // A lone point between gaps is a short line, or it would not be seen.
    if (!drawing && Number.isNaN(values[index + 1] ?? Number.NaN)) path += 'h1';
    drawing = true;
  });
  return path;
}

/** A curve the size of a word. */
export function Sparkline({ values, width = 32, height = 16 }: SparklineProps): ReactElement {
  return (
    <svg className="sparkline" width={width} height={height} aria-hidden="true" fill="none">
      <path d={sparklinePath(values, width, height)} stroke="var(--mute)" strokeWidth="1.2" strokeLinejoin="round" />
    </svg>
  );
}
