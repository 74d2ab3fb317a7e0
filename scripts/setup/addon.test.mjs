import { expect, test } from 'vitest';
import { compileArguments, isAddonSource } from './addon.mjs';

test('tests and fuzz targets are no part of the addon', () => {
  const names = [
    'binding.cc',
    'core/reader.cc',
    'core/reader_test.cc',
    'fuzz_pprof.cc',
    'test_main.cc',
    'core/reader.h',
  ];
  expect(names.filter(isAddonSource)).toEqual(['binding.cc', 'core/reader.cc']);
});

test('libdeflate is linked behind the sources that need it, and only where it is', () => {
  const args = (/** @type {boolean} */ libdeflate, /** @type {NodeJS.Platform} */ platform) =>
    compileArguments({ sources: ['src/native/a.cc'], libdeflate, output: 'out.node', platform });
  const linux = args(true, 'linux');
  expect(linux.indexOf('-ldeflate')).toBeGreaterThan(linux.indexOf('src/native/a.cc'));
  expect(linux).toContain('-DPYROMETER_LIBDEFLATE');
  expect(linux.slice(-2)).toEqual(['-o', 'out.node']);
  expect(args(false, 'linux').join(' ')).not.toMatch(/deflate/i);
  expect(args(false, 'darwin')[0]).toBe('-bundle');
});
