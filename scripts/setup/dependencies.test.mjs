import { expect, test } from 'vitest';
import { isInstalled } from './dependencies.mjs';

const locked = {
  packages: {
    '': { version: '0.1.0' },
    'node_modules/react': { version: '19.3.1', integrity: 'sha512-a' },
    'node_modules/fsevents': { version: '2.3.3', integrity: 'sha512-b', optional: true },
  },
};

test('what npm installed is enough when only packages of other platforms are missing', () => {
  const react = { 'node_modules/react': { version: '19.3.1', integrity: 'sha512-a' } };
  expect(isInstalled(locked, { packages: react })).toBe(true);
  expect(isInstalled(locked, { packages: {} })).toBe(false);
});

test('another version, another content or a leftover package is not what was locked', () => {
  const react = (/** @type {object} */ change) => ({
    packages: { 'node_modules/react': { version: '19.3.1', integrity: 'sha512-a', ...change } },
  });
  expect(isInstalled(locked, react({ version: '18.0.0' }))).toBe(false);
  expect(isInstalled(locked, react({ integrity: 'sha512-evil' }))).toBe(false);
  const more = { packages: { ...react({}).packages, 'node_modules/vue': { version: '3.0.0' } } };
  expect(isInstalled(locked, more)).toBe(false);
});
