/** Between number and unit, so that a line never breaks there. */
const gap = '\u00a0';

interface Scale {
  readonly factor: number;
  readonly unit: string;
}

const durationScales: readonly Scale[] = [
  { factor: 1, unit: 'ns' },
  { factor: 1e3, unit: 'µs' },
  { factor: 1e6, unit: 'ms' },
  { factor: 1e9, unit: 's' },
];
const longDurationScales: readonly Scale[] = [
  { factor: 60e9, unit: 'min' },
  { factor: 3600e9, unit: 'h' },
  { factor: 86_400e9, unit: 'd' },
];
const byteScales: readonly Scale[] = [
  { factor: 1, unit: 'B' },
  { factor: 1e3, unit: 'kB' },
  { factor: 1e6, unit: 'MB' },
  { factor: 1e9, unit: 'GB' },
  { factor: 1e12, unit: 'TB' },
];

const wholeFormat = new Intl.NumberFormat('en-US');
/** By decimals. Making one takes far longer than using it, and a table uses hundreds. */
const decimalFormats = Array.from(
  { length: 8 },
  (_, decimals) => new Intl.NumberFormat('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals }),
);

/** Three significant digits, never an exponent below a billion: 0.00123, 6.10, 40.3, 221, 1,230. */
export function formatSignificant(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (value === 0) return '0';
  const magnitude = Math.floor(Math.log10(Math.abs(value)));
  if (magnitude < -4 || magnitude > 9) return value.toExponential(2);
  // Rounding may carry into the next power of ten: 9.999 is "10.0", not "10.00".
  const rounded = Number(value.toPrecision(3));
  const roundedMagnitude = Math.floor(Math.log10(Math.abs(rounded)));
  const decimals = Math.max(0, 2 - roundedMagnitude);
  return (decimalFormats[decimals] ?? wholeFormat).format(rounded);
}

function scaled(value: number, scales: readonly Scale[]): string {
  const size = Math.abs(value);
  let chosen = scales[0] ?? { factor: 1, unit: '' };
  for (const scale of scales) {
    // 999.6 ns is said as 1.00 µs: compare what will be shown.
    if (Number((size / scale.factor).toPrecision(3)) >= 1) chosen = scale;
  }
  const number = value / chosen.factor;
  const whole = chosen.factor === 1 && Number.isInteger(number);
  return `${whole ? wholeFormat.format(number) : formatSignificant(number)}${gap}${chosen.unit}`;
}

/** Nanoseconds as people say them: 340 ms, 1.20 s, 221 s, 12.5 min, 3.42 h. Minutes begin at ten of them. */
export function formatNanoseconds(ns: number): string {
  if (!Number.isFinite(ns)) return '–';
  if (ns === 0) return `0${gap}s`;
  return scaled(ns, Math.abs(ns) < 600e9 ? durationScales : longDurationScales);
}

/** Decimal bytes: 64.0 MB. */
export function formatBytes(bytes: number): string {
  return Number.isFinite(bytes) ? scaled(bytes, byteScales) : '–';
}

/** A whole count, grouped; from ten million on three significant digits with M or G. */
export function formatCount(count: number): string {
  if (!Number.isFinite(count)) return '–';
  if (Math.abs(count) >= 1e10) return `${formatSignificant(count / 1e9)}${gap}G`;
  if (Math.abs(count) >= 1e7) return `${formatSignificant(count / 1e6)}${gap}M`;
  return wholeFormat.format(Math.round(count));
}

/** A share of a whole, 0..1, to one decimal; what is there but rounds to nothing is "< 0.1 %". */
export function formatShare(share: number): string {
  if (!Number.isFinite(share)) return '–';
  if (share > 0 && share < 0.0005) return `<${gap}0.1${gap}%`;
  return `${(share * 100).toFixed(1)}${gap}%`;
}

/** A relative change, signed: "+31.0 %", "−8.6 %", "0.0 %"; from tenfold on how many times as much: "×36.8". */
export function formatSignedShare(change: number): string {
  if (!Number.isFinite(change)) return change > 0 ? 'new' : '–';
  if (change >= 9) return `×${formatSignificant(1 + change)}`;
  const text = Math.abs(change * 100).toFixed(1);
  if (text === '0.0') return `0.0${gap}%`;
  return `${change > 0 ? '+' : '−'}${text}${gap}%`;
}

/** Cores to two decimals below ten: "1.42", "12.3". */
export function formatCores(cores: number): string {
  if (!Number.isFinite(cores)) return '–';
  return cores < 9.995 ? cores.toFixed(2) : formatSignificant(cores);
}

/** A value of a profile in its sample unit. */
export function formatValue(value: number, unit: string): string {
  switch (unit) {
    case 'nanoseconds':
      return formatNanoseconds(value);
    case 'microseconds':
      return formatNanoseconds(value * 1e3);
    case 'milliseconds':
      return formatNanoseconds(value * 1e6);
    case 'seconds':
      return formatNanoseconds(value * 1e9);
    case 'bytes':
      return formatBytes(value);
    case 'count':
    case '':
      return formatCount(value);
    default:
      return `${formatSignificant(value)}${gap}${unit}`;
  }
}

/** What is more on the after side. Scaling a side leaves fractions of a nanosecond between equal values: they are none. */
export function changeBetween(before: number, after: number): number {
  const change = after - before;
  return Math.abs(change) <= 1e-9 * Math.max(Math.abs(before), Math.abs(after)) ? 0 : change;
}

/** Like formatValue with a sign in front of what is more. */
export function formatSignedValue(value: number, unit: string): string {
  if (value === 0) return formatValue(0, unit);
  return `${value > 0 ? '+' : '−'}${formatValue(Math.abs(value), unit)}`;
}

/** "1 match", "34 matches". */
export function plural(count: number, one: string, many: string): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}
