import { describe, expect, it } from 'vitest';
import { pictureOfTree, profileFromPicture, treeOf } from '../profile/testing/pictures.js';
import { createProfileBuilder } from '../profile/builder.js';
import { toBytes } from '../profile/testing/pictures.js';
import type { Profile } from '../profile/profile.js';
import { callersOf, calleesOf, type FrameSet, type Operation } from './operation.js';
import { operate, stacksOf } from './testing/operate.js';

const named = (...names: string[]): FrameSet => ({ by: 'pattern', pattern: `^(?:${names.join('|')})$` });

/** Stacks after operations, as "a;b 3", in tree order. */
async function after(picture: string | Profile, ...operations: Operation[]): Promise<string[]> {
  const profile = typeof picture === 'string' ? profileFromPicture(picture) : picture;
  const outcome = await operate(profile, operations);
  if (!outcome.ok) throw new Error(outcome.reason);
  return [...stacksOf(outcome.value)].map(([stack, value]) => `${stack} ${value}`);
}

describe('the examples of the specification', () => {
  const three = `
    3  2  1
    a  a  a
    M  b  c
    d  M
    `;
  it('keep', async () => {
    expect(await after(three, { kind: 'keep', frames: named('M') })).toEqual(['a;M;d 3', 'a;b;M 2']);
  });
  it('drop', async () => {
    expect(await after(three, { kind: 'drop', frames: named('M') })).toEqual(['a;c 1']);
  });
  it('focus', async () => {
    const picture = `
      3  2  1  4
      a  a  a  M
      M  b  c  e
      d  M     M
         d
      `;
    expect(await after(picture, { kind: 'focus', frames: named('M') })).toEqual(['M;d 5', 'M;e;M 4']);
  });
  it('hide', async () => {
    const picture = `
      3  2  1
      a  a  a
      M  d  c
      d
      `;
    expect(await after(picture, { kind: 'hide', frames: named('M') })).toEqual(['a;d 5', 'a;c 1']);
  });
  it('merge', async () => {
    const picture = `
      3  2  1
      a  a  a
      M  M  c
      d  e
      `;
    expect(await after(picture, { kind: 'merge', frames: named('M') })).toEqual(['a;M 5', 'a;c 1']);
  });
  it('collapse', async () => {
    const picture = `
      3  2  1
      a  a  a
      M  N  c
      N  d
      d
      `;
    expect(await after(picture, { kind: 'collapse', frames: named('M', 'N') })).toEqual([
      'a;[/^(?:M|N)$/];d 5',
      'a;c 1',
    ]);
  });
  it('collapse-recursion', async () => {
    const picture = `
      3  2
      M  M
      M  d
      e  M
         e
      `;
    expect(await after(picture, { kind: 'collapse-recursion', reach: 'direct' })).toEqual(['M;e 3', 'M;d;M;e 2']);
    expect(await after(picture, { kind: 'collapse-recursion', reach: 'whole', frames: named('M') })).toEqual(['M;e 5']);
  });
  it('invert', async () => {
    const outcome = await operate(profileFromPicture('3  2\na  b\nd  d'), [{ kind: 'invert' }]);
    if (!outcome.ok) throw new Error(outcome.reason);
    const { tree, frames } = outcome.value;
    expect(pictureOfTree(tree, (index) => frames.frameAt(index).name)).toBe(
      'all 5\n  d 5\n    a 3 self 3\n    b 2 self 2',
    );
  });
  it('group', async () => {
    const picture = `
      3                   2                   1
      m@/srv/p/x.py       n@/srv/p/y.py       m@/srv/p/x.py
      n@/srv/p/y.py
      q@/srv/q/z.py
      `;
    expect(await after(picture, { kind: 'group', by: 'package' })).toEqual(['p 3', 'p;q 3']);
    expect(await after(picture, { kind: 'group', by: 'file' })).toEqual([
      '/srv/p/x.py 1',
      '/srv/p/x.py;/srv/p/y.py;/srv/q/z.py 3',
      '/srv/p/y.py 2',
    ]);
    expect(await after(picture, { kind: 'group', by: 'library' })).toEqual(['[no library known] 6']);
    expect(await after(picture, { kind: 'group', by: 'kind' })).toEqual(['python 6']);
  });
  it('callers and callees, of one total', async () => {
    const picture = `
      3  2  1
      a  M  c
      M  d
         M
      `;
    expect(await after(picture, ...callersOf(named('M')))).toEqual(['M 2', 'M;a 3']);
    expect(await after(picture, ...calleesOf(named('M')))).toEqual(['M 3', 'M;d;M 2']);
  });
});

describe('sets of frames', () => {
  const native = (): Profile => {
    const builder = createProfileBuilder(1);
    const text = (value: string): number => builder.string(toBytes(value));
    const location = (name: string, library: string, file = ''): number => {
      const mapping = builder.mapping({ start: 0n, limit: 1n, offset: 0n, file: text(library), buildId: 0 });
      const index = builder.location(mapping, 0n);
      const entry = { name: text(name), systemName: 0, file: text(file), library: text(library), startLine: 0 };
      builder.line(builder.function(entry), 0);
      return index;
    };
    const main = location('main', '', '/srv/shop/main.py');
    const evaluate = location('_PyEval_EvalFrameDefault', '/usr/lib/libpython3.11.so.1.0');
    const write = location('write', '/usr/lib/libc.so.6');
    const entry = location('entry_SYSCALL_64', '[kernel]');
    let stack = 0;
    for (const at of [evaluate, main, evaluate, write, entry]) stack = builder.stack(stack, at);
    builder.sample(stack, [7]);
    return builder.freeze({
      sampleTypes: [{ type: 'samples', unit: 'count' }],
      defaultValueIndex: 0,
      timeNs: 0,
      durationNs: 0,
      period: 0,
      periodType: undefined,
      comments: [],
    });
  };
  const hide = (frames: FrameSet): Promise<string[]> => after(native(), { kind: 'hide', frames });

  it('hide the interpreter, the kernel, a library, a package, a file', async () => {
    expect(await hide({ by: 'interpreter' })).toEqual(['main;write;entry_SYSCALL_64 7']);
    expect(await hide({ by: 'kind', kind: 'kernel' })).toEqual([
      '_PyEval_EvalFrameDefault;main;_PyEval_EvalFrameDefault;write 7',
    ]);
    expect(await hide({ by: 'library', name: '/usr/lib/libc.so.6' })).toEqual([
      '_PyEval_EvalFrameDefault;main;_PyEval_EvalFrameDefault;entry_SYSCALL_64 7',
    ]);
    expect(await hide({ by: 'package', name: 'shop' })).toEqual([
      '_PyEval_EvalFrameDefault;_PyEval_EvalFrameDefault;write;entry_SYSCALL_64 7',
    ]);
    expect(await hide({ by: 'file', name: '/srv/shop/main.py' })).toEqual(
      await hide({ by: 'function', name: 'main', file: '/srv/shop/main.py' }),
    );
  });
  it('all combine, in their order', async () => {
    expect(
      await after(
        native(),
        { kind: 'hide', frames: { by: 'interpreter' } },
        { kind: 'hide', frames: { by: 'kind', kind: 'kernel' } },
        { kind: 'collapse-recursion', reach: 'direct' },
        { kind: 'invert' },
        { kind: 'group', by: 'package' },
      ),
    ).toEqual(['libc;shop 7']);
  });
  it('a path is a place, and others of its name stay', async () => {
    const picture = `
      3  2  1
      a  b  a
      m  m  m
         m  d
      `;
    const at = (...names: string[]): FrameSet => ({ by: 'path', path: names.map((name) => ({ name, file: '' })) });
    expect(await after(picture, { kind: 'hide', frames: at('b', 'm') })).toEqual(['a;m 3', 'a;m;d 1', 'b;m 2']);
    expect(await after(picture, { kind: 'focus', frames: at('a', 'm') })).toEqual(['m 3', 'm;d 1']);
    expect(await after(picture, { kind: 'drop', frames: at('a') })).toEqual(['b;m;m 2']);
    expect(await after(picture, { kind: 'keep', frames: at('no', 'such') })).toEqual([]);
  });
  it('functions of one name are told apart by file', async () => {
    const picture = `
      1       2
      f@a.py  f@b.py
      `;
    const of = (file: string): FrameSet => ({ by: 'function', name: 'f', file });
    expect(await after(picture, { kind: 'drop', frames: of('a.py') })).toEqual(['f 2']);
    expect(await after(picture, { kind: 'drop', frames: of('') })).toEqual(['f 1', 'f 2'].slice(1));
  });
  it('a pattern of RE2; what it refuses is told', async () => {
    const picture = '3     2\nRead  write';
    expect(await after(picture, { kind: 'keep', frames: { by: 'pattern', pattern: '(?i)^r' } })).toEqual(['Read 3']);
    expect(await after(picture, { kind: 'keep', frames: { by: 'pattern', pattern: 'r' } })).toEqual(['write 2']);
    for (const pattern of ['(', '(?=a)', '(a)\\1', 'a{1001}']) {
      const outcome = await operate(profileFromPicture(picture), [
        { kind: 'keep', frames: { by: 'pattern', pattern } },
      ]);
      expect(outcome).toMatchObject({ ok: false, problem: 'syntax', pattern });
    }
  });
  it('no pattern that repeats so much that it would be compiled for seconds', async () => {
    const pattern = 'a{1000}'.repeat(146);
    const outcome = await operate(profileFromPicture('1\na'), [{ kind: 'drop', frames: { by: 'pattern', pattern } }]);
    expect(outcome).toMatchObject({ ok: false, problem: 'repeats-too-much', pattern });
  });
  it('an evil pattern over a long name ends', async () => {
    const name = `${'a'.repeat(50_000)}!`;
    const profile = profileFromPicture(`1\n${name}`);
    const frames: FrameSet = { by: 'pattern', pattern: '^(a+)+$' };
    expect(await after(profile, { kind: 'keep', frames })).toEqual([]);
  });
});

describe('lines', () => {
  const lines = (): Profile => {
    const builder = createProfileBuilder(1);
    const of = (name: string): number =>
      builder.function({ name: builder.string(toBytes(name)), systemName: 0, file: 0, library: 0, startLine: 0 });
    const location = (name: string, line: number): number => {
      const index = builder.location(0, BigInt(line));
      builder.line(of(name), line);
      return index;
    };
    const [one, two, leaf] = [location('f', 10), location('f', 12), location('g', 0)];
    for (const [value, ...stack] of [
      [3, one, two, leaf],
      [2, two, leaf],
    ] as const) {
      builder.sample(
        stack.reduce((prefix, at) => builder.stack(prefix, at), 0),
        [value],
      );
    }
    return builder.freeze({
      sampleTypes: [{ type: 'samples', unit: 'count' }],
      defaultValueIndex: 0,
      timeNs: 0,
      durationNs: 0,
      period: 0,
      periodType: undefined,
      comments: [],
    });
  };
  const byLine: Operation = { kind: 'group', by: 'line' };

  it('tell frames apart, wherever they stand in the list', async () => {
    expect(await after(lines(), byLine)).toEqual(['f:10;f:12;g 3', 'f:12;g 2']);
    const g: Operation = { kind: 'hide', frames: { by: 'function', name: 'g', file: '' } };
    expect(await after(lines(), g, byLine)).toEqual(await after(lines(), byLine, g));
  });
  it('leave functions as sets and recursion know them', async () => {
    expect(await after(lines(), byLine, { kind: 'collapse-recursion', reach: 'direct' })).toEqual([
      'f:10;g 3',
      'f:12;g 2',
    ]);
    expect(await after(lines(), byLine, { kind: 'hide', frames: { by: 'function', name: 'f', file: '' } })).toEqual([
      'g 5',
    ]);
    expect(await after(lines(), byLine, { kind: 'drop', frames: { by: 'function', name: 'f:10', file: '' } })).toEqual([
      'f:12;g 2',
    ]);
  });
});

it('without operations nothing moves', async () => {
  const profile = profileFromPicture('3  2\na  b\nd  d');
  const outcome = await operate(profile, []);
  expect(outcome.ok && outcome.value.tree).toEqual(treeOf(profile));
});
