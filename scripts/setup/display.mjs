import { packageGroups } from './package-groups.mjs';
import { findProgram, fromRoot } from './paths.mjs';
import { commandLine } from './system-packages.mjs';

/**
 * Whether a window can be opened without a screen. What is missing then is told in a sentence, where starting Xvfb would only say ENOENT.
 *
 * @param {(names: readonly string[]) => string | undefined} [find]
 * @returns {import('../stages.mjs').Stage}
 */
export function displayStage(find = findProgram) {
  return {
    name: 'display',
    needs: ['system packages'],
    run() {
      if (find(['Xvfb']) !== undefined) return Promise.resolve({ mark: 'ready', text: 'Xvfb' });
      const names = packageGroups.display.packages.map(({ name }) => name);
      const install = commandLine(names).replace(`${fromRoot()}/`, '');
      return Promise.reject(
        new Error(
          process.platform === 'linux'
            ? `there is no Xvfb on PATH, which opens the window without a screen; install it (${install}) or say --yes`
            : 'the window is measured under Xvfb, which is for Linux',
        ),
      );
    },
  };
}
