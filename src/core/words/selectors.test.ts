import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { completeSelector, type Completions, type KnownLabel } from './complete-selector.js';
import {
  longestSelector,
  matchOperators,
  parseMatchers,
  selectorOfMatchers,
  withLabel,
  withoutLabel,
} from './selectors.js';

const labels: readonly KnownLabel[] = [
  { name: 'container', values: ['web-1', 'web-2'] },
  { name: 'host', values: ['a.example.com'] },
  { name: 'service_name', values: ['revel_beat', 'revel_web', 'say "hi"'] },
];

/** Completions where the bar stands. */
function at(marked: string): Completions {
  const caret = marked.indexOf('¦');
  return completeSelector(marked.replace('¦', ''), caret, labels);
}

/** What it becomes with one of them, the caret as a bar. */
function taken(marked: string, option = 0): string | undefined {
  const { from, to, options } = at(marked);
  const chosen = options[option];
  const text = marked.replace('¦', '');
  if (chosen === undefined) return undefined;
  const insert = `${chosen.insert.slice(0, chosen.caret)}¦${chosen.insert.slice(chosen.caret)}`;
  return text.slice(0, from) + insert + text.slice(to);
}

const texts = (marked: string): readonly string[] => at(marked).options.map(({ text }) => text);

describe('selectors', () => {
  it.each([
    ['{}', []],
    ['', []],
    ['{service_name="web"}', [{ label: 'service_name', operator: '=', value: 'web' }]],
    [
      'a = "1" , b=~"x|y"',
      [
        { label: 'a', operator: '=', value: '1' },
        { label: 'b', operator: '=~', value: 'x|y' },
      ],
    ],
    ['{a!="say \\"hi\\""}', [{ label: 'a', operator: '!=', value: 'say "hi"' }]],
    // A pattern's own backslashes, as people write them, and as they are to be written.
    ['{a=~"\\d+\\.x\\\\.y"}', [{ label: 'a', operator: '=~', value: '\\d+\\.x\\.y' }]],
    ['{a="1\\t2\\u0041\\u"}', [{ label: 'a', operator: '=', value: '1\t2A\\u' }]],
  ])('%s is read', (text, matchers) => {
    expect(parseMatchers(text)).toEqual(matchers);
  });

  it.each(['{', 'web', '{a="1"', '{a=1}', '{a~"1"}', '{="1"}', '{a="1" b="2"}', '{a="1\\"}'])('%s is none', (text) => {
    expect(parseMatchers(text)).toBeUndefined();
  });

  it('are read as they were written', () => {
    const matcher = fc.record({
      label: fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,8}$/),
      operator: fc.constantFrom(...matchOperators),
      value: fc.string({
        unit: fc.oneof(fc.constantFrom('\\', 'n', 'u', 'f', 'd', '"', '\ufffd'), fc.string({ unit: 'binary' })),
      }),
    });
    fc.assert(
      fc.property(fc.array(matcher, { maxLength: 4 }), (matchers) => {
        expect(parseMatchers(selectorOfMatchers(matchers))).toEqual(matchers);
      }),
    );
  });
});

describe('a selector', () => {
  it('is ASCII where text was none, which parsers of Prometheus refuse', () => {
    expect(selectorOfMatchers([{ label: 'a', operator: '=', value: 'caf\ufffd' }])).toBe('{a="caf\\ufffd"}');
  });

  it('wants another label, however it is written', () => {
    expect(withLabel('{}', 'b', '2')).toBe('{b="2"}');
    expect(withLabel('{ a = "1", }', 'b', '2')).toBe('{a="1",b="2"}');
    expect(withLabel("{a='1'}", 'b', '2')).toBe(`{a='1',b="2"}`);
    expect(withoutLabel('{a="1"}', 'b', '2')).toBe('{a="1",b!="2"}');
    expect(withoutLabel("{a='1'}", 'b', '2')).toBe(`{a='1',b!="2"}`);
  });

  it('is not looked for in what is far too long', () => {
    const long = `{a="${'x'.repeat(20_000_000)}"}`;
    expect(parseMatchers(long)).toBeUndefined();
    expect(completeSelector(long, long.length - 2, labels).options).toEqual([]);
    const longest = `{a="${'x'.repeat(longestSelector - 6)}"}`;
    expect(parseMatchers(longest)).toHaveLength(1);
  });
});

describe('what can be written', () => {
  it('names of labels come first', () => {
    expect(texts('{¦}')).toEqual(['container', 'host', 'service_name']);
    expect(texts('{ho¦}')).toEqual(['host']);
    expect(taken('{ho¦}')).toBe('{host="¦"}');
    expect(taken('{container="web-1",s¦}')).toBe('{container="web-1",service_name="¦"}');
  });

  it('a label is found by its value, a service before all', () => {
    expect(texts('{web¦}')).toEqual(['service_name="revel_web"', 'container="web-1"', 'container="web-2"']);
    expect(taken('{web¦}')).toBe('{service_name="revel_web"¦}');
    expect(taken('web-2¦')).toBe('container="web-2"¦');
    expect(taken('{a.ex¦}')).toBe('{host="a.example.com"¦}');
  });

  it('operators follow a name', () => {
    expect(texts('{host ¦}')).toEqual(['=', '!=', '=~', '!~']);
    expect(texts('{host!¦}')).toEqual(['!=', '!~']);
    expect(taken('{host!¦}')).toBe('{host!="¦"}');
  });

  it('values are those of the label', () => {
    expect(texts('{service_name="¦"}')).toEqual(['revel_beat', 'revel_web', 'say "hi"']);
    expect(taken('{service_name="rev¦"}', 1)).toBe('{service_name="revel_web"¦}');
    expect(taken('{service_name="say¦')).toBe('{service_name="say \\"hi\\""¦');
    expect(taken('{service_name=¦}')).toBe('{service_name="revel_beat"¦}');
    expect(texts('{nobody="¦"}')).toEqual([]);
  });

  it('of a pattern the last alternative is written, and its signs mean themselves', () => {
    expect(taken('{service_name=~"revel_beat|web¦"}')).toBe('{service_name=~"revel_beat|revel_web"¦}');
    expect(taken('{host=~"¦"}')).toBe('{host=~"a\\\\.example\\\\.com"¦}');
  });

  it('nothing is where nothing is missing', () => {
    expect(texts('{host="a.example.com"¦}')).toEqual([]);
    expect(texts('{host="a.example.com"}¦')).toEqual([]);
    expect(texts('¦{}')).toEqual([]);
  });

  it('never breaks, whatever stands there', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('{', '}', '=', '!', '~', '"', ',', ' ', 'a', 'b', '\\', '|', '\n') }),
        fc.nat(20),
        (text, caret) => {
          const { from, to } = completeSelector(text, Math.min(caret, text.length), labels);
          expect(from).toBeLessThanOrEqual(to);
          expect(to).toBeLessThanOrEqual(text.length);
        },
      ),
    );
  });
});
