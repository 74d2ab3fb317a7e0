import { electronMajor } from './electron-runtime.mjs';
import { fromRoot, root } from './paths.mjs';
import { filesBelow, openStamp } from './stamp.mjs';

/** The file that runs the command line under plain Node. */
export const cliPath = fromRoot('out/main/cli.js');

const outputs = [
  fromRoot('out/main/index.js'),
  cliPath,
  fromRoot('out/preload/index.cjs'),
  fromRoot('out/renderer/index.html'),
  fromRoot('out/share/page.js'),
];

const sharedPageConfig = 'src/renderer/share/vite.config.ts';

/**
 * The app, built by electron-vite for the Electron that is installed, and the script of shared pages, built by Vite.
 *
 * @returns {import('../stages.mjs').Stage}
 */
export function buildStage() {
  return {
    name: 'build',
    needs: ['dependencies', 'electron'],
    async run({ begin, detail, exec }) {
      const settings = { electronMajor: electronMajor() };
      const inputs = [
        ...filesBelow(fromRoot('src'), isBuildInput),
        ...['electron.vite.config.ts', 'package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.base.json'].map(
          (name) => fromRoot(name),
        ),
      ];
      const stamp = openStamp('build', { inputs, outputs, settings });
      if (stamp.fresh) return { mark: 'ready', text: 'built' };
      stamp.clear();
      begin('electron-vite build');
      const options = { cwd: root, env: { ELECTRON_MAJOR_VER: settings.electronMajor, NODE_ENV: 'production' } };
      await exec(process.execPath, [fromRoot('node_modules/electron-vite/bin/electron-vite.js'), 'build'], options);
      detail('shared page');
      await exec(
        process.execPath,
        [fromRoot('node_modules/vite/bin/vite.js'), 'build', '--config', sharedPageConfig],
        options,
      );
      stamp.save();
      return { mark: 'done', text: `for Electron ${settings.electronMajor}` };
    },
  };
}

/** @param {string} path */
function isBuildInput(path) {
  return !/\.test\.tsx?$/.test(path) && !path.startsWith(fromRoot('src/native'));
}
