import type { Page } from 'playwright-core';

/**
 * Notes what a window asks the decoder, which has the profiles, from now on; answers what says which calls these were. (Links is
 * asked for news by and by, whatever is done.)
 */
export async function watchDecoder(page: Page): Promise<() => Promise<readonly string[]>> {
  await page.evaluate(() => {
    const watched = window as Window & { asked?: string[] };
    const asked: string[] = [];
    watched.asked = asked;
    const post = Reflect.get(MessagePort.prototype, 'postMessage') as (...args: unknown[]) => void;
    MessagePort.prototype.postMessage = function (...args: unknown[]): void {
      // React schedules itself by a port as well, with null.
      const name = (args[0] as { name?: unknown } | null)?.name;
      if (typeof name === 'string') asked.push(name);
      post.apply(this, args);
    };
  });
  return async () => {
    const asked = await page.evaluate(() => (window as Window & { asked?: string[] }).asked ?? []);
    return asked.filter((name) => /^(?:view|profile)\./.test(name));
  };
}
