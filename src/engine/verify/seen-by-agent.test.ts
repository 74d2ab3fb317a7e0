import { create, toBinary } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { ProfileSchema } from '../gen/google/v1/profile_pb.js';
import { seenByAgent } from './seen-by-agent.js';

const strings = [
  '',
  '[python]',
  'libpython.so',
  'main',
  'parse',
  'eval',
  '/app.py',
  'end_timestamp_ns',
  'tid',
  '<interpreter trampoline>',
];
const text = (value: string): bigint => BigInt(strings.indexOf(value));
/** Locations: 1 main, 2 parse, 3 native, 4 where C enters the interpreter. */
const names = ['main', 'parse', 'eval', '<interpreter trampoline>'];
const startNs = 1_795_320_152_000_000_000n;

/** A recording: samples as [milliseconds, thread, locations with the leaf first]. */
function recording(samples: readonly (readonly [number, number, readonly number[]])[]): Uint8Array {
  return toBinary(
    ProfileSchema,
    create(ProfileSchema, {
      stringTable: strings,
      period: 10_000_000n,
      mapping: [
        { id: 1n, filename: text('[python]') },
        { id: 2n, filename: text('libpython.so') },
      ],
      function: names.map((name, index) => ({ id: BigInt(index + 1), name: text(name), filename: text('/app.py') })),
      location: names.map((name, index) => ({
        id: BigInt(index + 1),
        mappingId: name === 'eval' ? 2n : 1n,
        line: [{ functionId: BigInt(index + 1), line: BigInt(10 + index) }],
      })),
      sample: samples.map(([ms, thread, locations]) => ({
        locationId: locations.map(BigInt),
        value: [1n, 10_000_000n],
        label: [
          { key: text('end_timestamp_ns'), num: startNs + BigInt(ms) * 1_000_000n },
          { key: text('tid'), num: BigInt(thread) },
        ],
      })),
    }),
  );
}

const second = { fromNs: startNs, toNs: startNs + 1_000_000_000n };

test('has the Python frames of the span, outermost first, and counts equal stacks', () => {
  const bytes = recording([
    [-1, 7, [3, 2, 3, 1, 3]],
    [0, 7, [3, 2, 3, 1, 3]],
    [10, 7, [2, 1, 4]],
    [20, 7, [3, 1]],
    [1000, 7, [1]],
  ]);
  const main = { name: 'main', file: '/app.py', line: 10 };
  expect(seenByAgent(bytes, second)).toEqual({
    stacks: [
      { frames: [main, { name: 'parse', file: '/app.py', line: 11 }], samples: 2 },
      { frames: [main], samples: 1 },
    ],
    without: 0,
    coresPerSample: 0.01,
  });
});

test('stacks without Python count where their thread runs Python', () => {
  const bytes = recording([
    [0, 7, [1]],
    [1, 7, [3]],
    [2, 7, [4, 3]],
    [3, 8, [3]],
  ]);
  expect(seenByAgent(bytes, second)).toMatchObject({ without: 2, stacks: [{ samples: 1 }] });
});

test('nothing recorded is nothing seen', () => {
  expect(seenByAgent(recording([]), second)).toMatchObject({ stacks: [], without: 0 });
});
