import { expect, test } from 'vitest';
import { pinned, placeOfWheelFile } from './pyspy.mjs';

test('of a wheel the program and its licence are taken, and nothing else', () => {
  const place = (/** @type {string} */ name) => placeOfWheelFile(name, 'linux-amd64');
  expect(place('py_spy-0.4.3.data/scripts/py-spy')).toBe('linux-amd64/py-spy');
  expect(place('py_spy-0.4.3.dist-info/licenses/LICENSE')).toBe('LICENSE');
  expect(place('py_spy-0.4.3.dist-info/RECORD')).toBeUndefined();
  expect(place('../py_spy-0.4.3.data/scripts/py-spy')).toBeUndefined();
});

test('every kind of target has a wheel of its own hash', () => {
  expect(pinned.wheels.map(({ target }) => target)).toEqual([
    'linux-amd64',
    'linux-arm64',
    'darwin-amd64',
    'darwin-arm64',
  ]);
  expect(new Set(pinned.wheels.map(({ sha256 }) => sha256)).size).toBe(4);
});
