import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { launchApp, type App } from '../app';
import { drive } from './driver';

const world = inject('world');
let app: App;

/** Names with signs that the font joins, that are cut, and in letters that are left to the browser. */
const stacks = [
  'std::vector<int>::push_back(int const&);a->b => c != d;__init__ (views.py:3) 40',
  'std::vector<int>::push_back(int const&);www.0xFF /* 1x2 */ {|x|} <=> ..= 25',
  'github.com/acme/shop/internal/checkout.(*Order_7).Total~[ ]@"\'`%&^#;größer als λ 20',
  'net/http.(*conn).serve;runtime.mallocgc;0123456789 AVATAR Wafting fi ffl 15',
  ...Array.from({ length: 12 }, (_, at) => `many;v${at}::are<cut>->where()? 25`),
];

beforeAll(async () => {
  const folder = join(world.path, 'tmp', 'lettering');
  const file = join(folder, 'names.folded');
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, `${stacks.join('\n')}\n`);
  for (const each of [folder, file]) chownSync(each, world.users.desk.uid, world.users.desk.gid);
  app = await launchApp({ world, name: 'lettering', args: [file] });
});

afterAll(async () => {
  await app.dispose();
});

test('names stand in the picture as the browser itself draws them', async () => {
  const { window: page } = app;
  await drive(page).graph();
  const seen = await page.evaluate(async () => {
    const canvas = document.querySelector<HTMLCanvasElement>('[aria-label="Flame graph"] canvas');
    const box = canvas?.parentElement;
    if (canvas === null || !box) throw new Error('there is no graph');
    const frames = async (): Promise<void> => {
      for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame);
    };
    // Names are lettered anew when the font has come.
    await document.fonts.ready;
    let drawnByBrowser = 0;
    // eslint-disable-next-line @typescript-eslint/unbound-method -- called with what it was called with
    const { fillText } = CanvasRenderingContext2D.prototype;
    CanvasRenderingContext2D.prototype.fillText = function (...text) {
      if (this.canvas === canvas) drawnByBrowser += 1;
      fillText.apply(this, text);
    };
    /** Another size and back, which makes all that is drawn with anew. */
    const drawn = async (): Promise<{ readonly data: Uint8ClampedArray; readonly byBrowser: number }> => {
      box.style.marginRight = '8px';
      await frames();
      drawnByBrowser = 0;
      box.style.marginRight = '';
      await frames();
      const data = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data;
      return { data: data ?? new Uint8ClampedArray(), byBrowser: drawnByBrowser };
    };
    const lettered = await drawn();
    const names = Number(canvas.dataset['names']);
    // eslint-disable-next-line @typescript-eslint/unbound-method -- as above
    const { getContext } = HTMLCanvasElement.prototype;
    HTMLCanvasElement.prototype.getContext = function (this: HTMLCanvasElement, ...asked: unknown[]): unknown {
      const [, settings] = asked as [string, CanvasRenderingContext2DSettings | undefined];
      return settings?.willReadFrequently === true ? null : (Reflect.apply(getContext, this, asked) as unknown);
    } as typeof getContext;
    const browsers = await drawn();
    let farthest = 0;
    let ink = 0;
    for (let at = 0; at < browsers.data.length; at++) {
      farthest = Math.max(farthest, Math.abs((lettered.data[at] ?? 0) - (browsers.data[at] ?? 0)));
      if (browsers.data[at] !== browsers.data[0]) ink += 1;
    }
    return { names, farthest, ink, lettered: lettered.byBrowser, browsers: browsers.byBrowser };
  });
  await app.screenshot('lettering');
  expect(seen.names).toBeGreaterThan(18);
  expect(seen.ink).toBeGreaterThan(10_000);
  // All but one, of which not all letters are known one by one; then all of them.
  expect(seen.lettered).toBeLessThan(seen.browsers / 4);
  expect(seen.browsers).toBeGreaterThanOrEqual(seen.names);
  expect(seen.farthest).toBeLessThanOrEqual(2);
});
