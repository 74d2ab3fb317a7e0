const durations = [
  [60e9, 'min'],
  [1e9, 's'],
  [1e6, 'ms'],
  [1e3, 'µs'],
  [1, 'ns'],
] as const;
const sizes = [
  [2 ** 30, 'GiB'],
  [2 ** 20, 'MiB'],
  [2 ** 10, 'KiB'],
  [1, 'B'],
] as const;
const inNanoseconds: Readonly<Record<string, number>> = {
  nanoseconds: 1,
  microseconds: 1e3,
  milliseconds: 1e6,
  seconds: 1e9,
};

function scaled(value: number, scale: readonly (readonly [number, string])[]): string {
  const [factor, unit] = scale.find(([step]) => Math.abs(value) >= step) ?? [1, scale.at(-1)?.[1] ?? ''];
  return `${Number((value / factor).toPrecision(3)).toLocaleString('en')} ${unit}`;
}

/** A value with its unit and three significant digits: 1.25 s, 340 ms, 12 KiB, 1,200 count. */
export function formatValue(value: number, unit: string): string {
  const nanoseconds = inNanoseconds[unit];
  if (nanoseconds !== undefined) return scaled(value * nanoseconds, durations);
  if (unit === 'bytes') return scaled(value, sizes);
  return `${Number(value.toPrecision(6)).toLocaleString('en')} ${unit}`;
}

/** A share to one decimal: 12.3 %. */
export function share(part: number, whole: number): string {
  return `${(whole === 0 ? 0 : (100 * part) / whole).toFixed(1)} %`;
}
