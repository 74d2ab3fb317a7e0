import { mkdirSync, renameSync, statSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { findProgram, fromRoot, root } from './paths.mjs';
import { filesBelow, openStamp } from './stamp.mjs';

/** Where the app looks for the addon of this platform. */
export const addonPath = fromRoot(`build/native/${process.platform}-${process.arch}/pyrometer.node`);

/** What each compilation of src/native gets, with and without Node. */
export const commonFlags = ['-std=c++20', '-O3', '-Wall', '-Wextra', '-pthread', '-Isrc/native'];

/**
 * The C++ addon. Compiled by the compiler itself: node-gyp would download Node's headers, which two npm packages carry.
 *
 * Without a compiler the app uses its TypeScript decoder, so that is a warning; an error in the sources is one too
 * unless CI is set.
 *
 * @returns {import('../stages.mjs').Stage}
 */
export function addonStage() {
  return {
    name: 'addon',
    needs: ['dependencies'],
    async run({ begin, exec }) {
      const compiler = findCompiler();
      if (compiler === undefined) {
        return {
          mark: 'warned',
          text: 'no C++ compiler (g++ or clang++) on PATH; profiles are decoded in TypeScript, slower but the same',
        };
      }
      const all = filesBelow(fromRoot('src/native'), (path) => /\.(cc|h)$/.test(path));
      const sources = all.filter(isAddonSource);
      if (sources.length === 0) return { mark: 'ready', text: 'no sources in src/native' };
      const libdeflate = await hasLibdeflate(compiler, exec);
      const args = compileArguments({
        sources: sources.map((path) => relative(root, path)),
        libdeflate,
        output: relative(root, `${addonPath}.new`),
        platform: process.platform,
      });
      const stamp = openStamp('addon', {
        inputs: [
          ...all,
          fromRoot('node_modules/node-addon-api/package.json'),
          fromRoot('node_modules/node-api-headers/package.json'),
        ],
        outputs: [addonPath],
        settings: { compiler: identityOf(compiler), arguments: args.join(' ') },
      });
      if (stamp.fresh) return { mark: 'ready', text: 'built' };
      begin(`${compiler} ${sources.length} files`);
      mkdirSync(dirname(addonPath), { recursive: true });
      try {
        await exec(compiler, args, { cwd: root, timeoutMs: 300_000 });
      } catch (error) {
        if (process.env['CI']) throw error;
        const reason = error instanceof Error ? error.message : String(error);
        return {
          mark: 'warned',
          text: `did not compile (${reason.split(': ').at(-1)}, see build/logs); profiles are decoded in TypeScript, slower but the same`,
        };
      }
      // A running app has the old file mapped: replaced as a whole, never written into.
      renameSync(`${addonPath}.new`, addonPath);
      stamp.save();
      return {
        mark: 'done',
        text: libdeflate ? 'built, with libdeflate' : 'built, without libdeflate (gunzip by zlib)',
      };
    },
  };
}

export function findCompiler() {
  return findProgram([...(process.env['CXX'] ? [process.env['CXX']] : []), 'g++', 'clang++', 'c++']);
}

/**
 * Tests and fuzz targets are programs of their own.
 *
 * @param {string} path
 */
export function isAddonSource(path) {
  const name = path.split('/').at(-1) ?? '';
  return name.endsWith('.cc') && !name.endsWith('_test.cc') && !/^(fuzz|test)/.test(name);
}

/**
 * @param {{ sources: readonly string[], libdeflate: boolean, output: string, platform: NodeJS.Platform }} from paths relative to the clone
 */
export function compileArguments({ sources, libdeflate, output, platform }) {
  return [
    ...(platform === 'darwin' ? ['-bundle', '-undefined', 'dynamic_lookup'] : ['-shared']),
    '-fPIC',
    ...commonFlags,
    '-fvisibility=hidden',
    '-DNAPI_VERSION=8',
    '-DNODE_ADDON_API_DISABLE_DEPRECATED',
    '-DNODE_API_NO_EXTERNAL_BUFFERS_ALLOWED',
    ...(libdeflate ? ['-DPYROMETER_LIBDEFLATE'] : []),
    '-Inode_modules/node-api-headers/include',
    '-Inode_modules/node-addon-api',
    ...sources,
    ...(libdeflate ? ['-ldeflate'] : []),
    '-o',
    output,
  ];
}

/**
 * Whether libdeflate's header is there. The compiler is asked once a compiler and header state: the answer is kept as
 * long as the compiler and the usual header's presence are the same.
 *
 * @param {string} compiler
 * @param {import('../stages.mjs').StageContext['exec']} exec
 */
export async function hasLibdeflate(compiler, exec) {
  const usual = ['/usr/include/libdeflate.h', '/usr/local/include/libdeflate.h', '/opt/homebrew/include/libdeflate.h'];
  const stamp = openStamp('libdeflate', {
    inputs: [],
    outputs: [],
    settings: {
      compiler: identityOf(compiler),
      headers: usual.filter((path) => statSync(path, { throwIfNoEntry: false })).join(),
    },
  });
  if (stamp.fresh) return stamp.facts['present'] === 'yes';
  let present = true;
  try {
    await exec(compiler, ['-fsyntax-only', '-x', 'c++', '-include', 'libdeflate.h', '/dev/null']);
  } catch (_noHeader) {
    present = false;
  }
  stamp.save({ present: present ? 'yes' : 'no' });
  return present;
}

/**
 * Changes when the compiler is exchanged; cheaper than asking it for its version at each start.
 *
 * @param {string} program an absolute path
 */
export function identityOf(program) {
  const { size, mtimeMs } = statSync(program);
  return `${program} ${size} ${mtimeMs}`;
}
