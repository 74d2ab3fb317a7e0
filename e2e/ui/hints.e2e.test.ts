import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect, inject, test } from 'vitest';
import { launchApp } from '../app';
import { repositoryFolder } from '../world/support/places';
import { drive } from './driver';

const world = inject('world');
const goCpu = join(repositoryFolder, 'src/core/formats/testdata/go-cpu.pb.gz');

const title = (page: Page): Promise<string> => page.locator('.hint-title').innerText();

test('each part is explained once at the first start, by keyboard too, and never again', async () => {
  const first = await launchApp({ world, name: 'hints', args: [goCpu], firstStart: true });
  try {
    const { window } = first;
    await drive(window).graph();
    await expect.poll(() => title(window)).toBe('Targets');
    await first.screenshot('1-targets');
    // The hint takes no focus, and can be reached without a mouse.
    expect(await window.evaluate(() => document.activeElement?.closest('.hint') === null)).toBe(true);
    await window.getByRole('button', { name: 'Got it' }).focus();
    await window.keyboard.press('Enter');
    await expect.poll(() => title(window)).toBe('Flame graph');
    await first.screenshot('2-flame');
    await window.getByRole('button', { name: 'Got it' }).focus();
    await window.keyboard.press('Escape');
    await expect.poll(() => title(window)).toBe('Search');
    await first.screenshot('3-search');
  } finally {
    await first.dispose();
  }
  const again = await launchApp({ world, name: 'hints-again', args: [goCpu], home: first.home });
  try {
    const { window } = again;
    await drive(window).graph();
    await expect.poll(() => title(window)).toBe('Search');
    await window.getByRole('button', { name: 'No hints' }).click();
    await expect.poll(() => window.locator('.hint').count()).toBe(0);
    await window.getByRole('tab', { name: 'Table' }).click();
    await window.getByRole('table', { name: 'Functions' }).waitFor();
    expect(await window.locator('.hint').count()).toBe(0);
  } finally {
    await again.dispose();
  }
});
