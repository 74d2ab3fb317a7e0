import { describe, expect, it } from 'vitest';
import type { Profile } from '../../profile/profile.js';
import { nameOfFunction, pictureOfTree, toBytes, treeOf } from '../../profile/testing/pictures.js';
import { foldedImporter } from '../folded.js';
import { pprofImporter } from '../pprof/read.js';
import { importProfile } from '../importing.js';
import { readOrThrow, testContext } from '../testing/context.js';
import { mojoImporter } from './mojo.js';
import { austinTextImporter } from './text.js';

const draw = (profile: Profile, valueIndex = 0): string =>
  pictureOfTree(treeOf(profile, valueIndex), (index) => nameOfFunction(profile, index));

/** An integer as Austin writes it. */
function integer(value: bigint | number): readonly number[] {
  let rest = BigInt(value) < 0n ? -BigInt(value) : BigInt(value);
  const bytes = [Number(rest & 0x3fn) | (BigInt(value) < 0n ? 0x40 : 0)];
  for (rest >>= 6n; rest > 0n; rest >>= 7n) {
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) | 0x80;
    bytes.push(Number(rest & 0x7fn));
  }
  return bytes;
}
const text = (value: string): readonly number[] => [...toBytes(value), 0];
const mojo = (version: number, ...events: readonly (readonly number[])[]): Uint8Array =>
  Uint8Array.from([...toBytes('MOJ'), ...integer(version), ...events.flat()]);

const metadata = (name: string, value: string) => [1, ...text(name), ...text(value)];
const stack = (pid: number) => [2, ...integer(pid), ...integer(0), ...text('7f00')];
const string = (key: bigint, value: string) => [11, ...integer(key), ...text(value)];
const frame = (key: bigint, file: bigint, name: bigint, line: number) => [
  ...[3, ...integer(key), ...integer(file), ...integer(name), ...integer(line)],
  ...[...integer(line), ...integer(1), ...integer(9)],
];
const ref = (key: bigint) => [5, ...integer(key)];
const memory = (bytes: number) => [10, ...integer(bytes)];
const time = (us: number) => [9, ...integer(us)];

/** Addresses that differ in their last bit only, beyond what a number holds. */
const [high, higher] = [(1n << 62n) + 1n, (1n << 62n) + 2n];
const shop = [string(2n, '/app/shop.py'), string(high, 'list_orders'), string(higher, 'load')];

describe("Austin's binary form", () => {
  it('tells what memory grew by from what it shrank by', () => {
    const { format, profile, warnings } = readOrThrow(
      mojoImporter,
      mojo(
        ...([3, metadata('austin', '4.0.0'), metadata('mode', 'memory'), metadata('interval', '1000')] as const),
        ...[stack(42), ...shop, frame(high, 2n, high, 12), ref(high), memory(8_000_000_000)],
        ...[stack(42), frame(higher, 2n, higher, 30), ref(high), ref(higher), memory(-4096)],
        ...[stack(42), ref(high), memory(1)],
      ),
    );
    expect(format).toBe('Austin');
    expect(warnings).toEqual([]);
    expect(profile.sampleTypes).toEqual([
      { type: 'rss_growth', unit: 'bytes' },
      { type: 'rss_shrinkage', unit: 'bytes' },
    ]);
    expect(draw(profile, 0)).toBe('all 8000000001\n  list_orders 8000000001 self 8000000001\n    load 0');
    expect(draw(profile, 1)).toBe('all 4096\n  list_orders 4096\n    load 4096 self 4096');
    expect(profile).toMatchObject({ period: 1e6, comments: ['austin: 4.0.0', 'mode: memory', 'interval: 1000'] });
  });

  it('holds names of one process apart from those of another', () => {
    const { profile } = readOrThrow(
      mojoImporter,
      mojo(
        ...([3, metadata('mode', 'wall')] as const),
        ...[stack(1), string(2n, 'a.py'), string(3n, 'one'), frame(9n, 2n, 3n, 1), ref(9n), time(5)],
        ...[stack(2), string(2n, 'b.py'), string(3n, 'two'), frame(9n, 2n, 3n, 1), ref(9n), time(7)],
      ),
    );
    expect(draw(profile)).toBe('all 12000\n  one 5000 self 5000\n  two 7000 self 7000');
  });

  it('has time, its busy part and memory in full mode, and the older forms of stacks and frames', () => {
    const old = [3, ...integer(9), ...integer(2), ...integer(3), ...integer(1)];
    const oldStack = [2, ...integer(1), ...text('7f')];
    const { profile } = readOrThrow(
      mojoImporter,
      mojo(
        ...([1, metadata('mode', 'full'), oldStack, string(2n, 'a.py'), string(3n, 'one'), old] as const),
        ...[ref(9n), time(5), memory(64), oldStack, ref(9n), [7], [8], time(7), memory(0)],
      ),
    );
    expect(profile.sampleTypes.map(({ type }) => type)).toEqual(['cpu', 'wall', 'rss_growth', 'rss_shrinkage']);
    expect(draw(profile, 0)).toBe('all 5000\n  one 5000 self 5000\n    <garbage collection> 0');
    expect(draw(profile, 1)).toBe('all 12000\n  one 12000 self 5000\n    <garbage collection> 7000 self 7000');
  });

  it('repeats the stack of a thread but for native frames, and keeps tasks that wait apart', () => {
    const names = [
      string(2n, 'a.py'),
      string(3n, 'one'),
      string(4n, 'libc.so'),
      string(5n, 'read'),
      string(6n, 'write'),
    ];
    const frames = [frame(9n, 2n, 3n, 1), frame(10n, 4n, 5n, 0), frame(11n, 4n, 6n, 0)];
    const thread = (name: string) => [2, ...integer(1), ...integer(0), ...text(name)];
    const repeat = [13];
    const task = [14, ...integer(400), ...integer(3)];
    const { profile, warnings } = readOrThrow(
      mojoImporter,
      mojo(
        // Tasks may be told before a process has a stack.
        ...([
          4,
          metadata('mode', 'wall'),
          string(7n, 'main.py'),
          frame(12n, 7n, 7n, 1),
          task,
          ref(12n),
          time(70),
        ] as const),
        ...[thread('A'), ...names, ...frames, ref(9n), ref(10n), time(5)],
        ...[thread('B'), ref(12n), time(3)],
        ...[thread('A'), task, ref(12n), time(1000), [15, ...integer(400), ...integer(401)], repeat, ref(11n), time(7)],
        ...[thread('B'), repeat, time(2)],
        ...[thread('A'), repeat, time(1)],
      ),
    );
    expect(draw(profile)).toBe(
      [
        'all 18000',
        '  one 13000 self 1000',
        '    read 5000 self 5000',
        '    write 7000 self 7000',
        '  main.py 5000 self 5000',
      ].join('\n'),
    );
    expect(warnings).toEqual([
      'The file says 2 times what a task of asyncio waits in; that is no sample and was left out.',
    ]);
  });

  it('is read as far as it goes', () => {
    const whole = mojo(
      3,
      metadata('mode', 'wall'),
      stack(1),
      string(2n, 'a'),
      frame(9n, 2n, 2n, 1),
      ref(9n),
      time(300),
    );
    const cut = Uint8Array.from([...whole, ...stack(1), ...ref(9n), 9]);
    expect(readOrThrow(mojoImporter, cut).warnings).toEqual([
      'The file ends inside an event; what was before it was read.',
    ]);
    const strange = Uint8Array.from([...whole, 99, ...stack(1)]);
    expect(readOrThrow(mojoImporter, strange).warnings).toEqual([
      `An unknown event stands at byte ${whole.length}; what follows was left out.`,
    ]);
    const code = (bytes: Uint8Array): unknown => {
      const read = importProfile(bytes, [mojoImporter], testContext);
      return read.ok ? 'ok' : read.failure.code;
    };
    expect(code(toBytes('MOJ'))).toBe('bad-profile');
    expect(code(mojo(9))).toBe('unsupported');
    expect(code(mojo(3, metadata('mode', 'wall')))).toBe('bad-profile');
  });

  it('costs what it is long: a repeated stack is not copied', () => {
    const names = [string(2n, 'a.py'), string(3n, 'one'), frame(9n, 2n, 3n, 1)];
    const deep = Array.from({ length: 200_000 }, () => ref(9n)).flat();
    // Each of them twice: by copies the stack would be twice as deep each time.
    const repeats = Array.from({ length: 60 }, () => [...stack(1), 13, 13, ...time(1)]);
    const { profile } = readOrThrow(
      mojoImporter,
      mojo(4, metadata('mode', 'wall'), stack(1), ...names, deep, time(1), ...repeats),
    );
    expect(profile.stacks.prefix.length).toBe(200_001);
    expect([...profile.samples.stack]).toEqual([200_000]);
    expect([...(profile.samples.values[0] ?? [])]).toEqual([61_000]);
  });

  it('takes no time that is negative, and keeps so much of what it says of itself', () => {
    const many = Array.from({ length: 1000 }, (_, index) => metadata(`key${index}`, 'x'));
    const { profile } = readOrThrow(
      mojoImporter,
      mojo(3, metadata('duration', '1e308'), ...many, stack(1), [7], time(-5), stack(1), [7], time(7)),
    );
    expect(draw(profile)).toBe('all 7000\n  <garbage collection> 7000 self 7000');
    expect(profile.comments).toHaveLength(100);
    expect(profile.durationNs).toBe(0);
  });

  it('tells a damaged file from one that ends', () => {
    const begins = mojo(3, metadata('mode', 'wall'), stack(1), [7], time(300));
    const damaged = Uint8Array.from([...begins, ...stack(1), 9, ...new Uint8Array(40).fill(0xff), 1]);
    expect(readOrThrow(mojoImporter, damaged).warnings).toEqual([
      expect.stringMatching(/^The file is damaged at byte \d+; what was before it was read\.$/),
    ]);
  });

  it('leaves text to others that begins as it does', () => {
    const folded = toBytes('MOJO_main;work 3\n');
    expect(mojoImporter.read(folded, testContext)).toBeUndefined();
    expect(foldedImporter.read(folded, testContext)).toBeDefined();
  });

  it('is no pprof', () => {
    expect(pprofImporter.read(mojo(3, metadata('mode', 'wall')), testContext)).toBeUndefined();
  });
});

describe("Austin's text", () => {
  const read = (lines: string): ReturnType<typeof readOrThrow> => readOrThrow(austinTextImporter, toBytes(lines));

  it('is no folded stack: bytes may be fewer, and lines of a function are one function', () => {
    const { profile, warnings } = read(
      '# austin: 3.7.0\n# interval: 1000\n# mode: memory\n\nP7;T0:9;/app/C: shop.py:list:12;/app/db.py:load:3 4096\n' +
        'P7;T0:9;/app/C: shop.py:list:14 512\r\nP7;T0:9;/app/C: shop.py:list:12 -128\nnonsense\n# duration: 5000\n',
    );
    expect(draw(profile, 0)).toBe('all 4608\n  list 4608 self 512\n    load 4096 self 4096');
    expect(draw(profile, 1)).toBe('all 128\n  list 128 self 128\n    load 0');
    expect(profile.durationNs).toBe(5_000_000);
    expect(warnings).toEqual(["1 line is no stack of Austin's; left out."]);
  });

  it('is known without its header, and has three numbers in full mode', () => {
    expect(draw(read('P7;T9;a.py:one:1 30\n').profile)).toBe('all 30000\n  one 30000 self 30000');
    const { profile } = read('# austin: 3.7.0\n# mode: full\nP7;T9;a.py:one:1 30,1,-5\nP7;T9;a.py:one:1 10,0,0\n');
    expect([0, 1, 2, 3].map((index) => treeOf(profile, index).total[0])).toEqual([10_000, 40_000, 0, 5]);
  });

  it.each(['9'.repeat(310), '1e308', '9007199254740993', '0x10', '', '1,2'])('takes no %j for a measure', (measure) => {
    const { profile, warnings } = read(`# austin: 3.7.0\nP7;T9;a.py:one:1 ${measure}\nP7;T9;a.py:one:1 1\n`);
    expect(draw(profile)).toBe('all 1000\n  one 1000 self 1000');
    expect(warnings).toHaveLength(1);
  });

  it.each(['1e308,0,0', '-5,0,0', ',,', '1,0', '1,0,0,0'])('has no time by %s in full mode', (measure) => {
    const { profile } = read(`# austin: 3.7.0\n# mode: full\nP7;T9;a.py:one:1 ${measure}\nP7;T9;a.py:one:1 1,0,0\n`);
    expect([0, 1].map((index) => treeOf(profile, index).total[0])).toEqual([1000, 1000]);
  });

  it('reads a header line of blanks once, not from each of them', () => {
    const blanks = ' '.repeat(100_000);
    const { profile } = read(`# austin: 3.7.0\n#${blanks}x\n# a:${blanks}x\ry\n# mode: cpu\nP7;T9;a.py:one:1 1\n`);
    expect(profile.sampleTypes.map(({ type }) => type)).toEqual(['cpu']);
  });

  it('leaves other text to others', () => {
    for (const other of ['main;work 3\n', '# by hand\nmain 1\n', 'P7 is not a stack 3\n']) {
      expect(austinTextImporter.read(toBytes(other), testContext)).toBeUndefined();
      expect(foldedImporter.read(toBytes(other), testContext)).toBeDefined();
    }
  });
});
