import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatCores,
  formatCount,
  formatNanoseconds,
  formatShare,
  formatSignedShare,
  formatSignedValue,
  formatSignificant,
  formatValue,
  plural,
} from './numbers.js';

const plain = (text: string): string => text.replaceAll('\u00a0', ' ');

describe('formatSignificant', () => {
  it.each([
    [0, '0'],
    [6.1, '6.10'],
    [40.31, '40.3'],
    [221.4, '221'],
    [9.999, '10.0'],
    [99.96, '100'],
    [1234, '1,230'],
    [0.00123, '0.00123'],
    [-6.1, '-6.10'],
    [Number.NaN, '–'],
  ])('says %d as %s', (value, text) => {
    expect(formatSignificant(value)).toBe(text);
  });
});

describe('formatNanoseconds', () => {
  it.each([
    [0, '0 s'],
    [1, '1 ns'],
    [999.6, '1.00 µs'],
    [340e6, '340 ms'],
    [1.2e9, '1.20 s'],
    [40.3e9, '40.3 s'],
    [221e9, '221 s'],
    [750e9, '12.5 min'],
    [12_312e9, '3.42 h'],
    [3 * 86_400e9, '3.00 d'],
  ])('says %d as %s', (value, text) => {
    expect(plain(formatNanoseconds(value))).toBe(text);
  });
});

describe('shares', () => {
  it.each([
    [0, '0.0 %'],
    [0.182, '18.2 %'],
    [1, '100.0 %'],
    [0.0001, '< 0.1 %'],
  ])('says %d as %s', (value, text) => {
    expect(plain(formatShare(value))).toBe(text);
  });

  it.each([
    [0.31, '+31.0 %'],
    [-0.086, '−8.6 %'],
    [0.0001, '0.0 %'],
    [35.84, '×36.8'],
    [Number.POSITIVE_INFINITY, 'new'],
  ])('says the change %d as %s', (value, text) => {
    expect(plain(formatSignedShare(value))).toBe(text);
  });
});

describe('values with their units', () => {
  it.each([
    [1.5e9, 'nanoseconds', '1.50 s'],
    [2048, 'bytes', '2.05 kB'],
    [21480, 'count', '21,480'],
    [3, 'widgets', '3.00 widgets'],
  ])('says %d %s as %s', (value, unit, text) => {
    expect(plain(formatValue(value, unit))).toBe(text);
  });

  it('signs differences', () => {
    expect(plain(formatSignedValue(-1.5e9, 'nanoseconds'))).toBe('−1.50 s');
    expect(plain(formatSignedValue(1.5e9, 'nanoseconds'))).toBe('+1.50 s');
    expect(plain(formatSignedValue(0, 'count'))).toBe('0');
  });

  it('says counts, bytes and cores', () => {
    expect(plain(formatCount(12_345_678))).toBe('12.3 M');
    expect(plain(formatBytes(64e6))).toBe('64.0 MB');
    expect(plain(formatBytes(12))).toBe('12 B');
    expect(formatCores(1.416)).toBe('1.42');
    expect(formatCores(12.34)).toBe('12.3');
    expect(plural(1, 'match', 'matches')).toBe('1 match');
    expect(plural(1200, 'match', 'matches')).toBe('1,200 matches');
  });
});
