import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { transformWithOxc } from 'vite';

// Hooks for `module.register`: Node runs the project's TypeScript, file by file, as modules of its own.

/** @type {import('node:module').ResolveHook} */
export function resolve(specifier, context, nextResolve) {
  const { parentURL } = context;
  if (!/^\.{1,2}\//.test(specifier) || parentURL?.endsWith('.ts') !== true) return nextResolve(specifier, context);
  const source = new URL(specifier.replace(/(?:\.js)?$/, '.ts'), parentURL);
  return nextResolve(existsSync(source) ? source.href : specifier, context);
}

/** @type {import('node:module').LoadHook} */
export async function load(url, context, nextLoad) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return nextLoad(url, context);
  const path = fileURLToPath(url);
  const { code } = await transformWithOxc(await readFile(path, 'utf8'), path, { target: 'es2023' });
  return { format: 'module', shortCircuit: true, source: code };
}
