import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { defaultSettings } from '../contract/settings.js';
import { SettingsFile } from './settings-file.js';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pyrometer-settings-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

it('keeps what was chosen last, for its user only', async () => {
  const path = join(folder, 'settings.json');
  const file = new SettingsFile(path);
  expect(file.settings).toEqual(defaultSettings);
  file.save({ ...defaultSettings, theme: 'light' });
  file.save({ ...defaultSettings, theme: 'dark' });
  await file.flush();
  expect(new SettingsFile(path).settings).toEqual({ ...defaultSettings, theme: 'dark' });
  expect((await stat(path)).mode & 0o077).toBe(0);
});

it('begins afresh from a damaged file, and leaves it alone until something is chosen', async () => {
  const path = join(folder, 'settings.json');
  await writeFile(path, '{"version":1,');
  expect(new SettingsFile(path).settings).toEqual(defaultSettings);
  expect(await readFile(path, 'utf8')).toBe('{"version":1,');
});
