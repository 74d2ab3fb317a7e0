import { createReadStream, existsSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import type Docker from 'dockerode';
import { run } from '../support/run';

/** The interpreter of a version that this machine has through pyenv, or as Debian's own; undefined when it has none. */
export async function pythonOf(version: string): Promise<string | undefined> {
  const folder = join(homedir(), '.pyenv', 'versions');
  const listed = existsSync(folder) ? (await run('ls', [folder])).split('\n') : [];
  const installed = listed.find((name) => name.startsWith(`${version}.`));
  const found = [
    ...(installed === undefined ? [] : [join(folder, installed, 'bin', `python${version}`)]),
    `/usr/bin/python${version}`,
  ].find((path) => existsSync(path));
  return found === undefined ? undefined : realpathSync(found);
}

/**
 * Imports an image that holds an interpreter with its standard library and nothing else: no shell, no program besides.
 * Answers its name.
 */
export async function importPython(api: Docker, worldPath: string, version: string, python: string): Promise<string> {
  const library = (await run(python, ['-c', 'import sysconfig; print(sysconfig.get_path("stdlib"))'])).trim();
  // What its modules in C need is not what it needs itself: zlib's for one.
  const modules = join(library, 'lib-dynload');
  const compiled = (existsSync(modules) ? readdirSync(modules) : []).filter((name) => name.endsWith('.so'));
  const files = [python, ...compiled.map((name) => join(modules, name))];
  const linked = new Set((await run('ldd', files)).match(/\/\S+(?= \(0x)/g));
  const file = join(worldPath, 'tmp', `python-${version}.tar`);
  const skipped = ['test', 'config-*', 'site-packages', 'dist-packages', 'idlelib', 'ensurepip', '__pycache__'];
  try {
    await run('tar', [
      ...['--create', '--dereference', `--file=${file}`, '--directory=/', '--mode=u=rwX,go=rX'],
      ...skipped.map((name) => `--exclude=${library.slice(1)}/${name}`),
      ...[python, library, ...linked].map((path) => path.slice(1)),
    ]);
    const tag = `only-python:${version}`;
    const progress = await api.importImage(createReadStream(file), { repo: 'only-python', tag: version });
    await finished(progress.resume());
    await api.getImage(tag).inspect();
    return tag;
  } finally {
    rmSync(file, { force: true });
  }
}
