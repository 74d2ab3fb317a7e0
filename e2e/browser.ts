import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { chromium, type Page } from 'playwright-core';

/** A file in a browser that has no network. */
export interface OfflinePage {
  readonly page: Page;
  /** Addresses that the page asked for beside itself; a self-contained one asks for none. */
  readonly requests: readonly string[];
  /** Errors of its scripts and of its console. */
  readonly errors: readonly string[];
  dispose(): Promise<void>;
}

const programs = ['/usr/bin/chromium', '/usr/bin/google-chrome', '/usr/bin/chromium-browser'];

/** Opens a file on disk in the system's Chromium, headless and offline, and waits until it has loaded. */
export async function openOffline(path: string): Promise<OfflinePage> {
  const executablePath = programs.find((program) => existsSync(program));
  if (executablePath === undefined) throw new Error(`no Chromium: none of ${programs.join(', ')} is there`);
  // Its sandbox refuses root, and the page is our own.
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
  try {
    const context = await browser.newContext({ offline: true, viewport: { width: 1280, height: 800 } });
    const page = await context.newPage();
    const requests: string[] = [];
    const errors: string[] = [];
    const address = pathToFileURL(path).href;
    page.on('request', (request) => {
      const url = request.url();
      if (url !== address && !url.startsWith('data:') && !url.startsWith('blob:')) requests.push(url);
    });
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text());
    });
    await page.goto(address, { waitUntil: 'load' });
    return { page, requests, errors, dispose: () => browser.close() };
  } catch (error) {
    await browser.close();
    throw error;
  }
}
