import { describe, expect, it } from 'vitest';
import { linesOfText } from './source-rows.js';
import { grammarOf, parseInSlices, partsOfLine } from './syntax.js';

/** Lines of a text, their coloured parts in brackets: `[keyword:def] [name:f]():`. */
async function coloured(file: string, text: string, now?: () => number): Promise<readonly string[]> {
  const load = grammarOf(file);
  if (load === undefined) throw new Error(`${file} has no grammar`);
  const tree = await parseInSlices(await load(), text, new AbortController().signal, now);
  if (tree === undefined) throw new Error('it was given up');
  return linesOfText(text).map((line) =>
    partsOfLine(tree, line.text, line.from)
      .map((part) => (part.className === '' ? part.text : `[${part.className.replace('code-', '')}:${part.text}]`))
      .join(''),
  );
}

describe('colours of source code', () => {
  it('tell keywords, names, strings, numbers and comments of Python apart', async () => {
    const text = '@cached\ndef f(a):  # why\n    """Long\n    text."""\n    return a + 1 if a else "x"\n';
    expect(await coloured('/app/shop/views.py', text)).toEqual([
      '[meta:@]cached',
      '[keyword:def] [name:f](a):  [comment:# why]',
      '    [string:"""Long]',
      '[string:    text."""]',
      '    [keyword:return] a + [number:1] [keyword:if] a [keyword:else] [string:"x"]',
    ]);
  });

  it.each([
    ['main.go', 'func f() int { return 1 }', 'func'],
    ['a.rs', 'fn f() -> u8 { 1 }', 'fn'],
    ['a.cpp', 'int f() { return 1; }', 'return'],
    ['a.ts', 'const a: number = 1;', 'const'],
    ['a.tsx', 'const a = <b>x</b>;', 'const'],
    ['A.java', 'class A { }', 'class'],
    ['a.php', '<?php function f() { }', 'function'],
  ])('%s is known', async (file, text, keyword) => {
    expect((await coloured(file, text)).join('')).toContain(`[keyword:${keyword}]`);
  });

  it('are none where the language is not known', () => {
    expect(grammarOf('/app/a.rb')).toBeUndefined();
    expect(grammarOf('/app/Makefile')).toBeUndefined();
  });

  it('come in slices, and go on over what is no program', async () => {
    const text = `${'def f(:\n  return ]\n'.repeat(200)}x = 1`;
    let time = 0;
    expect((await coloured('a.py', text, () => (time += 1))).at(-1)).toBe('x = [number:1]');
    const given = new AbortController();
    given.abort();
    const load = grammarOf('a.py');
    if (load === undefined) throw new Error('Python has a grammar');
    expect(await parseInSlices(await load(), text, given.signal, () => (time += 9))).toBeUndefined();
  });
});
