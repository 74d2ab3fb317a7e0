import type { Page } from 'playwright-core';
import { beforeEach, onTestFailed } from 'vitest';
import type { App } from '../app';

/**
 * Takes a picture of the window whenever a test of the file fails, test-results/NAME-failed.png; then closes what the test had opened, so
 * that its second try begins in the window.
 */
export function pictureFailures(app: () => App): void {
  beforeEach(() => {
    onTestFailed(async () => {
      await app().screenshot('failed');
      await letGo(app().window);
    });
  });
}

/** A drag that was not ended, a key that is held, dialogs and menus over the window. */
async function letGo(page: Page): Promise<void> {
  await page.mouse.up();
  for (const key of ['Shift', 'Control']) await page.keyboard.up(key);
  const open = page.getByRole('dialog').or(page.getByRole('menu'));
  for (let tries = 0; tries < 3 && (await open.count()) > 0; tries++) await page.keyboard.press('Escape');
}
