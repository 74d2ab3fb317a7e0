import { mkdirSync, readFileSync } from 'node:fs';
import { basename, dirname, relative } from 'node:path';
import { buildNativeProgram, coreSources } from '../check/native.mjs';
import { goEnvironment, goProgram } from '../setup/go.mjs';
import { findProgram, fromRoot, root } from '../setup/paths.mjs';
import { filesBelow } from '../setup/stamp.mjs';

/**
 * Each fuzz target of Go that exists, for so many seconds.
 *
 * @param {number} secondsEach
 * @returns {import('../stages.mjs').Stage[]}
 */
export function goFuzzStages(secondsEach) {
  const top = fromRoot('remote-agent');
  return filesBelow(top, (path) => path.endsWith('_test.go')).flatMap((path) =>
    [...readFileSync(path, 'utf8').matchAll(/^func (Fuzz\w+)\(/gm)].map(([, target]) => ({
      name: `${relative(top, dirname(path))} ${target}`,
      async run({ begin, exec }) {
        begin('go test -fuzz');
        const args = [
          'test',
          '-run',
          '^$',
          '-fuzz',
          `^${target}$`,
          '-fuzztime',
          `${secondsEach}s`,
          `./${relative(top, dirname(path))}`,
        ];
        await exec(goProgram(), args, { cwd: top, env: goEnvironment });
      },
    })),
  );
}

/**
 * Each libFuzzer target of the addon, for so many seconds.
 *
 * @param {number} secondsEach
 * @returns {import('../stages.mjs').Stage[]}
 */
export function nativeFuzzStages(secondsEach) {
  const all = filesBelow(fromRoot('src/native'), (path) => /\.(cc|h)$/.test(path));
  const targets = all.filter((path) => /^fuzz\w*\.cc$/.test(basename(path)));
  return targets.map((path) => ({
    name: `c++ ${basename(path, '.cc')}`,
    async run({ begin, exec }) {
      // libFuzzer comes with clang only.
      const compiler = findProgram(['clang++', 'clang++-14']);
      if (compiler === undefined) return { mark: 'skipped', text: 'needs clang++ with libFuzzer' };
      const binary = await buildNativeProgram(basename(path, '.cc'), [...coreSources(all), path], {
        compiler,
        all,
        extraFlags: ['-fsanitize=fuzzer'],
        begin,
        exec,
      });
      const corpus = fromRoot('build/fuzz', basename(path, '.cc'));
      mkdirSync(corpus, { recursive: true });
      begin(`${secondsEach} s`);
      await exec(binary, [corpus, `-max_total_time=${secondsEach}`, `-artifact_prefix=${corpus}/`], { cwd: root });
      return undefined;
    },
  }));
}
