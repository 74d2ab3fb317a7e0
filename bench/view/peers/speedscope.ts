import { join } from 'node:path';
import { query, type OpenViewer } from '../viewer.js';
import { openPage } from './shell.js';

const release = join(import.meta.dirname, '../node_modules/speedscope/dist/release/index.html');

/** speedscope as its package carries it. Left heavy, its own order by weight, stands for a transform. */
export const openSpeedscope: OpenViewer = async (place) => {
  const window = await openPage(place, release, 'text=speedscope');
  const { page } = window;
  const graphAt = { x: 600, y: 400 };
  return {
    window,
    graphAt,
    open: async (file) => {
      // Its tabs come with the profile.
      const ms = await window.timed(
        'drop',
        ({ drop }) => drop(file, graphAt),
        `document.body.textContent.includes('Left Heavy')`,
      );
      await page.mouse.move(graphAt.x, graphAt.y);
      return ms;
    },
    transform: () => window.timed('keydown', ({ press }) => press('2'), 'true'),
    search: async () => {
      await page.keyboard.press('Control+f');
      await page.keyboard.type(query.begin);
      return window.timed('keydown', ({ press }) => press(query.last), 'true');
    },
  };
};
