import { goEnvironment, goProgram } from '../setup/go.mjs';
import { fromRoot } from '../setup/paths.mjs';

/** @typedef {import('../stages.mjs').Stage} Stage */

const cwd = fromRoot('remote-agent');

/**
 * @returns {[format: Stage, vet: Stage, test: Stage]}
 */
export function goStages() {
  return [
    {
      name: 'go format',
      async run({ begin, exec }) {
        begin('gofumpt');
        const unformatted = await exec(goProgram(), ['tool', 'gofumpt', '-l', '.'], { cwd, env: goEnvironment });
        if (unformatted !== '') {
          throw new Error(
            `not formatted, run "go tool gofumpt -w ." in remote-agent: ${unformatted.replaceAll('\n', ', ')}`,
          );
        }
      },
    },
    {
      name: 'go vet',
      async run({ begin, exec }) {
        begin('go vet');
        await exec(goProgram(), ['vet', './...'], { cwd, env: goEnvironment });
      },
    },
    {
      name: 'go test',
      async run({ begin, exec }) {
        begin('go test -short');
        const output = await exec(goProgram(), ['test', '-short', './...'], { cwd, env: goEnvironment });
        const packages = output.split('\n').filter((line) => line.startsWith('ok')).length;
        return { mark: 'done', text: `${packages} packages` };
      },
    },
  ];
}
