import { describe, expect, it } from 'vitest';
import { comparisonLink, parseComparisonLink, type LinkedComparison } from './comparison-link.js';

const side = {
  target: 'ops@web-1:22',
  source: 'agent',
  selector: '{service_name="a & b"}',
  name: 'a & b',
  startMs: Date.parse('2026-11-29T10:00:00Z'),
  endMs: Date.parse('2026-11-29T10:15:00Z'),
} as const;
const comparison: LinkedComparison = {
  a: side,
  b: { ...side, startMs: side.endMs, endMs: side.endMs + 900_000 },
  profileType: 'process_cpu:cpu:nanoseconds:cpu:nanoseconds',
  scale: { by: 'auto' },
};

describe('a link to a comparison', () => {
  it('brings it back', () => {
    expect(parseComparisonLink(comparisonLink(comparison))).toEqual(comparison);
    const work: LinkedComparison = { ...comparison, scale: { by: 'work', baseline: 100, comparison: 250.5 } };
    expect(parseComparisonLink(comparisonLink(work))).toEqual(work);
  });

  it.each([
    'no link',
    'https://compare?a.target=local',
    'pyrometer://other',
    'pyrometer://compare',
    comparisonLink({ ...comparison, a: { ...side, endMs: side.startMs } }),
    comparisonLink(comparison).replace('a.source=agent', 'a.source=file'),
    comparisonLink(comparison).replace('scale=auto', 'scale=work'),
    comparisonLink(comparison).replace(/a\.from=[^&]*/, 'a.from=yesterday'),
    comparisonLink(comparison).replace(/a\.from=[^&]*/, 'a.from=1e300'),
    comparisonLink(comparison).replace(/b\.to=[^&]*/, 'b.to=2026-13-45T99:99:99Z'),
    comparisonLink(comparison).replace(/a\.from=[^&]*/, 'a.from=1969-12-31T23:59:59Z'),
    comparisonLink(comparison).replace('a.source=agent', 'a.source=__proto__'),
    comparisonLink({ ...comparison, a: { ...side, target: '' } }),
    comparisonLink({ ...comparison, a: { ...side, target: 'x'.repeat(1000) } }),
    comparisonLink({ ...comparison, a: { ...side, selector: 'x'.repeat(5000) } }),
    comparisonLink({ ...comparison, b: { ...side, name: 'x'.repeat(1_000_000) } }),
    comparisonLink({ ...comparison, profileType: 'x'.repeat(1000) }),
    ...['0', '-5', 'NaN', 'Infinity', '1e999', '1e30', ''].map((amount) =>
      comparisonLink({ ...comparison, scale: { by: 'work', baseline: 1, comparison: 2 } }).replace(
        'a.work=1',
        `a.work=${amount}`,
      ),
    ),
    `pyrometer://compare?${'&'.repeat(1_000_000)}`,
    `pyrometer://compare?a.target=%E0%A4%A`,
  ])('is not read out of %s', (text) => {
    expect(parseComparisonLink(text)).toBeUndefined();
  });
});

describe('names in a link', () => {
  it('come as they are, whatever is in them: only the window shows them', () => {
    for (const hostile of ['a&b.target=local', 'a\nb', '\u202egnp.exe', '<img src=x>', "'; --", '%00', '漢字 #?']) {
      const sent: LinkedComparison = { ...comparison, b: { ...comparison.b, name: hostile, target: hostile } };
      expect(parseComparisonLink(comparisonLink(sent))).toEqual(sent);
    }
  });

  it('are taken where they stand first', () => {
    const link = comparisonLink(comparison);
    expect(parseComparisonLink(`${link}&b.target=evil&scale=absolute&__proto__=1`)).toEqual(comparison);
  });
});
