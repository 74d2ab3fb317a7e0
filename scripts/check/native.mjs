import { mkdirSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { commonFlags, findCompiler, hasLibdeflate, identityOf, isAddonSource } from '../setup/addon.mjs';
import { fromRoot, root } from '../setup/paths.mjs';
import { filesBelow, openStamp } from '../setup/stamp.mjs';

/** @typedef {import('../stages.mjs').Stage} Stage */

/**
 * The C++ core's own test binary: every *_test.cc with every source that knows nothing of Node, under the address and
 * undefined-behaviour sanitizers.
 *
 * @returns {Stage}
 */
export function nativeTestStage() {
  return {
    name: 'c++ test',
    async run({ begin, exec }) {
      const all = filesBelow(fromRoot('src/native'), (path) => /\.(cc|h)$/.test(path));
      const tests = all.filter((path) => path.endsWith('_test.cc'));
      if (tests.length === 0) return { mark: 'skipped', text: 'no *_test.cc in src/native' };
      const compiler = findCompiler();
      if (compiler === undefined) {
        if (process.env['CI']) throw new Error('no C++ compiler (g++ or clang++) on PATH');
        return { mark: 'skipped', text: 'no C++ compiler (g++ or clang++) on PATH' };
      }
      const binary = await buildNativeProgram('core-test', [...coreSources(all), ...tests], {
        compiler,
        all,
        begin,
        exec,
      });
      begin('core-test');
      await exec(binary, [], { cwd: root });
      return { mark: 'done', text: `${tests.length} files under sanitizers` };
    },
  };
}

/**
 * Sources of the core: of the addon, and not its binding.
 *
 * @param {readonly string[]} all
 */
export function coreSources(all) {
  return all.filter(
    (path) => isAddonSource(path) && !/#include\s*[<"](napi|node_api)\.h[>"]/.test(readFileSync(path, 'utf8')),
  );
}

/**
 * Compiles a program of the core with sanitizers, when it is not there already, and gives its path.
 *
 * @param {string} name
 * @param {readonly string[]} sources
 * @param {{ compiler: string, all: readonly string[], extraFlags?: readonly string[] } & Pick<import('../stages.mjs').StageContext, 'begin' | 'exec'>} how
 */
export async function buildNativeProgram(name, sources, { compiler, all, extraFlags = [], begin, exec }) {
  const binary = fromRoot('build/native/check', name);
  const libdeflate = await hasLibdeflate(compiler, exec);
  const args = [
    ...commonFlags.filter((flag) => flag !== '-O3'),
    '-O1',
    '-g',
    '-Wall',
    '-Wextra',
    '-fno-omit-frame-pointer',
    // What float-cast-overflow finds is undefined as well, and not among what `undefined` looks for.
    '-fsanitize=address,undefined,float-cast-overflow',
    '-fno-sanitize-recover=all',
    ...extraFlags,
    ...(libdeflate ? ['-DPYROMETER_LIBDEFLATE'] : []),
    ...sources.map((path) => relative(root, path)),
    ...(libdeflate ? ['-ldeflate'] : []),
    '-pthread',
    '-o',
    relative(root, binary),
  ];
  const stamp = openStamp(`native-${name}`, {
    inputs: all,
    outputs: [binary],
    settings: { compiler: identityOf(compiler), arguments: args.join(' ') },
  });
  if (stamp.fresh) return binary;
  begin(`compiling ${name}`);
  mkdirSync(fromRoot('build/native/check'), { recursive: true });
  await exec(compiler, args, { cwd: root });
  stamp.save();
  return binary;
}
