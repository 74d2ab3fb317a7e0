import fc from 'fast-check';
import { RE2JS } from 're2js';
import { describe, expect, it } from 'vitest';
import { patternOfQuery } from '../flame/match-names.js';
import { containsLiteral, literalOf } from './literal-pattern.js';

describe('a pattern that stands for itself', () => {
  it.each([
    ['(?i)method1', { text: 'method1', ignoreCase: true }],
    ['Method1', { text: 'Method1', ignoreCase: false }],
    ['std::vector<int>', { text: 'std::vector<int>', ignoreCase: false }],
    [String.raw`(?i)operator\(\)\.\/a`, { text: 'operator()./a', ignoreCase: true }],
  ])('is told: %s', (pattern, literal) => {
    expect(literalOf(pattern)).toEqual(literal);
  });

  it.each([
    '',
    '(?i)',
    'a.b',
    'a|b',
    '^a',
    'a$',
    'a*',
    '[ab]',
    String.raw`\d`,
    String.raw`\bmain`,
    'größe',
    '(?s)a',
    'a{2}',
  ])('is not: %s', (pattern) => {
    expect(literalOf(pattern)).toBeUndefined();
  });

  it('finds what RE2 finds, in names of any letters', () => {
    const letters = fc.constantFrom(...Array.from('aAkKsS1_ .:<>()*+?[]{}|^$/\\\u212a\u017f\u0130\u00e9\u{1f600}-'));
    const texts = fc.array(letters, { maxLength: 6 }).map((each) => each.join(''));
    fc.assert(
      fc.property(texts, fc.array(texts, { maxLength: 20 }), (query, names) => {
        const pattern = patternOfQuery(query, 'plain');
        const literal = pattern === undefined ? undefined : literalOf(pattern);
        if (pattern === undefined || literal === undefined) return;
        const compiled = RE2JS.compile(pattern);
        const test = containsLiteral(literal, (name) => compiled.test(name));
        for (const name of [...names, ...names.map((each) => `${each}${query}`)]) {
          expect([name, test(name)]).toEqual([name, compiled.test(name)]);
        }
      }),
    );
  });
});
