import { toBytes } from '../../profile/testing/pictures.js';

/** Protobuf by hand, for files that no encoder would write. */
export function varint(value: number | bigint): number[] {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  return [...bytes, Number(rest)];
}

/** A varint field. */
export const num = (field: number, value: number | bigint): number[] => [...varint(field * 8), ...varint(value)];

/** A field with a length: a message, a string or packed numbers. */
export const len = (field: number, content: readonly number[] | string): number[] => {
  const bytes = typeof content === 'string' ? Array.from(toBytes(content)) : content;
  return [...varint(field * 8 + 2), ...varint(bytes.length), ...bytes];
};

/** The parts of a small sound profile: "main;work" with 5 samples; string 1 "cpu", 2 "ns", 3 "main", 4 "work", 5 "/bin/app". */
export const parts = {
  sampleType: len(1, [...num(1, 1), ...num(2, 2)]),
  sample: len(2, [...len(1, [2, 1]), ...len(2, varint(5))]),
  mapping: len(3, [...num(1, 1), ...num(5, 5)]),
  locations: [
    ...len(4, [...num(1, 1), ...num(2, 1), ...num(3, 0x1000), ...len(4, [...num(1, 1), ...num(2, 10)])]),
    ...len(4, [...num(1, 2), ...num(2, 1), ...num(3, 0x2000), ...len(4, [...num(1, 2), ...num(2, 20)])]),
  ],
  functions: [...len(5, [...num(1, 1), ...num(2, 3)]), ...len(5, [...num(1, 2), ...num(2, 4)])],
  strings: ['', 'cpu', 'ns', 'main', 'work', '/bin/app'].flatMap((text) => len(6, text)),
} as const;

/** The whole small profile, with parts replaced. */
export function smallPprof(replaced: Partial<Record<keyof typeof parts, readonly number[]>> = {}): Uint8Array {
  return Uint8Array.from(Object.values({ ...parts, ...replaced }).flat());
}

/** Files that are broken on purpose, by what is wrong with them. Both readers must answer alike. */
export const brokenFiles: Readonly<Record<string, Uint8Array>> = {
  'a sound file': smallPprof(),
  'no samples': smallPprof({ sample: [] }),
  'no strings': smallPprof({ strings: [] }),
  'no sample types': smallPprof({ sampleType: [] }),
  'too many sample types': smallPprof({ sampleType: Array.from({ length: 257 }, () => parts.sampleType).flat() }),
  'a first string that is not empty': smallPprof({
    strings: ['oops', 'cpu', 'ns', 'main', 'work', '/bin/app'].flatMap((text) => len(6, text)),
  }),
  'a string index past the table': smallPprof({ functions: len(5, [...num(1, 1), ...num(2, 99)]) }),
  'a negative string index': smallPprof({ functions: len(5, [...num(1, 1), ...num(2, -1)]) }),
  'strings that stand there twice': smallPprof({
    strings: ['', 'cpu', 'ns', 'main', 'main', '/bin/app'].flatMap((text) => len(6, text)),
  }),
  'a string that is not UTF-8': smallPprof({
    strings: [...parts.strings.slice(0, -10), ...len(6, [0xff, 0xfe, 0x80])],
  }),
  'a sample at an unknown location': smallPprof({ sample: len(2, [...len(1, [2, 77, 1]), ...len(2, [5])]) }),
  'a sample at location 0': smallPprof({ sample: len(2, [...len(1, [0]), ...len(2, [5])]) }),
  'a sample without frames': smallPprof({ sample: len(2, len(2, [5])) }),
  'a sample without values': smallPprof({ sample: len(2, len(1, [2, 1])) }),
  'a sample with two values': smallPprof({ sample: len(2, [...len(1, [2, 1]), ...len(2, [5, 6])]) }),
  'a negative value': smallPprof({ sample: len(2, [...len(1, [2, 1]), ...len(2, varint(-5))]) }),
  'the largest value': smallPprof({ sample: len(2, [...len(1, [2, 1]), ...len(2, varint(2n ** 63n - 1n))]) }),
  'samples with labels': smallPprof({
    sample: [1, 2].flatMap(() => len(2, [...len(1, [2, 1]), ...len(2, [5]), ...len(3, [...num(1, 3), ...num(2, 4)])])),
  }),
  'labels without a key, twice in a sample, and as numbers': smallPprof({
    sample: [
      len(2, [...len(1, [2, 1]), ...len(2, [5]), ...len(3, num(2, 4)), ...len(3, num(1, 3)), ...len(3, num(1, 3))]),
      len(2, [...len(1, [2, 1]), ...len(2, [7]), ...len(3, [...num(1, 3), ...num(3, -7), ...num(4, 2)])]),
      len(2, [...len(1, [2, 1]), ...len(2, [9]), ...len(3, [...num(1, 3), ...num(2, 4), ...num(3, 1), ...num(4, 2)])]),
      len(2, [...len(1, [1]), ...len(2, [1]), ...len(3, [...num(1, 99), ...num(2, 99), ...num(4, 99)])]),
    ].flat(),
  }),
  'fields that are not packed': smallPprof({ sample: len(2, [...num(1, 2), ...num(1, 1), ...num(2, 5)]) }),
  'numbers longer than they need be': smallPprof({
    sample: len(2, [...len(1, [0x82, 0x80, 0x80, 0x80, 0x80, 0x00, 1]), ...len(2, [5])]),
  }),
  'an id of ten bytes': smallPprof({
    sample: len(2, [...len(1, varint(2n ** 64n - 1n)), ...len(2, [5])]),
    locations: len(4, [...num(1, 2n ** 64n - 1n), ...num(3, 2n ** 64n - 1n)]),
  }),
  'two locations with one id': smallPprof({ locations: [...parts.locations, ...parts.locations] }),
  'a location without id': smallPprof({ locations: len(4, num(3, 0x1000)) }),
  'a location in an unknown mapping': smallPprof({ mapping: [] }),
  'a location without lines': smallPprof({ locations: len(4, [...num(1, 1), ...num(2, 1), ...num(3, 0x1000)]) }),
  'a line of an unknown function': smallPprof({ functions: [] }),
  'a function with a system name only': smallPprof({
    functions: [...len(5, [...num(1, 1), ...num(3, 3)]), ...len(5, num(1, 2))],
  }),
  'addresses that are named by themselves': smallPprof({
    sample: [...len(2, [...len(1, [2, 1]), ...len(2, [5])]), ...len(2, [...len(1, [1]), ...len(2, [7])])],
    strings: ['', 'cpu', 'ns', 'app+0x1a2b', 'app+0x', '/bin/app'].flatMap((text) => len(6, text)),
  }),
  'a line number that is none': smallPprof({
    locations: len(4, [...num(1, 1), ...len(4, [...num(1, 1), ...num(2, -7)])]),
  }),
  'inlined lines': smallPprof({
    locations: len(4, [...num(1, 1), ...len(4, [...num(1, 2), ...num(2, 7)]), ...len(4, [...num(1, 1), ...num(2, 9)])]),
  }),
  recursion: smallPprof({ sample: len(2, [...len(1, [1, 2, 1, 2, 1, 1]), ...len(2, [5])]) }),
  facts: Uint8Array.from([
    ...smallPprof(),
    ...num(9, 1_795_320_152_123_456_789n),
    ...num(10, 15_000_000_000),
    ...len(11, [...num(1, 1), ...num(2, 2)]),
    ...num(12, 10_309_278),
    ...len(13, [3, 4]),
    ...num(13, 5),
    ...num(14, 1),
  ]),
  'negative facts': Uint8Array.from([...smallPprof(), ...num(9, -1), ...num(10, -1), ...num(12, -1)]),
  'a comment past the table': Uint8Array.from([...smallPprof(), ...num(13, 4711)]),
  'a field that pprof may get': Uint8Array.from([
    ...smallPprof(),
    ...num(500, 1),
    ...len(501, 'x'),
    0x81,
    0x7d,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
  ]),
  'an unknown small field in a sample': smallPprof({
    sample: len(2, [...len(1, [2, 1]), ...len(2, [5]), ...num(9, 4)]),
  }),
  'an unknown large field in a sample': smallPprof({
    sample: len(2, [...len(1, [2, 1]), ...len(2, [5]), ...num(99, 4)]),
  }),
  'a fixed-width field in a sample': smallPprof({ sample: len(2, [...len(1, [2, 1]), 0x4d, 1, 2, 3, 4]) }),
  'a group': Uint8Array.from([...smallPprof(), 0xa3, 0x06]),
  'field number 0': Uint8Array.from([...smallPprof(), 0x02, 0x00]),
  'a string where a number belongs': Uint8Array.from([...smallPprof(), ...len(9, 'x')]),
  'a number where a message belongs': Uint8Array.from([...smallPprof(), ...num(4, 1)]),
  'a number where a line belongs': smallPprof({ locations: len(4, [...num(1, 1), ...num(4, 1)]) }),
  'a varint of eleven bytes': Uint8Array.from([...smallPprof(), 0x48, ...Array.from({ length: 10 }, () => 0x80), 1]),
  'a varint that overflows': Uint8Array.from([...smallPprof(), 0x48, ...Array.from({ length: 9 }, () => 0xff), 0x7f]),
  'a length past the end': Uint8Array.from([...smallPprof(), 0x12, 0x7f, 1]),
  'a length past everything': Uint8Array.from([...smallPprof(), 0x12, ...varint(2n ** 64n - 1n)]),
  'a tag that no number holds exactly': Uint8Array.from([...smallPprof(), ...varint(2n ** 62n + 657n), 1, 0x48, 1]),
  'a tag that overflows': Uint8Array.from([...smallPprof(), 0xc8, ...Array.from({ length: 8 }, () => 0x80), 0x02, 5]),
  'a length that overflows': Uint8Array.from([
    ...smallPprof(),
    ...[0x32, 0x82, ...Array.from({ length: 8 }, () => 0x80), 0x02],
    ...[104, 105],
  ]),
  'a nested length past its message': smallPprof({ sample: len(2, [0x0a, 0x20, 1]) }),
};
