import { describe, expect, it } from 'vitest';
import { frameKindIndex, type FrameKind } from './frame-kinds.js';
import { hasTrait, type FrameTrait } from './frame-traits.js';
import { matchFunctions, queryProblem } from './match-functions.js';
import type { SearchMode } from './match-names.js';

const table: readonly (readonly [string, string, FrameKind])[] = [
  ['all', '', 'unknown'],
  ['dumps', 'json', 'python'],
  ['is_ready', 'app', 'python'],
  ['tcp_sendmsg', 'kernel', 'kernel'],
  ['libz.so.1+0x1a2b', 'libz', 'native'],
  ['package:json', '', 'unknown'],
];
const functions = {
  names: table.map(([name]) => name),
  packages: table.map(([, packageName]) => packageName),
  kinds: Uint8Array.from(table, ([, , kind]) => frameKindIndex(kind)),
};
const found = (query: string, mode: SearchMode = 'plain'): readonly string[] | null => {
  const matches = matchFunctions(functions, query, mode);
  return matches === null ? null : functions.names.filter((_, index) => matches[index] === 1);
};

describe('matchFunctions', () => {
  it.each<[string, SearchMode, readonly string[] | null]>([
    ['package:json', 'plain', ['dumps']],
    ['package:jso', 'plain', []],
    ['package:', 'plain', ['package:json']], // still being typed
    ['package:json', 'regex', ['package:json']],
    ['is:kernel', 'plain', ['tcp_sendmsg']],
    ['is:unnamed', 'plain', ['libz.so.1+0x1a2b']],
    ['is', 'plain', ['is_ready']],
    ['is:', 'plain', []],
    ['dump', 'plain', ['dumps']],
    ['(', 'regex', null],
    ['', 'plain', []],
  ])('%j, %s', (query, mode, expected) => {
    expect(found(query, mode)).toEqual(expected);
    expect(queryProblem(query, mode) === undefined).toBe(expected !== null);
  });
});

describe('hasTrait', () => {
  it.each<[FrameTrait, FrameKind, string, boolean]>([
    ['gc', 'native', 'gc_collect_main', true],
    ['gc', 'native', 'collect_with_callback', true],
    ['gc', 'native', '_PyObject_GC_New', false],
    ['gc', 'native', 'v8::internal::Heap::CollectGarbage', true],
    ['gc', 'native', 'v8::internal::ScavengerCollector::CollectGarbage', true],
    ['gc', 'native', 'v8::internal::Heap::AllocateRaw', false],
    ['gc', 'native', 'G1ParTask::work', true],
    ['gc', 'native', 'ZMark::drain', true],
    ['gc', 'native', 'Zone::New', false],
    ['gc', 'go', 'runtime.gcBgMarkWorker', true],
    ['gc', 'go', 'runtime.gcBgMarkWorker.func2', true],
    ['gc', 'go', 'runtime.mallocgc', false],
    ['gc', 'native', 'WKS::gc_heap::mark_phase', true],
    ['gc', 'native', 'zend_gc_collect_cycles', true],
    ['gc', 'python', 'gc_collect_main', false],
    ['kernel', 'kernel', 'schedule', true],
    ['unnamed', 'native', '[libc.so.6]', true],
    ['unnamed', 'kernel', '[kernel]', true],
    ['unnamed', 'native', 'nginx+0x4f', true],
    ['unnamed', 'native', 'operator+', false],
    ['unnamed', 'python', '<module>', false],
    ['unnamed', 'error', '[stack cut: no vma]', false],
    ['cut', 'error', '[stack cut: no vma]', true],
  ])('%s of a %s frame %s: %s', (trait, kind, name, expected) => {
    expect(hasTrait({ name, kind }, trait)).toBe(expected);
  });
});
