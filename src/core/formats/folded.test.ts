import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nameOfFunction, pictureOfTree, profileFromPicture, toBytes, treeOf } from '../profile/testing/pictures.js';
import { anyProfile } from '../profile/testing/random-profile.js';
import type { Profile } from '../profile/profile.js';
import { foldedImporter, writeFolded } from './folded.js';
import { importProfile } from './importing.js';
import { readOrThrow, testContext } from './testing/context.js';

const read = (text: string): ReturnType<typeof readOrThrow> => readOrThrow(foldedImporter, toBytes(text));
const draw = (profile: Profile): string => pictureOfTree(treeOf(profile), (index) => nameOfFunction(profile, index));
const write = (profile: Profile): string =>
  [...writeFolded(treeOf(profile), (index) => nameOfFunction(profile, index))].join('');

describe('folded stacks', () => {
  it('are read with fractions, blanks in frames, comments and Windows line ends', () => {
    const { profile, warnings } = read(
      '# made by hand\r\nmain;operator new(unsigned long) 2\r\nmain;operator new(unsigned long);malloc 1.5  \r\n\r\nmain 3e2\r\n',
    );
    expect(draw(profile)).toBe(`all 303.5
  main 303.5 self 300
    operator new(unsigned long) 3.5 self 2
      malloc 1.5 self 1.5`);
    expect(profile.comments).toEqual(['made by hand']);
    expect(warnings).toEqual([]);
  });

  it('are read with a byte order mark, tabs and without a last line end', () => {
    expect(draw(read('\u00ef\u00bb\u00bfmain;a\t2\n;;main;;b 1').profile)).toBe(
      'all 3\n  main 3\n    a 2 self 2\n    b 1 self 1',
    );
  });

  it('leave out what they cannot count and say so', () => {
    const { profile, warnings } = read('a;b 4\nnonsense\na;c -3\na;d 1x\na;e 1e999\n');
    expect(draw(profile)).toBe('all 4\n  a 4\n    b 4 self 4');
    expect(warnings).toEqual([
      '3 lines without a count at the end; left out.',
      '1 line with a negative count; left out.',
    ]);
  });

  it('are refused when no line can be counted', () => {
    expect(importProfile(toBytes('a;b -1\nc -2\n'), [foldedImporter], testContext)).toMatchObject({
      ok: false,
      failure: { code: 'bad-profile' },
    });
  });

  it('are refused when their counts add up to more than a number holds', () => {
    for (const text of ['a;b 1.7e308\na;c 1.7e308\n', 'a 1.7e308\na 1.7e308\n']) {
      const refused = importProfile(toBytes(text), [foldedImporter], testContext);
      expect(refused).toMatchObject({
        ok: false,
        failure: { code: 'too-large', message: expect.stringContaining('add up to more than 1e+300') as string },
      });
    }
    expect(importProfile(toBytes('a;b 1e299\na;c 1e299\n'), [foldedImporter], testContext).ok).toBe(true);
  });

  it('are not known in other text and in binary files', () => {
    for (const other of ['{"nodes": []}', 'hello world', '<html></html>', '', '12\n13\n', '\u0000\u0001 12']) {
      expect(foldedImporter.read(toBytes(other), testContext)).toBeUndefined();
    }
    expect(importProfile(toBytes('hello world'), [foldedImporter], testContext)).toEqual({
      ok: false,
      failure: {
        code: 'bad-profile',
        message: 'This is not a profile that Pyrometer can read: it reads folded stacks, gzip or plain.',
        detail: 'The file begins with 68 65 6c 6c 6f 20 77 6f 72 6c 64.',
      },
    });
    expect(importProfile(new Uint8Array(), [foldedImporter], testContext)).toMatchObject({
      ok: false,
      failure: { message: 'The file is empty.' },
    });
  });

  it('refuse more call paths than the limit', () => {
    expect(importProfile(toBytes('a;b;c 1'), [foldedImporter], { ...testContext, callPathLimit: 3 })).toMatchObject({
      ok: false,
      failure: { code: 'too-large' },
    });
  });

  it('are written a line a stack', () => {
    expect(
      write(
        profileFromPicture(`
        3     1     2
        main  main
        read  b;c
        `),
      ),
    ).toBe('main;read 3\nmain;b:c 1\n[no stack] 2\n');
  });

  it('are written with both sides of a diff', () => {
    const profile = profileFromPicture('3  0\na  b');
    const lines = [
      ...writeFolded(treeOf(profile), (index) => nameOfFunction(profile, index), Float64Array.of(0, 0, 7)),
    ];
    expect(lines.join('')).toBe('a 0 3\nb 7 0\n');
  });

  it('come back as the tree that was written', () => {
    fc.assert(
      fc.property(anyProfile, (profile) => {
        const text = write(profile);
        fc.pre(text !== '' && !text.includes('[no stack]'));
        expect(write(read(text).profile).split('\n').sort()).toEqual(text.split('\n').sort());
      }),
    );
  });
});
