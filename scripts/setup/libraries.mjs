import { findProgram } from './paths.mjs';
import { electronPath } from './electron-runtime.mjs';
import { commandLine, missingPackages } from './system-packages.mjs';
import { openStamp } from './stamp.mjs';

/** The names under which others carry the libraries of the `run` group. Written from their catalogues, never run. */
const elsewhere = [
  'Fedora: sudo dnf install gtk3 nss alsa-lib mesa-libgbm libdrm at-spi2-atk cups-libs libxkbcommon libXcomposite libXdamage libXrandr libXScrnSaver libXtst libsecret',
  'Arch: sudo pacman -S --needed gtk3 nss alsa-lib mesa libdrm at-spi2-core libcups libxkbcommon libxcomposite libxdamage libxrandr libxss libxtst libsecret',
];

/**
 * Asks the dynamic linker whether the runtime can start here at all; the list of packages is only our idea of it.
 *
 * @returns {import('../stages.mjs').Stage}
 */
export function librariesStage() {
  return {
    name: 'libraries',
    needs: ['electron', 'system packages'],
    async run({ exec, note }) {
      if (process.platform !== 'linux' || findProgram(['ldd']) === undefined)
        return { mark: 'ready', text: 'not asked' };
      const electron = electronPath();
      const stamp = openStamp('libraries', { inputs: [], outputs: [electron, '/etc/ld.so.cache'] });
      if (stamp.fresh) return { mark: 'ready', text: 'all there' };
      const missing = parseMissingLibraries(await exec('ldd', [electron]));
      if (missing.length === 0) {
        stamp.save();
        return { mark: 'ready', text: 'all there' };
      }
      const packages = await missingPackages(['run']);
      if (packages && packages.length > 0) note(`  to install them: ${commandLine(packages.map(({ name }) => name))}`);
      else for (const line of elsewhere) note(`  ${line}`);
      throw new Error(`Electron cannot start without these system libraries: ${missing.join(', ')}`);
    },
  };
}

/**
 * @param {string} output of ldd
 * @returns {string[]} names such as libnss3.so
 */
export function parseMissingLibraries(output) {
  return [...output.matchAll(/^\s*(\S+) => not found$/gm)].map((match) => match[1] ?? '');
}
