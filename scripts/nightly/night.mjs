import { fromRoot, root } from '../setup/paths.mjs';

/**
 * The end-to-end tests that take minutes a file: e2e/**\/*.night.test.ts.
 *
 * @returns {import('../stages.mjs').Stage}
 */
export function nightStage() {
  return {
    name: 'e2e night',
    needs: ['test servers', 'agents', 'addon', 'build'],
    async run({ begin, exec }) {
      begin('in a world');
      await exec(process.execPath, [fromRoot('e2e/run.mjs'), '--project', 'night', '--retry=1'], {
        cwd: root,
        timeoutMs: 90 * 60_000,
        graceMs: 90_000,
        show: true,
      });
      return undefined;
    },
  };
}
