import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { integrityOf, placeOfRuntimeFile } from './electron-carried.mjs';
import { planRuntime } from './electron-runtime.mjs';

const base = { wish: undefined, enginesNode: '>= 22.12.0', carriedHere: true, named: '45.4.1' };

test('the official binary comes first where Node is new enough, the carried one behind it', () => {
  expect(planRuntime({ ...base, nodeVersion: '22.12.0' })).toMatchObject({ official: true, carried: true });
  expect(planRuntime({ ...base, nodeVersion: '24.1.0', carriedHere: false })).toMatchObject({
    official: true,
    carried: false,
  });
});

test('an older Node gets the carried runtime and the reason, or a sentence that says what to do', () => {
  for (const nodeVersion of ['20.20.2', '22.11.9']) {
    const plan = planRuntime({ ...base, nodeVersion });
    expect(plan).toEqual({
      official: false,
      carried: true,
      reason: `Electron 45.4.1 wants Node 22.12 or newer, this is ${nodeVersion}`,
    });
  }
  const none = planRuntime({ ...base, nodeVersion: '20.20.2', carriedHere: false });
  expect(none).toMatchObject({ official: false, carried: false });
  expect(none.reason).toMatch(/install a newer Node$/);
});

test('a wish is followed', () => {
  expect(planRuntime({ ...base, nodeVersion: '24.0.0', wish: 'carried' })).toMatchObject({
    official: false,
    carried: true,
  });
  expect(planRuntime({ ...base, nodeVersion: '20.20.2', wish: 'official' })).toMatchObject({
    official: true,
    carried: false,
  });
});

test("of the carrier only the bare runtime is taken, with Electron's names and licences", () => {
  expect(placeOfRuntimeFile('Cypress/Cypress')).toBe('electron');
  expect(placeOfRuntimeFile('Cypress/LICENSE.electron.txt')).toBe('LICENSE');
  expect(placeOfRuntimeFile('Cypress/LICENSES.chromium.html')).toBe('LICENSES.chromium.html');
  expect(placeOfRuntimeFile('Cypress/locales/en-US.pak')).toBe('locales/en-US.pak');
  for (const left of [
    'Cypress/resources/app/index.js',
    'Cypress/resources/app-update.yml',
    'Cypress/browser_v8_context_snapshot.bin',
    'other/x',
  ]) {
    expect(placeOfRuntimeFile(left)).toBeUndefined();
  }
});

test("integrity is written as npm's lock files write it", async () => {
  const folder = mkdtempSync(join(tmpdir(), 'integrity-'));
  try {
    writeFileSync(join(folder, 'empty'), '');
    expect(await integrityOf(join(folder, 'empty'))).toBe(
      'sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==',
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
