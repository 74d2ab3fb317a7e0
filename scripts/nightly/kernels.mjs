import { findProgram, fromRoot, root } from '../setup/paths.mjs';

/**
 * The agent on kernels other than this machine's, in virtual machines.
 *
 * @returns {import('../stages.mjs').Stage}
 */
export function kernelsStage() {
  return {
    name: 'kernels',
    needs: ['agents', 'build'],
    async run({ begin, exec }) {
      if (process.platform !== 'linux' || process.arch !== 'x64')
        return { mark: 'skipped', text: 'needs Linux on amd64' };
      if (process.getuid?.() !== 0) return { mark: 'skipped', text: 'needs root, to make a root file system' };
      const missing = ['qemu-system-x86_64', 'qemu-aarch64-static', 'mmdebstrap'].find((each) => !findProgram([each]));
      if (missing !== undefined) return { mark: 'skipped', text: `needs ${missing}` };
      begin('Linux in qemu');
      const args = ['run', '--config', 'e2e/vitest.config.ts', '--project', 'kernels'];
      await exec(process.execPath, [fromRoot('node_modules/vitest/vitest.mjs'), ...args], { cwd: root, show: true });
      return undefined;
    },
  };
}
