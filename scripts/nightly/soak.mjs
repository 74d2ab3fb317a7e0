import { fromRoot, root } from '../setup/paths.mjs';

/**
 * One part of the project watched for long: e2e/soak/<name>.
 *
 * @param {string} name
 * @param {number} seconds
 * @returns {import('../stages.mjs').Stage}
 */
export function soakStage(name, seconds) {
  return {
    name: `soak ${name}`,
    needs: ['test servers', 'agents'],
    async run({ begin, exec }) {
      begin(`${seconds} s`);
      await exec(process.execPath, [fromRoot('e2e/run.mjs'), '--project', 'soak', `e2e/soak/${name}`], {
        cwd: root,
        env: { PYROMETER_SOAK_SECONDS: String(seconds) },
        timeoutMs: (seconds + 900) * 1000,
        graceMs: 90_000,
        show: true,
      });
      return undefined;
    },
  };
}
