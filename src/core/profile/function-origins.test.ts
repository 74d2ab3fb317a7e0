import { describe, expect, it } from 'vitest';
import { createProfileBuilder, type ProfileBuilder } from './builder.js';
import { functionOrigins } from './function-origins.js';
import type { Profile } from './profile.js';

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

function built(fill: (builder: ProfileBuilder) => void): Profile {
  const builder = createProfileBuilder(1);
  fill(builder);
  return builder.freeze({
    sampleTypes: [{ type: 'samples', unit: 'count' }],
    defaultValueIndex: 0,
    timeNs: 0,
    durationNs: 0,
    period: 0,
    periodType: undefined,
    comments: [],
  });
}

/** A mapping and a function in it, with a location for each line. */
function add(
  builder: ProfileBuilder,
  path: string,
  buildId: string,
  name: string,
  lines: number[],
  startLine = 0,
): number {
  const library = builder.string(bytes(path));
  const mapping = builder.mapping({
    start: 0n,
    limit: 0n,
    offset: 0n,
    file: library,
    buildId: builder.string(bytes(buildId)),
  });
  const index = builder.function({ name: builder.string(bytes(name)), systemName: 0, file: 0, library, startLine });
  for (const line of lines) {
    builder.location(mapping, 0n);
    builder.line(index, line);
  }
  return index;
}

describe('functionOrigins', () => {
  it('takes the line where a function begins, else the lines that were seen', () => {
    const { firstLine, lastLine } = functionOrigins(
      built((builder) => {
        add(builder, '/bin/a', 'id-a', 'seen', [40, 12, 0, 33]);
        add(builder, '/bin/a', 'id-a', 'told', [40, 12], 10);
        add(builder, '/bin/a', 'id-a', 'unknown', [0]);
      }),
    );
    expect([...firstLine]).toEqual([0, 12, 10, 0]);
    expect([...lastLine]).toEqual([0, 40, 10, 0]);
  });

  it('names the build of a library only when it is one', () => {
    const profile = built((builder) => {
      expect(add(builder, '/bin/a', 'id-a', 'one', [1, 2])).toBe(1);
      expect(add(builder, '/bin/b', 'id-b', 'two', [1])).toBe(2);
      expect(add(builder, '/bin/b', 'id-c', 'two', [1])).toBe(2);
      expect(add(builder, '/bin/b', 'id-b', 'two', [1])).toBe(2);
      expect(add(builder, '/bin/d', '', 'none', [1])).toBe(3);
    });
    const { buildId } = functionOrigins(profile);
    const { blob, offsets } = profile.strings;
    const text = (index: number): string =>
      String.fromCharCode(...blob.subarray(offsets[index] ?? 0, offsets[index + 1] ?? 0));
    expect([...buildId].map(text)).toEqual(['', 'id-a', '', '']);
  });
});
