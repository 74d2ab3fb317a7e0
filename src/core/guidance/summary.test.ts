import { describe, expect, it } from 'vitest';
import { matchFunctions } from '../flame/match-functions.js';
import { frameKindIndex } from '../flame/frame-kinds.js';
import { layoutFlame } from '../flame/layout.js';
import type { NamedPlace } from '../flame/packages.js';
import { searchFlame } from '../flame/search.js';
import { frameTable, type FrameTable } from '../operations/frames.js';
import type { CallTree } from '../profile/call-tree.js';
import { nameOfFunction, profileFromPicture, treeOf } from '../profile/testing/pictures.js';
import { summaryWords } from './summary-words.js';
import { summariseTree } from './summary.js';

const python = '/usr/lib/python3.11';
const libpython = '/usr/lib/libpython3.11.so.1.0';

/** Where the functions of the pictures lie; all others are nowhere known. */
const places: Readonly<Record<string, Omit<NamedPlace, 'name'>>> = {
  ...Object.fromEntries(
    ['dumps', 'encode', 'iterencode'].map((name) => [name, { file: `${python}/json/encoder.py`, library: '' }]),
  ),
  ...Object.fromEntries(
    ['orders', 'invoice', 'report'].map((name) => [name, { file: '/srv/shop/views.py', library: '' }]),
  ),
  handle: { file: '/srv/venv/site-packages/gunicorn/workers/base.py', library: '' },
  eval: { file: '', library: libpython },
  gc_collect_main: { file: '', library: libpython },
  c_make_encoder: { file: '', library: `${python}/lib-dynload/_json.cpython-311-x86_64-linux-gnu.so` },
  memcpy: { file: '', library: '/lib/x86_64-linux-gnu/libc.so.6' },
  inflate: { file: '', library: '/usr/lib/libz.so.1' },
  'libz.so.1+0x1a2b': { file: '', library: '/usr/lib/libz.so.1' },
  tcp_sendmsg: { file: '', library: '[kernel]' },
  '[stack cut: no vma]': { file: '', library: '[error]' },
};

function read(picture: string): { readonly tree: CallTree; readonly frames: FrameTable } {
  const profile = profileFromPicture(picture);
  const frames = frameTable(profile.functions.name.length, (index) => {
    const name = nameOfFunction(profile, index);
    return { name, file: '', library: '', ...places[name] };
  });
  return { tree: treeOf(profile), frames };
}

const words = (picture: string): string => {
  const { tree, frames } = read(picture);
  return summaryWords(summariseTree(tree, frames)).replaceAll('\u00a0', ' ');
};

const cases: readonly (readonly [string, string, string])[] = [
  [
    'a package that works, and who calls it; the framework that passes everything on is not told of',
    `
    41          20          19       20
    handle      handle      handle   handle
    orders      invoice     report   orders
    dumps       dumps       inflate
    iterencode  encode`,
    '61.0 % in json, most of it in iterencode, called from 2 places; 19.0 % in libz, most of it in inflate, called from 1 place.',
  ],
  [
    'what interpreter, accelerators and C library do is of their caller',
    `
    30      30              30      10
    orders  orders          orders  orders
    eval    dumps           dumps   memcpy
            eval            memcpy
            c_make_encoder`,
    '60.0 % in json, most of it in dumps, called from 1 place.',
  ],
  [
    'a package that calls itself over others counts once',
    `
    10      10
    dumps   dumps
    orders
    dumps`,
    '100.0 % in json, most of it in dumps.',
  ],
  [
    'places from which next to nothing comes are not counted',
    `
    199     1        300
    orders  invoice  report
    dumps   dumps`,
    '100.0 % in shop, most of it in report; 40.0 % in json, most of it in dumps, called from 1 place.',
  ],
  [
    'collector, kernel, names that are missing, and stacks that were cut',
    `
    70      6                13           8                 3
    orders  orders           orders       orders            orders
            gc_collect_main  tcp_sendmsg  libz.so.1+0x1a2b  [stack cut: no vma]
            gc_collect_main`,
    '100.0 % in shop, most of it in orders; 8.0 % in libz, called from 1 place; 6.0 % garbage collection; 13.0 % in the kernel; 8.0 % not named; 3.0 % in stacks that were cut.',
  ],
  [
    'an address with named callees is no time without a name',
    `
    10
    libz.so.1+0x1a2b
    inflate`,
    '100.0 % in libz, most of it in inflate.',
  ],
  [
    'functions where no packages are known',
    `
    70    20    10
    main  main  main
    read  sum`,
    '70.0 % in read, called from 1 place; 20.0 % in sum, called from 1 place.',
  ],
  [
    'work that is spread thin',
    `
    4  4  4  4  4  4  4  4  4  4  4  4  4  4  4  4  4  4  4  4  4  4  4  4  4
    a  b  c  d  e  f  g  h  i  j  k  l  m  n  o  p  q  r  s  t  u  v  w  x  y`,
    'No package does much of the work itself.',
  ],
];

describe('summariseTree', () => {
  it.each(cases)('tells %s', (_, picture, expected) => {
    expect(words(picture)).toBe(expected);
  });

  it('says nothing of nothing', () => {
    const { tree, frames } = read('');
    expect(summariseTree(tree, frames)).toEqual([]);
  });

  it.each(cases)('has queries that find what it tells: %s', (_, picture) => {
    const { tree, frames } = read(picture);
    const { graph } = layoutFlame(tree);
    const all = Array.from({ length: frames.count }, (__, index) => frames.frameAt(index));
    const functions = {
      names: all.map(({ name }) => name),
      packages: all.map(({ packageName }) => packageName),
      kinds: Uint8Array.from(all, ({ kind }) => frameKindIndex(kind)),
    };
    for (const { kind, query, mode, share } of summariseTree(tree, frames)) {
      const matches = matchFunctions(functions, query, mode);
      if (matches === null) throw new Error(`${query} is no query`);
      const found = searchFlame(graph, matches);
      // Below an address that nothing names may lie what has one.
      if (kind === 'unnamed') expect(found.share).toBeGreaterThanOrEqual(share);
      else expect(found.share).toBeCloseTo(share);
    }
  });
});
