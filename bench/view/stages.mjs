import { buildStage } from '../../scripts/setup/build.mjs';
import { displayStage } from '../../scripts/setup/display.mjs';
import { electronStage } from '../../scripts/setup/electron-runtime.mjs';
import { librariesStage } from '../../scripts/setup/libraries.mjs';
import { systemPackagesStage } from '../../scripts/setup/system-packages.mjs';

/** The app as it is shipped, and what opens its window without a screen. */
export const stages = () => [
  systemPackagesStage({
    groups: ['run', 'display'],
    yes: Boolean(process.env['CI']) || process.argv.includes('--yes'),
  }),
  displayStage(),
  electronStage(),
  buildStage(),
  librariesStage(),
];
