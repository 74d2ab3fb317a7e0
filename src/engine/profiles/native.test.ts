import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Result } from '../../contract/result.js';
import { writePprof } from '../../core/formats/pprof/write.js';
import { brokenFiles, len, num, smallPprof } from '../../core/formats/testing/wire.js';
import { alignTrees } from '../../core/compare/align-trees.js';
import { layoutFlame } from '../../core/flame/layout.js';
import { createProfileBuilder } from '../../core/profile/builder.js';
import { callTreeOf } from '../../core/profile/call-tree.js';
import { toText, treeOf } from '../../core/profile/testing/pictures.js';
import { anyProfile } from '../../core/profile/testing/random-profile.js';
import type { Profile } from '../../core/profile/profile.js';
import type { DecodedProfile } from './decode.js';
import { typeScriptDecoder } from './decoder.js';
import { loadDecoder } from './native.js';

const native = loadDecoder();
const reference = typeScriptDecoder('it is the reference');
const isNative = !native.description.startsWith('TypeScript');

/** All of an outcome but who made it. */
const outcomeOf = (result: Result<DecodedProfile>): unknown =>
  result.ok ? { ...result.value, decodedBy: '' } : result.failure;

describe('the addon', () => {
  it('loads', (context) => {
    if (!isNative && process.env['CI'] === undefined) context.skip(native.description);
    expect(native.description).toMatch(/^the native addon \(.*pyrometer\.node\)$/);
  });

  it('that is not there is told of with every path', () => {
    const { description } = loadDecoder('/nowhere');
    expect(description).toMatch(
      /^TypeScript, because the addon did not load \(tried \/nowhere\/.*pyrometer\.node: not there\)$/,
    );
  });
});

describe.runIf(isNative)('the addon and the reference agree', () => {
  it.each(Object.keys(brokenFiles))('on %s', async (name) => {
    const bytes = brokenFiles[name] ?? new Uint8Array();
    expect(outcomeOf(await native.decode(bytes))).toEqual(outcomeOf(await reference.decode(bytes)));
  });

  it('on every cut of a file', async () => {
    const whole = brokenFiles['facts'] ?? new Uint8Array();
    for (let length = 0; length < whole.length; length++) {
      const cut = whole.slice(0, length);
      expect(outcomeOf(await native.decode(cut))).toEqual(outcomeOf(await reference.decode(cut)));
    }
  });

  it('on random profiles, column by column, and on their layouts', async () => {
    await fc.assert(
      fc.asyncProperty(anyProfile, async (profile) => {
        const bytes = writePprof(profile, toText);
        const one = await native.decode(bytes);
        const other = await reference.decode(bytes);
        expect(outcomeOf(one)).toEqual(outcomeOf(other));
        if (!one.ok) return;
        const tree = callTreeOf(one.value.profile, one.value.nodes, 1);
        expect(await native.layout(tree)).toEqual(layoutFlame(tree));
        const total = tree.total[0] ?? 0;
        for (const part of [
          { narrowest: total / 9, from: 0, to: total, most: 1000 },
          { narrowest: 1, from: total / 3, to: total / 2, most: 1000 },
          { narrowest: 0, from: 0, to: Infinity, most: 1 + (tree.nodeCount >> 1) },
        ]) {
          expect(await native.layout(tree, undefined, part)).toEqual(layoutFlame(tree, part));
        }
      }),
    );
  });

  it('on so many samples that several threads read them', async () => {
    const locations = Array.from({ length: 120 }, (_, n) =>
      len(4, [...num(1, n + 1), ...num(3, 0x1000 + n), ...len(4, num(1, 1 + (n % 2)))]),
    ).flat();
    let state = 97;
    const below = (limit: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return (state >>> 8) % limit;
    };
    // Some dangle, some have a value too many.
    const samples = Array.from({ length: 20_000 }, () => {
      const ids = Array.from({ length: below(9) }, () => (below(900) === 0 ? 127 : 1 + below(120)));
      const label = below(3) === 0 ? len(3, [...num(1, 3), ...num(3, below(40))]) : [];
      return len(2, [...len(1, ids), ...len(2, below(900) === 0 ? [1, 2] : [below(100)]), ...label]);
    });
    const bytes = smallPprof({ locations, sample: samples.flat() });
    const read = outcomeOf(await native.decode(bytes));
    expect(read).toEqual(outcomeOf(await reference.decode(bytes)));
    expect(read).toMatchObject({ warnings: [expect.any(String), expect.any(String)] });
  });

  it('on stacks with ids of several bytes, of which the last ones are alike', async () => {
    const anyIds = fc.array(fc.array(fc.constantFrom(1, 2, 129, 130, 257, 258, 300), { maxLength: 6 }), {
      minLength: 2,
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(anyIds, async (stacks) => {
        const builder = createProfileBuilder(1);
        const nameOf = (n: number): number => builder.string(new TextEncoder().encode(`f${n}`));
        for (let n = 1; n <= 300; n++) {
          builder.location(0, BigInt(n));
          builder.line(builder.function({ name: nameOf(n), systemName: 0, file: 0, library: 0, startLine: 0 }), 0);
        }
        for (const ids of stacks) {
          builder.sample(
            ids.reduce((prefix, id) => builder.stack(prefix, id), 0),
            [1],
          );
        }
        const bytes = writePprof(
          builder.freeze({
            sampleTypes: [{ type: 'samples', unit: 'count' }],
            defaultValueIndex: 0,
            timeNs: 0,
            durationNs: 0,
            period: 0,
            periodType: undefined,
            comments: [],
          }),
          toText,
        );
        expect(outcomeOf(await native.decode(bytes))).toEqual(outcomeOf(await reference.decode(bytes)));
      }),
    );
  });

  it('on files with bytes changed at random', async () => {
    const changes = fc.array(fc.tuple(fc.nat(10_000), fc.nat(255)), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...Object.values(brokenFiles)), changes, async (file, changed) => {
        const bytes = file.slice();
        for (const [at, value] of changed) bytes[at % bytes.length] = value;
        expect(outcomeOf(await native.decode(bytes))).toEqual(outcomeOf(await reference.decode(bytes)));
      }),
      { numRuns: 1000 },
    );
  });

  it('on compressed files, whole, in members, damaged and cut off', async () => {
    const [one, other] = [smallPprof().slice(0, 30), smallPprof().slice(30)].map((part) => gzipSync(part));
    if (one === undefined || other === undefined) throw new Error('two parts');
    const gz = gzipSync(smallPprof());
    const damaged = Buffer.from(gz);
    damaged[20] = (damaged[20] ?? 0) ^ 0xff;
    const files = [
      gz,
      Buffer.concat([one, other]),
      Buffer.concat([gz, Buffer.from('trailing bytes')]),
      damaged,
      gz.subarray(0, 30),
      gz.subarray(0, gz.length - 3),
      Buffer.from([0x1f, 0x8b]),
      gzipSync(Buffer.alloc(65 * 1024 * 1024)),
      gzipSync(Buffer.alloc(3 * 1024 * 1024, 'main;work 1\n')),
    ];
    for (const file of files) {
      const [ours, theirs] = [await native.decode(file), await reference.decode(file)];
      if (ours.ok || theirs.ok) expect(outcomeOf(ours)).toEqual(outcomeOf(theirs));
      else expect(ours.failure.message).toBe(theirs.failure.message);
    }
  });

  it('on two trees as one, also where functions of a side become one', async () => {
    const numbers = fc.array(fc.nat(5), { minLength: 64, maxLength: 64 });
    await fc.assert(
      fc.asyncProperty(anyProfile, anyProfile, numbers, numbers, async (one, other, first, second) => {
        const side = (profile: Profile, mapped: readonly number[]) => ({
          tree: treeOf(profile),
          toMerged: Uint32Array.from(profile.functions.name, (_, index) =>
            index === 0 ? 0 : 1 + (mapped[index % mapped.length] ?? 0),
          ),
        });
        const [comparison, baseline] = [side(one, first), side(other, second)];
        expect(await native.align(comparison, baseline, 7)).toEqual(alignTrees(comparison, baseline, 7));
      }),
    );
  });

  it('on what did not move between two sides', async () => {
    const nodes = fc.array(fc.tuple(fc.nat(1000), fc.nat(300), fc.nat(300)), { minLength: 1, maxLength: 300 });
    const worth = fc.integer({ min: 1, max: 1_000_000 });
    await fc.assert(
      fc.asyncProperty(nodes, worth, worth, async (drawn, before, after) => {
        const parent = Uint32Array.from(drawn, ([caller], node) => (node === 0 ? 0 : caller % node));
        const baseline = Float64Array.from(drawn, ([, one]) => one * before);
        const comparison = Float64Array.from(drawn, ([, , other]) => other * after);
        const given = [baseline, comparison, parent, [before, after]] as const;
        const [ours, theirs] = [await native.reference(...given), await reference.reference(...given)];
        if (ours === undefined || theirs === undefined) expect(ours).toEqual(theirs);
        else {
          expect(ours.factor).toBeCloseTo(theirs.factor, 12);
          expect(ours.error).toBeCloseTo(theirs.error, 12);
        }
      }),
    );
  });

  it('on trees that no profile has', async () => {
    const bad = {
      nodeCount: 2,
      functionIndex: Uint32Array.of(0, 1),
      parent: Uint32Array.of(0, 0),
      depth: Uint32Array.of(0, 1),
      subtreeEnd: Uint32Array.of(2, 9),
      total: Float64Array.of(1, 1),
      self: Float64Array.of(0, 1),
    };
    await expect(native.layout(bad)).rejects.toThrow('unsound');
    const side = { tree: bad, toMerged: Uint32Array.of(0, 1) };
    await expect(native.align(side, side, 2)).rejects.toThrow('unsound');
    await expect(native.reference(bad.self, bad.self, Uint32Array.of(0, 1), [1, 1])).rejects.toThrow('unsound');
  });
});
