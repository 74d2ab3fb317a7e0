import * as fc from 'fast-check';
import { createProfileBuilder } from '../builder.js';
import type { NewLabel } from '../label-builder.js';
import type { Profile } from '../profile.js';
import { toBytes } from './pictures.js';

/** What a random profile is made of; small name spaces, so that stacks share prefixes and functions recur. */
export const anyStacks = fc.array(
  fc.record({
    frames: fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 8 }),
    values: fc.tuple(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 5_000_000_000 })),
    labels: fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 3 }),
  }),
  { maxLength: 40 },
);

/**
 * Profiles with two sample types, inlined lines, mappings, high addresses and unnamed locations.
 * Location n of the seven has n % 3 lines; one without lines is an address that nothing names. Labels are texts, and numbers with and
 * without a unit.
 */
export const anyProfile: fc.Arbitrary<Profile> = anyStacks.map((stacks) => {
  const builder = createProfileBuilder(2);
  const names = ['main', 'run', 'read', 'write', 'parse', 'wait', 'poll'].map((name) => builder.string(toBytes(name)));
  const library = builder.string(toBytes('/usr/lib/libc.so.6'));
  const mapping = builder.mapping({
    start: 0x7f00_0000_0000n,
    limit: 0x7f00_0010_0000n,
    offset: 4096n,
    file: library,
    buildId: builder.string(toBytes('abc123')),
  });
  const file = builder.string(toBytes('app.c'));
  const locations = names.map((name, n) => {
    const location = builder.location(n % 2 === 0 ? mapping : 0, 0xffff_ffff_8100_0000n + BigInt(n));
    const unnamed = { name: 0, systemName: 0, file: 0, library: n % 2 === 0 ? library : 0, startLine: 0 };
    if (n % 3 === 0) builder.line(builder.function(unnamed), 0);
    for (let line = 0; line < n % 3; line++) {
      const inlined = names[(n + line) % names.length] ?? name;
      builder.line(builder.function({ name: inlined, systemName: 0, file, library: 0, startLine: n }), n + line);
    }
    return location;
  });
  const [thread, size, unit] = ['thread', 'size', 'bytes'].map((text) => builder.string(toBytes(text)));
  const labelOf = (n: number): NewLabel =>
    n < 3
      ? { key: thread ?? 0, text: names[n] ?? 0, number: 0n, unit: 0 }
      : {
          key: size ?? 0,
          text: 0,
          number: [7n, 2n ** 40n, 2n ** 62n - 1n][n - 3] ?? 0n,
          unit: n === 3 ? 0 : (unit ?? 0),
        };
  for (const { frames, values, labels } of stacks) {
    let stack = 0;
    for (const frame of frames) stack = builder.stack(stack, locations[frame] ?? 0);
    builder.sample(stack, values, labels.map(labelOf));
  }
  return builder.freeze({
    sampleTypes: [
      { type: 'samples', unit: 'count' },
      { type: 'cpu', unit: 'nanoseconds' },
    ],
    defaultValueIndex: 1,
    timeNs: 1_795_320_152_000_000_000,
    durationNs: 15_000_000_000,
    period: 10_309_278,
    periodType: { type: 'cpu', unit: 'nanoseconds' },
    comments: ['made at random'],
  });
});
