import * as fc from 'fast-check';
import { Profile as PprofProfile } from 'pprof-format';
import { describe, expect, it } from 'vitest';
import { describeProfile } from '../../profile/testing/describe.js';
import { nameOfFunction, pictureOfTree, toBytes, toText, treeOf } from '../../profile/testing/pictures.js';
import { anyProfile } from '../../profile/testing/random-profile.js';
import { importProfile } from '../importing.js';
import { readOrThrow, testContext } from '../testing/context.js';
import { brokenFiles, len, num, smallPprof } from '../testing/wire.js';
import { pprofImporter } from './read.js';
import { writePprof } from './write.js';

const outcomeOf = (bytes: Uint8Array): string => {
  const result = importProfile(bytes, [pprofImporter], testContext);
  if (!result.ok) return `${result.failure.code}: ${result.failure.message} [${result.failure.detail ?? ''}]`;
  const { profile, warnings } = result.value;
  const tree = pictureOfTree(treeOf(profile), (index) => nameOfFunction(profile, index));
  return [...tree.split('\n'), ...warnings.map((warning) => `! ${warning}`)].join('\n');
};

describe('pprof', () => {
  it.each(Object.keys(brokenFiles))('answers %s', (name) => {
    expect(outcomeOf(brokenFiles[name] ?? new Uint8Array())).toMatchSnapshot();
  });

  it('reads every fact of a profile', () => {
    expect(
      describeProfile(readOrThrow(pprofImporter, brokenFiles['facts'] ?? new Uint8Array()).profile),
    ).toMatchSnapshot();
  });

  it('says that a file was cut off, wherever it was', () => {
    const whole = smallPprof();
    for (let length = 4; length < whole.length; length++) {
      const result = importProfile(whole.subarray(0, length), [pprofImporter], testContext);
      // Cut between two fields it is a whole, if poor, message.
      if (result.ok) expect(result.value.profile.sampleTypes).toHaveLength(1);
      else expect(result.failure.message).toMatch(/cut off|does not say what/);
    }
  });

  it('never throws and never answers a value below 0, whatever the bytes', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.tuple(fc.nat(1000), fc.nat(255)).map(([at, value]) => {
        const mutated = smallPprof();
        mutated[at % mutated.length] = value;
        return mutated;
      }),
    );
    fc.assert(
      fc.property(bytes, (any) => {
        const result =
          pprofImporter.read(any, testContext) === undefined
            ? undefined
            : importProfile(any, [pprofImporter], testContext);
        if (result?.ok !== true) return;
        for (const column of result.value.profile.samples.values) {
          for (const value of column) expect(value).toBeGreaterThanOrEqual(0);
        }
        treeOf(result.value.profile);
      }),
      { numRuns: 500 },
    );
  });

  it('does not know other files', () => {
    for (const other of [
      'a;b 1\n',
      '{"version":1}',
      '\u0089PNG\r\n\u001a\n',
      '\u007fELF\u0002\u0001\u0001',
      'PK\u0003\u0004',
    ]) {
      expect(pprofImporter.read(toBytes(other), testContext)).toBeUndefined();
    }
  });

  it('refuses more call paths than the limit', () => {
    const result = importProfile(smallPprof(), [pprofImporter], { ...testContext, callPathLimit: 2 });
    expect(result).toMatchObject({ ok: false, failure: { code: 'too-large' } });
  });

  it('writes the program before its libraries and what is no file, so that pprof names it', () => {
    const files = ['[kernel]', '/lib/libc.so.6', '/usr/bin/python3.11'];
    const ids = files.map((_, index) => index + 1);
    const file = smallPprof({
      sample: len(2, [...len(1, ids), ...len(2, [5])]),
      mapping: ids.flatMap((id) => len(3, [...num(1, id), ...num(5, 4 + id)])),
      locations: ids.flatMap((id) => len(4, [...num(1, id), ...num(2, id), ...len(4, num(1, 1))])),
      strings: ['', 'cpu', 'ns', 'main', 'work', ...files].flatMap((text) => len(6, text)),
    });
    const written = PprofProfile.decode(writePprof(readOrThrow(pprofImporter, file).profile, toText));
    expect(written.mapping.map(({ filename }) => written.stringTable.strings[Number(filename)])).toEqual([
      '/usr/bin/python3.11',
      '/lib/libc.so.6',
      '[kernel]',
    ]);
  });

  it('keeps everything on the way out and in again', () => {
    fc.assert(
      fc.property(anyProfile, (profile) => {
        const again = readOrThrow(pprofImporter, writePprof(profile, toText));
        expect(describeProfile(again.profile)).toEqual(describeProfile(profile));
        expect(again.warnings).toEqual([]);
      }),
    );
  });
});
