import { describe, expect, it } from 'vitest';
import { functionKey, type FunctionName } from './function-keys.js';
import { absent, matchFunctions, plainMatching, type Matching } from './match-functions.js';

/** Functions as "name" or "name file"; function 0 is the root. */
function named(functions: readonly string[]): FunctionName[] {
  return functions.map((text) => {
    const [name = '', file = ''] = text.split(' ');
    return { name, file };
  });
}

/** Which functions of the two sides are one: "before = after", "before gone", "after new". */
function matched(before: readonly string[], after: readonly string[], matching: Partial<Matching> = {}): string[] {
  const sides = [named(['root', ...before]), named(['root', ...after])] as const;
  const [baseline, comparison] = sides.map((functions) => ({
    functionCount: functions.length,
    nameOf: (index: number) => functions[index] ?? { name: '', file: '' },
  }));
  if (baseline === undefined || comparison === undefined) return [];
  const result = matchFunctions(baseline, comparison, { ...plainMatching, ...matching });
  return Array.from(result.comparisonFunction, (own, number) => {
    const other = result.baselineFunction[number] ?? absent;
    const [was, is] = [sides[0][other]?.name, sides[1][own]?.name];
    if (own === absent) return `${was} gone`;
    return other === absent ? `${is} new` : `${was} = ${is}`;
  }).slice(1);
}

describe('matching functions', () => {
  it('takes equal names for one function, across versions of folders and libraries', () => {
    const key = (name: string, file: string): string => functionKey({ name, file }, plainMatching);
    expect(key('inner', '/usr/lib/python3.11/site-packages/django/base.py')).toBe(
      key('inner', '/usr/lib/python3.12/site-packages/django/base.py'),
    );
    expect(key('inner', '/x/exception.py')).not.toBe(key('inner', '/x/base.py'));
    expect(key('malloc', '/lib/libc.so.6')).toBe(key('malloc', '/usr/lib/libc.so.6.1'));
    expect(matched(['a x.py', 'b x.py'], ['a /v2/x.py', 'c x.py'])).toEqual(['a = a', 'c new', 'b gone']);
  });

  it('takes the parts that a compiler cuts a function into for the function', () => {
    expect(matched(['f', 'f.isra.0', 'f.cold'], ['f', 'g.part.3'])).toEqual(['f = f', 'g.part.3 new']);
  });

  it('takes another hash, number or version for no change, only where a name has no other of its own', () => {
    expect(matched(['push::h0123456789abcdef'], ['push::hfedcba9876543210'])).toEqual([
      'push::h0123456789abcdef = push::hfedcba9876543210',
    ]);
    expect(matched(['serve.func1', 'serve.func2'], ['serve.func1', 'serve.func2', 'serve.func3'])).toEqual([
      'serve.func1 = serve.func1',
      'serve.func2 = serve.func2',
      'serve.func3 new',
    ]);
    expect(matched(['serve.func1'], ['serve.func2'])).toEqual(['serve.func1 = serve.func2']);
    expect(matched(['eval /usr/lib/libpython3.11.so.1.0'], ['eval /usr/lib/libpython3.12.so.1.0'])).toEqual([
      'eval = eval',
    ]);
  });

  it('makes several of a side one where nothing tells which is which', () => {
    const [one, other, third] = ['1', '2', '3'].map((digit) => `f::h${digit.repeat(16)}`) as [string, string, string];
    expect(matched([one, other], [third])).toEqual([`${one} = ${third}`]);
    expect(matched([one], ['g'])).toEqual(['g new', `${one} gone`]);
  });

  it('takes instances of a template for one function when it is asked to', () => {
    const [before, after] = [
      ['f<int>', 'f<long>'],
      ['f<int>', 'f<char>'],
    ];
    expect(matched(before, after)).toEqual(['f<int> = f<int>', 'f<char> new', 'f<long> gone']);
    expect(matched(before, after, { ignoreTypeArguments: true })).toEqual(['f<int> = f<int>']);
  });

  it('follows renames that it was told, in either direction and over several', () => {
    const old = { name: 'old', file: 'x.py' };
    const middle = { name: 'middle', file: 'y.py' };
    const renames = [
      { from: old, to: middle },
      { from: middle, to: { name: 'now', file: 'z.py' } },
    ];
    expect(matched(['old x.py'], ['now /srv/z.py'], { renames })).toEqual(['old = now']);
    expect(matched(['now z.py'], ['old x.py'], { renames })).toEqual(['now = old']);
    expect(matched(['old other.py'], ['now z.py'], { renames })).toEqual(['now new', 'old gone']);
    expect(matched(['old x.py', 'now z.py'], ['now z.py'], { renames })).toEqual(['now = now', 'old gone']);
    const anywhere = [{ from: { name: 'old', file: '' }, to: { name: 'now', file: '' } }];
    expect(matched(['old x.py'], ['now z.py'], { renames: anywhere })).toEqual(['old = now']);
    const loop = [...renames, { from: { name: 'now', file: 'z.py' }, to: old }];
    expect(matched(['old x.py'], ['now z.py'], { renames: loop })).toEqual(['old = now']);
  });

  it('knows the number of every name of either side', () => {
    const side = (name: string) => ({ functionCount: 2, nameOf: () => ({ name, file: '' }) });
    const { numberOfKey } = matchFunctions(side('serve.func1'), side('serve.func2'));
    expect(
      ['serve.func1', 'serve.func2'].map((name) => numberOfKey(functionKey({ name, file: '' }, plainMatching))),
    ).toEqual([1, 1]);
  });
});
