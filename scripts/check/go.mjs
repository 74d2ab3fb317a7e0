import { findProgram, fromRoot } from '../setup/paths.mjs';

/** @typedef {import('../stages.mjs').Stage} Stage */

const cwd = fromRoot('remote-agent');

/** The program that everything Go is run with. It throws what to do when it is missing. */
export function goProgram() {
  const go = findProgram(['go'], `${process.env['PATH'] ?? ''}:/usr/local/go/bin`);
  if (go === undefined) throw new Error('Go 1.26 or newer is not on PATH (https://go.dev/dl)');
  return go;
}

/**
 * @returns {[format: Stage, vet: Stage, test: Stage]}
 */
export function goStages() {
  return [
    {
      name: 'go format',
      async run({ begin, exec }) {
        begin('gofumpt');
        const unformatted = await exec(goProgram(), ['tool', 'gofumpt', '-l', '.'], { cwd });
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
        await exec(goProgram(), ['vet', './...'], { cwd });
      },
    },
    {
      name: 'go test',
      async run({ begin, exec }) {
        begin('go test -short');
        const output = await exec(goProgram(), ['test', '-short', './...'], { cwd });
        const packages = output.split('\n').filter((line) => line.startsWith('ok')).length;
        return { mark: 'done', text: `${packages} packages` };
      },
    },
  ];
}
