import { expect, test } from 'vitest';
import { displayStage } from './display.mjs';
import { packageGroups, packagesOf } from './package-groups.mjs';

const context = /** @type {import('../stages.mjs').StageContext} */ ({});

test('a display that cannot be had is told in a sentence that installs it', async () => {
  expect(await displayStage(() => '/usr/bin/Xvfb').run(context)).toEqual({ mark: 'ready', text: 'Xvfb' });
  const refused = displayStage(() => undefined).run(context);
  await expect(refused).rejects.toThrow(
    process.platform === 'linux' ? /no Xvfb on PATH.*apt-install\.sh xvfb xauth/ : /for Linux/,
  );
});

test('the display is a group of its own, and packages stand in one group', () => {
  expect(packageGroups.display.packages.map(({ name }) => name)).toEqual(['xvfb', 'xauth']);
  const names = packagesOf(/** @type {(keyof typeof packageGroups)[]} */ (Object.keys(packageGroups))).map(
    ({ name }) => name,
  );
  expect(new Set(names).size).toBe(names.length);
});
